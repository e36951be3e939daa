package ippool_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
)

// workerEnv makes the test binary a manager that will be killed: a kubeconfig and a seed.
const workerEnv, seedEnv = "CAPHV_TEST_POOL_WORKER", "CAPHV_TEST_POOL_SEED"

func TestMain(m *testing.M) {
	kubeconfig := os.Getenv(workerEnv)
	if kubeconfig == "" {
		os.Exit(m.Run())
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	seed, err := strconv.ParseUint(os.Getenv(seedEnv), 10, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c, err := newClient(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	work(context.Background(), c, seed, os.Stdout)
}

func newClient(config *rest.Config) (client.WithWatch, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	return client.NewWithWatch(config, client.Options{Scheme: harvesterclient.NewScheme()})
}

// chronicle collects the history of all clients, of this process and of those that are killed.
type chronicle struct {
	mu     sync.Mutex
	events map[string]event
}

// reporter keeps the latest that one client said of each of its operations, so that what never ended stays unknown.
func (c *chronicle) reporter(name string) func(int, event) {
	return func(id int, e event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.events[fmt.Sprintf("%s/%d", name, id)] = e
	}
}

func (c *chronicle) history() []event {
	c.mu.Lock()
	defer c.mu.Unlock()
	history := make([]event, 0, len(c.events))
	for _, e := range c.events {
		if e.Call.Verb != "" {
			history = append(history, e)
		}
	}
	return history
}

// Two managers with injected conflicts and lost answers, a third that is killed three times, and Harvester's load
// balancers work on one pool of a real API server. Whatever they saw must be explained by single steps, one after the
// other, on one plain account of who holds what.
func TestPoolIsLinearizable(t *testing.T) {
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets(), CRDDirectoryPaths: []string{"../../../simulator/internal/crds/loadbalancer.harvesterhci.io_ippools.yaml"},
		ErrorIfCRDPathMissing: true,
	}
	config, err := environment.Start()
	require.NoError(t, err)
	t.Cleanup(func() { _ = environment.Stop() })
	c, err := newClient(config)
	require.NoError(t, err)
	require.NoError(t, c.Create(t.Context(), &lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: checkedPool},
		Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{
			Subnet: "10.77.0.0/24", RangeStart: firstSlot, RangeEnd: addressOf(slots - 1).String(),
		}}},
		Status: lbv1.IPPoolStatus{Total: slots, Available: slots},
	}))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	seen := &chronicle{events: map[string]event{}}
	var wait sync.WaitGroup
	for i := range uint64(2) {
		faulty := faults(c, rand.New(rand.NewPCG(seed, i)))
		allocator := ipam.NewAllocator(ippool.NewStore(faulty), ipam.WithAttempts(100))
		for j := range uint64(2) {
			m := machineClient{allocator: allocator, random: rand.New(rand.NewPCG(seed, 10*i+j+2)), report: seen.reporter(fmt.Sprint("manager-", i, "-", j))}
			wait.Go(func() { m.run(t.Context(), 40) })
		}
	}
	balancers := loadBalancers{client: c, random: rand.New(rand.NewPCG(seed, 100)), report: seen.reporter("balancer")}
	wait.Go(func() { balancers.run(t.Context(), 40) })
	for i := range 3 {
		runAndKill(t, environment.KubeConfig, seed+uint64(i)+1000, fmt.Sprint("killed-", i), seen)
	}
	wait.Wait()
	inspected(t, c, seen)
	history := seen.history()
	unknown := 0
	for _, e := range history {
		if e.Answer.Unknown {
			unknown++
		}
	}
	t.Logf("%d operations, the end of %d unknown", len(history), unknown)
	require.Equal(t, porcupine.Ok, check(history))
}

func assets() string {
	if folder := os.Getenv("KUBEBUILDER_ASSETS"); folder != "" {
		return folder
	}
	return "../../../bin/assets"
}

// runAndKill starts a manager in a process of its own and kills it in the middle of its work, after a few answers.
func runAndKill(t *testing.T, kubeconfig []byte, seed uint64, name string, seen *chronicle) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, kubeconfig, 0o600))
	worker := exec.CommandContext(t.Context(), os.Args[0])
	worker.Env = append(os.Environ(), workerEnv+"="+path, seedEnv+"="+strconv.FormatUint(seed, 10))
	worker.Stderr = os.Stderr
	worker.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := worker.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, worker.Start())
	answers := 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			break // The kill cut it short: what it did stays unknown.
		}
		seen.reporter(fmt.Sprint(name, "-", l.Client))(l.ID, l.Event)
		if l.Event.Til != 0 {
			answers++
		}
		if answers == 12 {
			require.NoError(t, worker.Process.Kill())
			answers++
		}
	}
	_ = worker.Wait()
	require.Greater(t, answers, 12, "the worker ended by itself")
}

// inspected adds what the pool says in the end, and looks at its counters.
func inspected(t *testing.T, c client.Client, seen *chronicle) {
	t.Helper()
	pool := &lbv1.IPPool{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: checkedPool}, pool))
	require.EqualValues(t, slots, pool.Status.Total)
	require.EqualValues(t, slots-len(pool.Status.Allocated), pool.Status.Available)
	end := event{Call: call{Verb: inspect}}
	for slot := range slots {
		text := addressOf(slot).String()
		for owner := 1; owner <= machines+2; owner++ {
			if pool.Status.Allocated[text] == ownerName(owner) {
				end.Answer.Accounts[slot] = owner
			}
		}
		if _, held := pool.Status.Allocated[text]; held {
			require.NotContains(t, pool.Status.AllocatedHistory, text)
		}
	}
	end.From = int64(1) << 62
	end.Til = end.From
	seen.reporter("inspect")(0, end)
}
