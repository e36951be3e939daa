package guest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/etcd"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/supervisor"
)

// shutdownTime bounds an orderly shutdown of etcd, which hands its leadership
// over first.
const shutdownTime = 5 * time.Second

var _ supervisor.Backend = (*server)(nil)

// server is the control plane's part of a node.
type server struct {
	node      *node
	cas       authorities
	adminPair pki.Pair
	// config and client act as the cluster's administrator on this machine's own
	// API server.
	config *rest.Config
	client kubernetes.Interface
	member etcd.Member

	etcd, api *unit
	// units are the goroutines that keep them, controllers what runs beside.
	units, controllers sync.WaitGroup
	stopUnits          context.CancelFunc
	stopControllers    context.CancelFunc
	// removed is set when the member was taken out of the cluster: nothing of
	// the control plane can run on this machine any more.
	removed atomic.Bool

	mu   sync.Mutex
	door *supervisor.Server
	// peers are the client URLs of all members, as last seen.
	peers []string

	// link leads to the member from its peer address; nil without Options.PeerLinks.
	link *peerLink
}

func newServer(n *node) *server {
	s := &server{node: n, stopUnits: func() {}, stopControllers: func() {}}
	s.etcd = s.newUnit(componentEtcd, s.startEtcd, s.etcdExited)
	s.api = s.newUnit(componentAPIServer, s.startAPIServer, s.apiExited)
	return s
}

func (s *server) newUnit(name string, start func(context.Context) (*process.Process, error), exited func(context.Context) bool) *unit {
	return &unit{
		name: name, start: start, exited: exited, changed: s.changed,
		clock: s.node.machine.manager.options.Clock, logf: s.node.machine.logf, up: make(chan struct{}),
	}
}

// changed has the kubelet report that a static pod came up or went down.
func (s *server) changed() {
	if played := s.node.kubelet.Load(); played != nil {
		played.sync()
	}
}

// bringUp starts the control plane, step by step, and reports false when ctx
// ended first.
func (s *server) bringUp(ctx context.Context) bool {
	if !s.node.retry(ctx, "obtaining the cluster's authorities", s.obtainAuthorities) ||
		!s.node.retry(ctx, "issuing certificates", s.issueCertificates) ||
		!s.node.retry(ctx, "naming the etcd member", s.nameMember) ||
		!s.node.retry(ctx, "linking etcd to its peers", s.openLink) {
		return false
	}
	unitsContext, stopUnits := context.WithCancel(ctx)
	besideContext, stopControllers := context.WithCancel(ctx)
	s.stopUnits, s.stopControllers = stopUnits, stopControllers
	for _, kept := range []*unit{s.etcd, s.api} {
		s.units.Go(func() { kept.run(unitsContext) })
		begun := s.etcd.clock.Now()
		select {
		case <-kept.up:
			s.node.machine.logf("%s is up after %s", kept.name, kept.clock.Since(begun).Round(1e7))
		case <-ctx.Done():
			return false
		}
	}
	if !s.node.retry(ctx, "connecting to its API server", s.connect) {
		return false
	}
	s.startControllers(besideContext)
	return s.node.retry(ctx, "opening the supervisor", s.openDoor)
}

func (s *server) connect(context.Context) error {
	client, err := kubernetes.NewForConfig(s.config)
	s.client = client
	return err
}

// openDoor lets other machines join.
func (s *server) openDoor(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.door != nil {
		return nil
	}
	serving, err := s.loadPair(certAPIServer)
	if err != nil {
		return err
	}
	certificate, err := serving.TLS()
	if err != nil {
		return err
	}
	s.door, err = supervisor.Listen(ctx, supervisor.Options{
		Address:     net.JoinHostPort(s.node.address.String(), strconv.Itoa(rke2.SupervisorPort)),
		Certificate: certificate, Token: s.node.config.Token,
		ServerCA: s.cas.server, ClientCA: s.cas.client, Backend: s,
	})
	return err
}

func (s *server) closeDoor() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.door != nil {
		if err := s.door.Close(); err != nil {
			s.node.machine.logf("closing the supervisor: %v", err)
		}
		s.door = nil
	}
}

// kill ends the processes at once: the API server first, as one whose etcd is
// gone does not end by itself and stalls its clients.
func (s *server) kill() {
	s.closeDoor()
	s.api.kill()
	s.etcd.kill()
}

// shutDown ends what still runs, in order, and returns when all has ended.
func (s *server) shutDown() {
	s.stopControllers()
	s.stopUnits()
	s.closeDoor()
	s.units.Wait()
	// The machine's own context is over: it asked for this.
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	s.api.stop(ctx)
	s.etcd.stop(ctx)
	s.closeLink()
	s.controllers.Wait()
}

func (s *server) openLink(ctx context.Context) error {
	peers := s.node.machine.manager.peers
	if peers == nil {
		return nil
	}
	s.member.ListenPeer = net.JoinHostPort(s.member.Address, "12380")
	link, err := openPeerLink(ctx, peers, s, s.member)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = link
	return nil
}

func (s *server) closeLink() {
	s.mu.Lock()
	link := s.link
	s.link = nil
	s.mu.Unlock()
	if link != nil {
		link.close()
	}
}

// partition cuts the member off from the others, or mends that. All else of the machine goes on.
func (s *server) partition(broken bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return fmt.Errorf("%w: its etcd has no link that could be cut; see Options.PeerLinks", ErrUnknownFault)
	}
	s.link.network.set(s, broken)
	return nil
}

// adoptEtcd describes this server's member, but for its name.
func (s *server) adoptEtcd(client pki.Pair) {
	disk := s.node.machine.disk
	certificate, err := client.TLS()
	if err != nil {
		// The pair has just been issued; it cannot be other than whole.
		s.node.machine.logf("etcd client: %v", err)
	}
	s.member = etcd.Member{
		Address: s.node.address.String(), Program: s.node.machine.manager.program("etcd"),
		DataDir: disk.Path(etcdDataDir), LogFile: disk.Path(s.node.logFile(componentEtcd)),
		Files: etcd.Files{
			ServerCert: disk.Path(certEtcdServer), ServerKey: disk.Path(keyFile(certEtcdServer)),
			PeerCert: disk.Path(certEtcdPeer), PeerKey: disk.Path(keyFile(certEtcdPeer)),
			ServerCA: disk.Path(rke2.EtcdCA), PeerCA: disk.Path(rke2.PeerCA),
		},
		TLS: &tls.Config{
			RootCAs: s.cas.etcd.Pool(), Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12,
		},
	}
}
