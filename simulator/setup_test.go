package simulator_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/plane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/virtapi"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/simulatortest"
)

// shared is the simulator that most tests use, each in a namespace of its own.
var shared struct {
	plane *plane.Plane
	stand *simulator.Harvester
	path  *dataPath
}

// second is an apiserver for tests that need a simulator of their own; they take turns.
var second struct {
	sync.Mutex
	plane *plane.Plane
	// virtAPI is KubeVirt's admission for all of them; the shared simulator runs one itself.
	virtAPI *virtapi.API
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctrllog.SetLogger(logr.New(ctrllog.NullLogSink{}))
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if shared.plane, err = plane.New(ctx); err != nil {
		return 1, err
	}
	shared.path = &dataPath{}
	shared.stand, err = shared.plane.Start(ctx, simulatortest.Quick(simulator.Options{Guests: stagedGuests{}, LoadBalancers: shared.path}))
	if err != nil {
		return 1, err
	}
	if err := shared.stand.Seed(ctx, simulator.DefaultSeed()); err != nil {
		return 1, err
	}
	code = m.Run()
	if err := shared.stand.Stop(context.Background()); err != nil {
		return 1, err
	}
	if second.plane != nil {
		second.virtAPI.Stop()
		if err := second.plane.Stop(context.Background()); err != nil {
			return 1, err
		}
	}
	return code, shared.plane.Stop(context.Background())
}

// own runs a simulator with options of its own until the test ends.
func own(t *testing.T, options simulator.Options) *simulator.Harvester {
	t.Helper()
	second.Lock()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	t.Cleanup(second.Unlock)
	if second.plane == nil {
		plane, err := plane.New(ctx)
		require.NoError(t, err)
		second.plane = plane
		second.virtAPI = virtapi.Start(virtapi.Options{Program: plane.AdmissionProgram()})
	}
	require.NoError(t, second.virtAPI.Ready(ctx))
	options.KubeVirt = second.virtAPI
	stand, err := second.plane.Start(ctx, simulatortest.Quick(options))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stand.Stop(context.Background())) })
	require.NoError(t, stand.Seed(ctx, simulator.DefaultSeed()))
	return stand
}

// admin is a client past the proxy.
func admin(t *testing.T, stand *simulator.Harvester) client.Client {
	t.Helper()
	c, err := client.New(stand.Admin(), client.Options{Scheme: simulator.NewScheme()})
	require.NoError(t, err)
	return c
}

// outside is a client as the provider has one: through the proxy, with the provider's rights.
func outside(t *testing.T, stand *simulator.Harvester) client.Client {
	t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig(stand.Kubeconfig())
	require.NoError(t, err)
	config.QPS = -1
	c, err := client.New(config, client.Options{Scheme: simulator.NewScheme()})
	require.NoError(t, err)
	return c
}

var spaces atomic.Int64

// namespace makes a namespace for one test.
func namespace(t *testing.T, c client.Client) string {
	t.Helper()
	name := fmt.Sprintf("test-%d-%d", time.Now().Unix(), spaces.Add(1))
	require.NoError(t, c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	return name
}

// eventually polls until check has no complaint.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// get reads an object until check has no complaint about it, and returns it.
func get[T client.Object](t *testing.T, c client.Client, key client.ObjectKey, object T, check func(T) error) T {
	t.Helper()
	eventually(t, func() error {
		if err := c.Get(t.Context(), key, object); err != nil {
			return err
		}
		return check(object)
	})
	return object
}

// gone waits until an object does not exist any more.
func gone(t *testing.T, c client.Client, object client.Object) {
	t.Helper()
	eventually(t, func() error {
		err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err == nil {
			return fmt.Errorf("%T %s still exists", object, object.GetName())
		}
		return nil
	})
}

// accept returns nil for true and an error with the complaint otherwise.
func accept(ok bool, complaint string, arguments ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(complaint, arguments...)
}

// background is a context for clean-up, when the test's own has ended.
func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
