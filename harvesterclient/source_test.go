package harvesterclient

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/util/workqueue"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestSourceDeliversEverything(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	kubeconfig := server.account(t, namespace, "a").direct(t)
	connections := newTestConnections(t)
	ctx := t.Context()
	require.NoError(t, server.admin.Create(ctx, newVM(namespace, "before", ours)))

	identities := sync.Map{}
	mapper := func(ctx context.Context, object client.Object) []reconcile.Request {
		if key, found := IdentityFrom(ctx); found {
			identities.Store(key, true)
		}
		return toSelf(ctx, object)
	}
	early := record(t, connections.Source(&kubevirtv1.VirtualMachine{}, mapper).Start, nil)
	connection, err := connections.Get(ctx, identity("a"), kubeconfig)
	require.NoError(t, err)
	late := record(t, connections.Source(&kubevirtv1.VirtualMachine{}, toSelf).Start, nil)
	key := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: namespace, Name: name} }
	choosy := record(t, connections.Source(&kubevirtv1.VirtualMachine{}, toSelf,
		predicate.NewPredicateFuncs(func(object client.Object) bool { return object.GetName() != "before" }),
		predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}).Start, nil)

	require.NoError(t, server.admin.Create(ctx, newVM(namespace, "foreign", nil)))
	vm := newVM(namespace, "after", ours)
	require.NoError(t, server.admin.Create(ctx, vm))
	for _, r := range []*recorder{early, late} {
		eventually(t, "both machines are delivered", func() bool { return r.count(key("before")) > 0 && r.count(key("after")) > 0 })
	}
	count := early.count(key("after"))
	require.NoError(t, server.admin.Patch(ctx, vm, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"a":"b"}}}`))))
	eventually(t, "the change is delivered", func() bool { return early.count(key("after")) > count })
	count = early.count(key("before"))
	require.NoError(t, server.admin.Delete(ctx, newVM(namespace, "before", nil)))
	eventually(t, "the deletion is delivered", func() bool { return early.count(key("before")) > count })
	assert.Zero(t, early.count(key("foreign")))
	assert.Zero(t, choosy.count(key("before")), "neither its coming nor its going passes")
	eventually(t, "what passes is delivered", func() bool { return choosy.count(key("after")) > 0 })
	assert.Equal(t, 1, choosy.count(key("after")), "it came, and changed")
	_, known := identities.Load(connection.Identity())
	assert.True(t, known, "the mapper learns where the object is")

	require.ErrorIs(t, connections.Source(&rbacv1.Role{}, toSelf).Start(ctx, early.queue), ErrInvalid)
}

// A controller that has ended is not fed any more, and nothing of it is kept.
func TestSourceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	connections := newTestConnections(t)
	connection, err := connections.Get(t.Context(), identity("a"), server.account(t, namespace, "a").direct(t))
	require.NoError(t, err)
	var fed atomic.Int32
	mapper := func(_ context.Context, object client.Object) []reconcile.Request {
		if object.GetNamespace() == namespace {
			fed.Add(1)
		}
		return nil
	}
	held := func() [2]int {
		connections.mu.Lock()
		defer connections.mu.Unlock()
		return [2]int{len(connections.subscriptions), len(connection.subscriptions)}
	}
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, connections.Source(&kubevirtv1.VirtualMachine{}, mapper).Start(ctx, queue))
	require.NoError(t, connections.ConnectionEvents(mapper).Start(ctx, queue))
	assert.Equal(t, [2]int{2, 1}, held())
	require.NoError(t, server.admin.Create(t.Context(), newVM(namespace, "before", ours)))
	eventually(t, "it is fed", func() bool { return fed.Load() > 0 })

	cancel()
	eventually(t, "it is forgotten", func() bool { return held() == [2]int{} })
	before := fed.Load()
	witness := record(t, connections.Source(&kubevirtv1.VirtualMachine{}, toSelf).Start, nil)
	require.NoError(t, server.admin.Create(t.Context(), newVM(namespace, "after", ours)))
	eventually(t, "another is fed", func() bool { return witness.count(client.ObjectKey{Namespace: namespace, Name: "after"}) > 0 })
	assert.Equal(t, before, fed.Load())
}
