package harvesterclient

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func newVM(namespace, name string, labels map[string]string) *kubevirtv1.VirtualMachine {
	strategy := kubevirtv1.RunStrategyRerunOnFailure
	vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}}
	vm.Spec.RunStrategy = &strategy
	vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}

	return vm
}

func identity(name string) client.ObjectKey { return client.ObjectKey{Namespace: "caphv", Name: name} }

func TestGetSharesOneConnection(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	proxy := newFaultProxy(t, server)
	kubeconfig := proxy.kubeconfig(t, server.account(t, namespace, "a").token)
	connections := newTestConnections(t)

	var wg sync.WaitGroup
	got := make([]*Connection, 20)
	for i := range got {
		wg.Go(func() {
			connection, err := connections.Get(t.Context(), identity("a"), kubeconfig)
			assert.NoError(t, err)
			got[i] = connection
		})
	}
	wg.Wait()
	for _, connection := range got {
		assert.Same(t, got[0], connection)
	}
	assert.Equal(t, 5, proxy.watches(), "one watch a kind, whoever asks")
	assert.Equal(t, identity("a"), got[0].Identity())

	other, err := connections.Get(t.Context(), identity("b"), kubeconfig)
	require.NoError(t, err)
	assert.NotSame(t, got[0], other, "another identity, though the content is the same")
	assert.Len(t, connections.States(), 2)
	for _, state := range connections.States() {
		assert.Equal(t, StateConnected, state.State)
		require.NoError(t, state.Err)
	}
	connections.Close(identity("b"))
	assert.Len(t, connections.States(), 1)
}

func TestConnectionReadsAndWrites(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	a := server.account(t, namespace, "a")
	connections := newTestConnections(t)
	connection, err := connections.Get(t.Context(), identity("a"), a.direct(t))
	require.NoError(t, err)
	ctx := t.Context()

	vm := newVM(namespace, "mine", ours)
	vm.Annotations = map[string]string{
		"big": strings.Repeat("x", maxCachedAnnotation+1), "small": "y",
		AnnotationVolumeClaimTemplates: "[" + strings.Repeat(" ", maxCachedAnnotation) + "]",
	}
	require.NoError(t, connection.Client().Create(ctx, vm))
	require.NoError(t, connection.Client().Create(ctx, newVM(namespace, "someone-elses", nil)))
	last := newVM(namespace, "mine-too", ours)
	require.NoError(t, connection.Client().Create(ctx, last))
	vmi := &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "mine", Labels: ours}}
	vmi.Spec.Hostname = "mine"
	require.NoError(t, connection.Client().Create(ctx, vmi))
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	require.NoError(t, connection.Client().Create(ctx, pool))

	cached := &kubevirtv1.VirtualMachine{}
	eventually(t, "our machine is cached", func() bool {
		return connection.Cache().Get(ctx, client.ObjectKeyFromObject(vm), cached) == nil
	})
	assert.Empty(t, cached.ManagedFields)
	assert.NotContains(t, cached.Annotations, "big")
	assert.Contains(t, cached.Annotations, "small")
	assert.Contains(t, cached.Annotations, AnnotationVolumeClaimTemplates)
	cachedVMI := &kubevirtv1.VirtualMachineInstance{}
	eventually(t, "its instance is cached", func() bool { return connection.Cache().Get(ctx, client.ObjectKeyFromObject(vmi), cachedVMI) == nil })
	assert.Empty(t, cachedVMI.Spec.Hostname)
	eventually(t, "the pool is cached, though it has no label", func() bool {
		return connection.Cache().Get(ctx, client.ObjectKeyFromObject(pool), &lbv1.IPPool{}) == nil
	})
	eventually(t, "what was created after others' is cached", func() bool {
		return connection.Cache().Get(ctx, client.ObjectKeyFromObject(last), &kubevirtv1.VirtualMachine{}) == nil
	})
	all := &kubevirtv1.VirtualMachineList{}
	require.NoError(t, connection.Cache().List(ctx, all, client.InNamespace(namespace)))
	assert.Len(t, all.Items, 2, "others' machines are not kept")

	assertOnlyKind(t, ErrNotFound, connection.Cache().Get(ctx, client.ObjectKey{Namespace: namespace, Name: "none"}, cached))
	assertOnlyKind(t, ErrNotFound, connection.Client().Get(ctx, client.ObjectKey{Namespace: namespace, Name: "none"}, cached))
	assertOnlyKind(t, ErrConflict, connection.Client().Create(ctx, newVM(namespace, "mine", ours)))
	assertOnlyKind(t, ErrInvalid, connection.Client().Update(ctx, vm))
	assertOnlyKind(t, ErrInvalid, connection.Client().Update(ctx, vmi))
	assertOnlyKind(t, ErrInvalid, connection.Cache().Get(ctx, identity("x"), &rbacv1.Role{}))
	require.NoError(t, connection.Client().Status().Patch(ctx, vmi, client.RawPatch("application/merge-patch+json", []byte(`{"status":{"phase":"Running"}}`))))
}

// Whatever a newer Harvester keeps in a pool, a change by patch leaves it alone, and a stale one is refused.
func TestPoolKeepsUnknownFields(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	connection, err := newTestConnections(t).Get(t.Context(), identity("a"), server.account(t, namespace, "a").direct(t))
	require.NoError(t, err)
	c, ctx := connection.Client(), t.Context()
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	require.NoError(t, c.Create(ctx, pool))
	require.NoError(t, c.Patch(ctx, pool, client.RawPatch("application/merge-patch+json", []byte(`{"status":{"fromTheFuture":{"a":1},"allocated":{"10.0.0.9":"x/y"}}}`))))

	stale := pool.DeepCopy()
	base := client.MergeFromWithOptions(pool.DeepCopy(), client.MergeFromWithOptimisticLock{})
	pool.Status.Allocated["10.0.0.10"] = "a/b.caphv"
	delete(pool.Status.Allocated, "10.0.0.9")
	require.NoError(t, c.Patch(ctx, pool, base))
	assert.Equal(t, map[string]string{"10.0.0.10": "a/b.caphv"}, pool.Status.Allocated)

	base = client.MergeFromWithOptions(stale.DeepCopy(), client.MergeFromWithOptimisticLock{})
	stale.Status.Allocated["10.0.0.11"] = "late"
	assertOnlyKind(t, ErrConflict, c.Patch(ctx, stale, base))

	raw, err := server.clientset.RESTClient().Get().AbsPath("/apis/loadbalancer.harvesterhci.io/v1beta1/ippools/" + namespace).DoRaw(ctx)
	require.NoError(t, err)
	assert.Contains(t, string(raw), `"fromTheFuture":{"a":1}`)
}

// A watch that is cut, refused or told that its version is too old comes back by itself and misses nothing.
func TestWatchRecovers(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"cut":               nil,
		"401":               only("watch=true", answer(http.StatusUnauthorized)),
		"403":               only("watch=true", answer(http.StatusForbidden)),
		"410":               only("watch=true", answer(http.StatusGone)),
		"503 from a proxy":  answer(http.StatusServiceUnavailable),
		"401 to everything": answer(http.StatusUnauthorized),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := server.namespace(t)
			proxy := newFaultProxy(t, server)
			connections := newTestConnections(t)
			events := record(t, connections.Source(&kubevirtv1.VirtualMachine{}, toSelf).Start, nil)
			connection, err := connections.Get(t.Context(), identity("a"), proxy.kubeconfig(t, server.account(t, namespace, "a").token))
			require.NoError(t, err)
			require.NoError(t, server.admin.Create(t.Context(), newVM(namespace, "goes", ours)))
			eventually(t, "it is seen", func() bool { return events.count(client.ObjectKey{Namespace: namespace, Name: "goes"}) > 0 })

			var felt atomic.Bool
			if fault != nil {
				proxy.set(func(w http.ResponseWriter, r *http.Request) bool {
					hit := fault(w, r)
					felt.Store(felt.Load() || hit)
					return hit
				})
			}
			proxy.drop()
			require.NoError(t, server.admin.Create(t.Context(), newVM(namespace, "comes", ours)))
			before := events.count(client.ObjectKey{Namespace: namespace, Name: "goes"})
			require.NoError(t, server.admin.Delete(t.Context(), newVM(namespace, "goes", nil)))
			eventually(t, "the fault is felt", func() bool { return fault == nil || felt.Load() })
			proxy.up()
			eventually(t, "what came meanwhile is delivered", func() bool { return events.count(client.ObjectKey{Namespace: namespace, Name: "comes"}) > 0 })
			eventually(t, "what went meanwhile is delivered", func() bool { return events.count(client.ObjectKey{Namespace: namespace, Name: "goes"}) > before })
			eventually(t, "the cache agrees", func() bool {
				list := &kubevirtv1.VirtualMachineList{}
				return connection.Cache().List(t.Context(), list, client.InNamespace(namespace)) == nil && len(list.Items) == 1 && list.Items[0].Name == "comes"
			})
		})
	}
}

// One Harvester that is away holds up neither the others nor the caller, is asked seldom, and is taken up again at once.
func TestUnreachableHarvesterBacksOffAlone(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	a := server.account(t, namespace, "a")
	bad, good := newFaultProxy(t, server), newFaultProxy(t, server)
	connections := newTestConnections(t)
	changes := record(t, connections.ConnectionEvents(toSelf).Start, nil)
	ctx := t.Context()
	_, err := connections.Get(ctx, identity("bad"), bad.kubeconfig(t, a.token))
	require.NoError(t, err)
	_, err = connections.Get(ctx, identity("good"), good.kubeconfig(t, a.token))
	require.NoError(t, err)

	bad.down()
	eventually(t, "the loss is noticed", func() bool {
		_, err := connections.Get(ctx, identity("bad"), bad.kubeconfig(t, a.token))
		return err != nil
	})
	impatient, cancel := context.WithCancel(ctx)
	cancel() // whoever asks with this would learn of it, if it had to wait
	for range 200 {
		_, err = connections.Get(impatient, identity("bad"), bad.kubeconfig(t, a.token))
		assertOnlyKind(t, ErrTransient, err)
		require.ErrorContains(t, err, "connect to Harvester")
		_, err = connections.Get(impatient, identity("good"), good.kubeconfig(t, a.token))
		require.NoError(t, err)
	}
	_, err = connections.Get(ctx, identity("bad"), bad.kubeconfig(t, a.token))
	after, named := RetryAfter(err)
	assert.True(t, named)
	assert.Positive(t, after)
	require.ErrorContains(t, err, "identity caphv/bad: connect to Harvester")

	bad.seen()
	begun := time.Now()
	var asked []string
	eventually(t, "it is asked again and again", func() bool {
		asked = append(asked, bad.seen()...)
		return len(asked) >= 10
	})
	const longest = 200 * time.Millisecond // a pause, when it has grown
	assert.LessOrEqual(t, len(asked), 4+int(time.Since(begun)/longest), "one probe a pause")
	for _, request := range asked {
		assert.Equal(t, "GET /version", request, "and nothing else")
	}

	events := changes.count(identity("bad"))
	bad.up()
	eventually(t, "its return is announced", func() bool { return changes.count(identity("bad")) > events })
	eventually(t, "and it can be used", func() bool {
		_, err := connections.Get(ctx, identity("bad"), bad.kubeconfig(t, a.token))
		return err == nil
	})
	eventually(t, "and watched", func() bool { return bad.watches() == 5 })
}

func TestGetBeforeHarvesterIsThere(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	a := server.account(t, namespace, "a")
	proxy := newFaultProxy(t, server)
	proxy.down()
	connections := newTestConnections(t)
	changes := record(t, connections.ConnectionEvents(toSelf).Start, nil)
	_, err := connections.Get(t.Context(), identity("a"), proxy.kubeconfig(t, a.token))
	assertOnlyKind(t, ErrTransient, err)
	eventually(t, "the failure is announced", func() bool { return changes.count(identity("a")) > 0 })
	states := connections.States()
	require.Len(t, states, 1)
	assert.Equal(t, StateDisconnected, states[0].State)
	require.ErrorIs(t, states[0].Err, ErrTransient)

	events := changes.count(identity("a"))
	proxy.up()
	eventually(t, "no one asks, and yet it connects and says so", func() bool { return changes.count(identity("a")) > events })
}

// Lacking rights on one kind keeps nothing else from working.
func TestMissingRightsOnOneKind(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	limited := server.account(t, namespace, "limited", rbacv1.PolicyRule{
		APIGroups: []string{"kubevirt.io", "loadbalancer.harvesterhci.io"},
		Resources: []string{"virtualmachines", "virtualmachineinstances", "loadbalancers"}, Verbs: []string{"*"},
	})
	connection, err := newTestConnections(t).Get(t.Context(), identity("a"), limited.direct(t))
	require.NoError(t, err)
	err = connection.Cache().List(t.Context(), &lbv1.IPPoolList{})
	assertOnlyKind(t, ErrUnauthorized, err)
	require.ErrorContains(t, err, "cache of IPPool is not filled")
	require.NoError(t, connection.Cache().List(t.Context(), &kubevirtv1.VirtualMachineList{}))
	assertOnlyKind(t, ErrUnauthorized, connection.Client().List(t.Context(), &lbv1.IPPoolList{}))
}

func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	proxy := newFaultProxy(t, server)
	var mu sync.Mutex
	calls := map[string]int{}
	connections := newTestConnections(t, func(o *Options) {
		o.CountCall = func(verb, resource, code string) {
			mu.Lock()
			defer mu.Unlock()
			calls[fmt.Sprintf("%s %s %s", verb, resource, code)]++
		}
	})
	connection, err := connections.Get(t.Context(), identity("a"), proxy.kubeconfig(t, server.account(t, namespace, "a").token))
	require.NoError(t, err)
	require.NoError(t, connection.Client().Create(t.Context(), newVM(namespace, "a", ours)))
	require.Error(t, connection.Client().Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "none"}, newVM("", "", nil)))
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, map[string]int{
		"get nonresource 200":               1,
		"watch virtualmachines 200":         1,
		"watch virtualmachineinstances 200": 1,
		"watch loadbalancers 200":           1,
		"watch ippools 200":                 1,
		"watch persistentvolumeclaims 200":  1,
		"create virtualmachines 201":        1,
		"get virtualmachines 404":           1,
	}, calls)
}

// Nothing is asked while nothing happens.
func TestSteadyStateIsSilent(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	proxy := newFaultProxy(t, server)
	kubeconfig := proxy.kubeconfig(t, server.account(t, namespace, "a").token)
	connections := newTestConnections(t)
	connection, err := connections.Get(t.Context(), identity("a"), kubeconfig)
	require.NoError(t, err)
	proxy.seen()
	for range 20 {
		_, err := connections.Get(t.Context(), identity("a"), kubeconfig)
		require.NoError(t, err)
		time.Sleep(100 * time.Millisecond)
	}
	assert.Empty(t, proxy.seen())
	vm := newVM(namespace, "a", ours)
	require.NoError(t, server.admin.Create(t.Context(), vm))
	eventually(t, "what happens is heard of all the same", func() bool {
		return connection.Cache().Get(t.Context(), client.ObjectKeyFromObject(vm), &kubevirtv1.VirtualMachine{}) == nil
	})
	assert.Empty(t, proxy.seen())
}

func TestGetAfterTheEnd(t *testing.T) {
	t.Parallel()
	connections := NewConnections(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, connections.Start(ctx))
	_, err := connections.Get(t.Context(), identity("a"), nil)
	assertOnlyKind(t, ErrTransient, err)
	assert.False(t, connections.NeedLeaderElection())
}
