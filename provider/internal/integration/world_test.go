package integration

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/addressclaim"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/harvestercluster"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/harvestermachine"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// world is one test's share of the two planes: a namespace in each, and reconcilers over them that the test calls.
type world struct {
	t *testing.T
	// ctx is the test's lifetime.
	ctx context.Context //nolint:containedctx // a world lives as long as its test

	// namespace is the one in the management cluster, target the one on Harvester. pool and subnet are this test's.
	namespace, target, pool, subnet string

	// known is what whose last found.
	known names.Cluster

	// management and harvester read and write directly, past the proxy.
	management client.WithWatch
	harvester  client.Client
	proxy      *proxy
	guest      *fakeGuest
	etcd       *fakeEtcd
	clock      *clocktesting.FakePassiveClock
	recorder   *events.FakeRecorder
	registry   *prometheus.Registry
	// managementWrites counts writes of the reconcilers to the management cluster; failManagementWrite makes the n-th
	// fail after it was done (0: none).
	managementWrites, failManagementWrite atomic.Int64

	connections *harvesterclient.Connections
	clusters    *harvestercluster.Reconciler
	machines    *harvestermachine.Reconciler
	ipPools     *addressclaim.PoolReconciler
	ipClaims    *addressclaim.ClaimReconciler
	secrets     *identity.SecretReconciler
}

// worlds numbers the tests, so that each has addresses of its own.
var worlds atomic.Int64

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	number := worlds.Add(1)
	w := &world{
		t: t, ctx: ctx,
		namespace: fmt.Sprintf("world-%d", number), target: fmt.Sprintf("vms-%d", number), pool: fmt.Sprintf("pool-%d", number),
		subnet: fmt.Sprintf("10.%d.0", number),
		guest:  newFakeGuest(), etcd: &fakeEtcd{},
		clock: clocktesting.NewFakePassiveClock(time.Now()), recorder: events.NewFakeRecorder(1000),
	}
	var err error
	w.management, err = client.NewWithWatch(management, client.Options{Scheme: manager.NewScheme()})
	require.NoError(t, err)
	w.harvester, err = client.New(harvester, client.Options{Scheme: harvesterclient.NewScheme()})
	require.NoError(t, err)
	w.proxy = newProxy(t, harvester)
	w.create(w.management, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
	w.create(w.management, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "harvester"},
		Data:       map[string][]byte{infrav1.IdentitySecretKey: w.proxy.kubeconfig(t, "first")},
	})
	w.startReconcilers()
	return w
}

// startReconcilers makes new reconcilers that know nothing, as after a restart of the manager.
func (w *world) startReconcilers() {
	connections := harvesterclient.NewConnections(harvesterclient.Options{
		Selector: labels.SelectorFromSet(labels.Set{infrav1.ManagedByLabel: infrav1.ManagedByValue}), QPS: 1000, Burst: 1000,
		BackoffInitial: 50 * time.Millisecond, BackoffMax: 200 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = connections.Start(ctx)
	}()
	w.connections = connections
	w.t.Cleanup(func() { cancel(); <-done })
	w.registry = prometheus.NewRegistry()
	metrics, err := observability.New(w.registry)
	require.NoError(w.t, err)
	counted := interceptor.NewClient(w.management, w.countManagementWrites())
	identities := identity.NewResolver(w.management, w.management, w.connections)
	w.clusters = &harvestercluster.Reconciler{
		Client: counted, Live: w.management, Identities: identities, Metrics: metrics, Recorder: w.recorder, Clock: w.clock,
		CredentialsWarning: 24 * time.Hour,
	}
	w.ipPools = &addressclaim.PoolReconciler{Client: counted, Live: w.management, Identities: identities}
	w.ipClaims = &addressclaim.ClaimReconciler{Client: counted, Live: w.management, Identities: identities, Metrics: metrics, Recorder: w.recorder}
	w.secrets = &identity.SecretReconciler{Client: counted, Live: w.management}
	w.machines = &harvestermachine.Reconciler{
		Client: counted, Secrets: w.management, Identities: identities, Guests: w.guest, Etcd: w.etcd,
		Metrics: metrics, Recorder: w.recorder, Clock: w.clock, NodeTimeout: 10 * time.Minute, EtcdTimeout: 5 * time.Minute,
	}
}

// countManagementWrites counts, and lets the chosen write fail after it was done, as a crash would.
func (w *world) countManagementWrites() interceptor.Funcs {
	after := func(err error) error {
		if n := w.managementWrites.Add(1); err == nil && n == w.failManagementWrite.Load() {
			return fmt.Errorf("write %d: the answer was lost", n)
		}
		return err
	}
	return interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return after(c.Create(ctx, o, opts...))
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return after(c.Delete(ctx, o, opts...))
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return after(c.Patch(ctx, o, p, opts...))
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			return after(c.SubResource(sub).Patch(ctx, o, p, opts...))
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return after(c.Update(ctx, o, opts...))
		},
	}
}

// whose is the cluster as its things on Harvester are named and labelled. A HarvesterCluster that is gone, or not made yet,
// gives the names of earlier releases.
func (w *world) whose() names.Cluster {
	w.t.Helper()
	infra := &infrav1.HarvesterCluster{}
	if w.exists(w.management, w.namespace, clusterName, infra) {
		w.known = names.ClusterOf(infra, w.namespace, clusterName)
	}
	if w.known.Name == "" {
		return names.Cluster{Namespace: w.namespace, Name: clusterName}
	}
	return w.known
}

func (w *world) create(c client.Client, object client.Object) {
	w.t.Helper()
	require.NoError(w.t, c.Create(w.ctx, object))
}

// get reads an object and requires it to be there.
func get[T client.Object](w *world, c client.Client, namespace, name string, object T) T {
	w.t.Helper()
	require.NoError(w.t, c.Get(w.ctx, client.ObjectKey{Namespace: namespace, Name: name}, object))
	return object
}

func (w *world) exists(c client.Client, namespace, name string, object client.Object) bool {
	w.t.Helper()
	err := c.Get(w.ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
	require.NoError(w.t, client.IgnoreNotFound(err))
	return err == nil
}

func (w *world) request(name string) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: name}}
}

// reconcileCluster and reconcileMachine reconcile once and return what came of it.
func (w *world) reconcileCluster(name string) (ctrl.Result, error) {
	return w.clusters.Reconcile(w.ctx, w.request(name))
}

func (w *world) reconcileMachine(name string) (ctrl.Result, error) {
	return w.machines.Reconcile(w.ctx, w.request(name))
}

// settle calls the reconcile again and again, as events and retries would, until the check passes.
func (w *world) settle(reconcile func() error, check func() bool) {
	w.t.Helper()
	var last error
	require.Eventually(w.t, func() bool {
		last = reconcile()
		return check()
	}, 30*time.Second, 20*time.Millisecond, "last error: %v", &last)
}

// settleMachine reconciles one machine until the check passes on it.
func (w *world) settleMachine(name string, check func(*infrav1.HarvesterMachine) bool) *infrav1.HarvesterMachine {
	w.t.Helper()
	machine := &infrav1.HarvesterMachine{}
	w.settle(func() error {
		_, err := w.reconcileMachine(name)
		return err
	}, func() bool {
		return w.management.Get(w.ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, machine) == nil && check(machine)
	})
	return machine
}

// settleCluster reconciles the cluster until the check passes on it.
func (w *world) settleCluster(name string, check func(*infrav1.HarvesterCluster) bool) *infrav1.HarvesterCluster {
	w.t.Helper()
	cluster := &infrav1.HarvesterCluster{}
	w.settle(func() error {
		_, err := w.reconcileCluster(name)
		return err
	}, func() bool {
		return w.management.Get(w.ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, cluster) == nil && check(cluster)
	})
	return cluster
}

// counter is the value of a counter without labels.
func (w *world) counter(name string) float64 {
	w.t.Helper()
	families, err := w.registry.Gather()
	require.NoError(w.t, err)
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	w.t.Fatalf("no metric is called %s", name)
	return 0
}

// eventsText is everything that was reported as events so far.
func (w *world) eventsText() string {
	var all []string
	for {
		select {
		case event := <-w.recorder.Events:
			all = append(all, event)
		default:
			return strings.Join(all, "\n")
		}
	}
}
