package harvesterclient

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// ours is the label our objects carry in tests.
var ours = map[string]string{"test/ours": "true"}

// newTestConnections are connections that try again quickly. They end with the test.
func newTestConnections(tb testing.TB, change ...func(*Options)) *Connections {
	tb.Helper()
	opts := Options{
		Selector: labels.SelectorFromSet(ours), QPS: 500, Burst: 1000,
		ConnectTimeout: time.Minute, BackoffInitial: 50 * time.Millisecond, BackoffMax: 200 * time.Millisecond,
	}
	for _, c := range change {
		c(&opts)
	}
	connections := NewConnections(opts)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- connections.Start(ctx) }()
	tb.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			require.NoError(tb, err)
		case <-time.After(time.Minute):
			tb.Error("connections did not close")
		}
	})

	return connections
}

// recorder is a controller that notes which requests it gets.
type recorder struct {
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]

	mu     sync.Mutex
	counts map[client.ObjectKey]int
	onItem func(client.ObjectKey)
}

// record starts a source and takes what it gives.
func record(tb testing.TB, start func(context.Context, workqueue.TypedRateLimitingInterface[reconcile.Request]) error, onItem func(client.ObjectKey)) *recorder {
	tb.Helper()
	r := &recorder{
		queue:  workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]()),
		counts: map[client.ObjectKey]int{}, onItem: onItem,
	}
	ctx, cancel := context.WithCancel(context.Background())
	require.NoError(tb, start(ctx, r.queue))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			item, shutdown := r.queue.Get()
			if shutdown {
				return
			}
			r.mu.Lock()
			r.counts[item.NamespacedName]++
			r.mu.Unlock()
			if r.onItem != nil {
				r.onItem(item.NamespacedName)
			}
			r.queue.Done(item)
		}
	}()
	tb.Cleanup(func() {
		cancel()
		r.queue.ShutDown()
		<-done
	})

	return r
}

func (r *recorder) count(key client.ObjectKey) int {
	r.mu.Lock()
	defer r.mu.Unlock()

	return r.counts[key]
}

// toSelf maps an object to its own key.
func toSelf(_ context.Context, object client.Object) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: client.ObjectKeyFromObject(object)}}
}
