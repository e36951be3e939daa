package etcdops_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// asset finds a real server binary: in KUBEBUILDER_ASSETS, or in bin/assets beside go.work.
func asset(tb testing.TB, name string) string {
	tb.Helper()
	directory := os.Getenv("KUBEBUILDER_ASSETS")
	if directory == "" {
		dir, err := os.Getwd()
		require.NoError(tb, err)
		for ; dir != "/"; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
				directory = filepath.Join(dir, "bin", "assets")
				break
			}
		}
	}
	path := filepath.Join(directory, name)
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("this test needs a real %s: run `make assets`, or set KUBEBUILDER_ASSETS to a directory that holds one (%v)", name, err)
	}
	return path
}

// subnets hands every test a /24 of 127.40.0.0/16; where it starts depends on the process, for those that run beside.
var subnets atomic.Uint32

func newSubnet() string {
	return fmt.Sprintf("127.40.%d", (uint32(os.Getpid())*7+subnets.Add(1))%256)
}

// etcdCluster is a cluster of real etcd processes with TLS, one per address, named as RKE2 names them.
type etcdCluster struct {
	t       *testing.T
	ca      *authority
	subnet  string
	flags   []string
	members []*etcdProcess
}

type etcdProcess struct {
	node    string
	name    string
	ip      string
	command *exec.Cmd
	exited  chan struct{}
}

func (p *etcdProcess) clientURL() string { return "https://" + p.ip + ":2379" }
func (p *etcdProcess) peerURL() string   { return "https://" + p.ip + ":2380" }

// kill ends the process at once, as a power failure would.
func (p *etcdProcess) kill() {
	_ = p.command.Process.Kill()
	<-p.exited
}

func startEtcd(t *testing.T, size int, flags ...string) *etcdCluster {
	t.Helper()
	c := &etcdCluster{t: t, ca: newAuthority(t, time.Now().Add(time.Hour)), subnet: newSubnet(), flags: flags}
	var initial []string
	for range size {
		p := c.newProcess()
		initial = append(initial, p.name+"="+p.peerURL())
	}
	for _, p := range c.members {
		c.start(p, "new", strings.Join(initial, ","))
	}
	c.waitFor("a cluster of "+fmt.Sprint(size), func(s etcdops.Snapshot) bool {
		return s.LeaderID != 0 && len(healthy(s)) == size
	})
	return c
}

func (c *etcdCluster) newProcess() *etcdProcess {
	i := len(c.members) + 1
	p := &etcdProcess{
		node: fmt.Sprintf("cp-%d", i), name: fmt.Sprintf("cp-%d-%08x", i, 0xe7cd0000+i),
		ip: fmt.Sprintf("%s.%d", c.subnet, i), exited: make(chan struct{}),
	}
	c.members = append(c.members, p)
	return p
}

func (c *etcdCluster) start(p *etcdProcess, state, initial string) {
	c.t.Helper()
	dir := c.t.TempDir()
	cert, key, ca := c.ca.serve(c.t, dir, net.ParseIP(p.ip))
	log, err := os.Create(filepath.Join(dir, "etcd.log"))
	require.NoError(c.t, err)
	p.command = exec.Command(asset(c.t, "etcd"),
		"--name="+p.name, "--data-dir="+filepath.Join(dir, "data"), "--log-level=warn", "--unsafe-no-fsync",
		"--listen-client-urls="+p.clientURL(), "--advertise-client-urls="+p.clientURL(),
		"--listen-peer-urls="+p.peerURL(), "--initial-advertise-peer-urls="+p.peerURL(),
		"--initial-cluster="+initial, "--initial-cluster-state="+state, "--initial-cluster-token="+c.subnet,
		"--cert-file="+cert, "--key-file="+key, "--trusted-ca-file="+ca, "--client-cert-auth",
		"--peer-cert-file="+cert, "--peer-key-file="+key, "--peer-trusted-ca-file="+ca, "--peer-client-cert-auth",
	)
	p.command.Args = append(p.command.Args, c.flags...)
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(c.t, p.command.Start())
	go func() {
		_ = p.command.Wait()
		_ = log.Close()
		close(p.exited)
	}()
	c.t.Cleanup(func() {
		p.kill()
		if c.t.Failed() {
			if text, err := os.ReadFile(log.Name()); err == nil {
				c.t.Logf("log of %s:\n%s", p.name, text)
			}
		}
	})
}

// join adds a member as a learner and starts it.
func (c *etcdCluster) join() *etcdProcess {
	c.t.Helper()
	snapshot := c.observe()
	p := c.newProcess()
	raw := c.raw(c.members[0])
	c.retry("add a learner", func(ctx context.Context) error {
		_, err := raw.MemberAddAsLearner(ctx, []string{p.peerURL()})
		return err
	})
	initial := []string{p.name + "=" + p.peerURL()}
	for _, m := range snapshot.Members {
		initial = append(initial, m.Name+"="+m.PeerURLs[0])
	}
	c.start(p, "existing", strings.Join(initial, ","))
	return p
}

// client reaches all processes that were ever started, as the provider reaches all etcd pods.
func (c *etcdCluster) client() *etcdops.Client {
	c.t.Helper()
	var endpoints []string
	for _, p := range c.members {
		endpoints = append(endpoints, p.clientURL())
	}
	return c.clientFor(endpoints...)
}

func (c *etcdCluster) clientFor(endpoints ...string) *etcdops.Client {
	c.t.Helper()
	certificate, err := etcdops.ClientCertificate(c.ca.certPEM, c.ca.keyPEM, etcdops.CertificateOptions{ServerName: "localhost"})
	require.NoError(c.t, err)
	client, err := etcdops.Dial(c.t.Context(), etcdops.Config{TLS: certificate, Endpoints: endpoints, RequestTimeout: 3 * time.Second})
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}

// raw is etcd's own client, to set a scene and to check independently.
func (c *etcdCluster) raw(p *etcdProcess) *clientv3.Client {
	c.t.Helper()
	certificate, err := etcdops.ClientCertificate(c.ca.certPEM, c.ca.keyPEM, etcdops.CertificateOptions{})
	require.NoError(c.t, err)
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{p.clientURL()}, TLS: certificate, Logger: zap.NewNop()})
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}

func (c *etcdCluster) observe() etcdops.Snapshot {
	c.t.Helper()
	snapshot, err := c.client().Observe(c.t.Context())
	require.NoError(c.t, err)
	return snapshot
}

// leaving observes and adds what the provider knows.
func (c *etcdCluster) leaving(p *etcdProcess) etcdops.Snapshot {
	c.t.Helper()
	snapshot := c.observe()
	snapshot.LeavingNode, snapshot.Flavor, snapshot.DesiredVoters = p.node, etcdops.RKE2, len(c.members)
	return snapshot
}

func (c *etcdCluster) leader() *etcdProcess {
	c.t.Helper()
	s := c.observe()
	for _, p := range c.members {
		for _, m := range s.Members {
			if m.Name == p.name && m.ID == s.LeaderID {
				return p
			}
		}
	}
	c.t.Fatal("no one leads")
	return nil
}

func (c *etcdCluster) follower() *etcdProcess {
	c.t.Helper()
	leader := c.leader()
	for _, p := range c.members {
		if p != leader {
			return p
		}
	}
	c.t.Fatal("no one follows")
	return nil
}

func (c *etcdCluster) waitFor(what string, ready func(etcdops.Snapshot) bool) {
	c.t.Helper()
	client := c.client()
	c.retry(what, func(ctx context.Context) error {
		snapshot, err := client.Observe(ctx)
		if err == nil && !ready(snapshot) {
			err = fmt.Errorf("not yet: %+v", snapshot)
		}
		return err
	})
}

// patience is how long a state may take to come about on a busy machine.
const patience = 60 * time.Second

func (c *etcdCluster) retry(what string, try func(context.Context) error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var err error
	for ctx.Err() == nil {
		if err = try(ctx); err == nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	c.t.Fatalf("%s: %v", what, err)
}

// takeOut is the provider's loop: observe, decide, execute, until there is nothing to do. It returns the actions taken.
func (c *etcdCluster) takeOut(p *etcdProcess) []etcdops.Action {
	c.t.Helper()
	client := c.client()
	var actions []etcdops.Action
	c.retry("take out "+p.name, func(ctx context.Context) error {
		snapshot, err := client.Observe(ctx)
		if err != nil {
			return err
		}
		snapshot.LeavingNode, snapshot.Flavor = p.node, etcdops.RKE2
		plan := etcdops.Decide(snapshot)
		if plan.Action == etcdops.ActionNone {
			return nil
		}
		if err := client.Execute(ctx, plan); err != nil {
			return err
		}
		if plan.Action != etcdops.ActionWait {
			actions = append(actions, plan.Action)
		}
		return errors.New(plan.Reason)
	})
	return actions
}

func healthy(s etcdops.Snapshot) []string {
	var names []string
	for _, m := range s.Members {
		if m.Healthy {
			names = append(names, m.Name)
		}
	}
	return names
}

func names(s etcdops.Snapshot) []string {
	var all []string
	for _, m := range s.Members {
		all = append(all, m.Name)
	}
	return all
}

// writer writes keys through the members that stay and counts those that failed.
type writer struct {
	stop     context.CancelFunc
	done     chan struct{}
	ok, lost atomic.Int64
}

func (c *etcdCluster) write(through ...*etcdProcess) *writer {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	w := &writer{stop: cancel, done: make(chan struct{})}
	var clients []*clientv3.Client
	for _, p := range through {
		clients = append(clients, c.raw(p))
	}
	go func() {
		defer close(w.done)
		for i := 0; ctx.Err() == nil; i++ {
			if put(ctx, clients[i%len(clients)], i) {
				w.ok.Add(1)
			} else if ctx.Err() == nil {
				w.lost.Add(1)
			}
		}
	}()
	c.t.Cleanup(cancel)
	return w
}

// put tries again for some seconds, as an API server's clients do: while leadership moves, etcd drops what is in flight
// without an answer.
func put(ctx context.Context, client *clientv3.Client, i int) bool {
	for range 5 {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := client.Put(attempt, fmt.Sprintf("key-%d", i%100), "value")
		cancel()
		if err == nil || ctx.Err() != nil {
			return err == nil
		}
	}
	return false
}

// end stops writing and returns how many writes succeeded and failed.
func (w *writer) end() (ok, lost int64) {
	w.stop()
	<-w.done
	return w.ok.Load(), w.lost.Load()
}
