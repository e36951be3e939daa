// Package wake has an object reconciled again when something happens on Harvester that no cache shows: a Secret is filled, a
// claim without our label goes. It takes the place of asking again and again.
package wake

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// Safety is how soon to look again although an event is to come: a connection that is lost may take it along.
const Safety = 2 * time.Minute

// Waker wakes the reconciles of one controller. The zero value is ready; safe for concurrent use.
type Waker struct {
	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[ctrl.Request]
}

// Source is what the controller watches.
func (w *Waker) Source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.queue = queue
		return nil
	})
}

// follower tells the reconciles that follow the same object apart.
type follower struct {
	waker   *Waker
	request ctrl.Request
}

// When has the request reconciled when the object, which was just read from Harvester, changes or goes. It returns how soon
// to look again anyway: after Safety, or after otherwise where the object cannot be watched, for want of rights as a rule.
func (w *Waker) When(ctx context.Context, connection *harvesterclient.Connection, object client.Object, until harvesterclient.Until, request ctrl.Request, otherwise time.Duration) time.Duration {
	err := connection.Follow(ctx, harvesterclient.Follow{
		Object: object, Until: until, By: follower{w, request}, Notify: func() { w.Wake(request) },
	})
	if err != nil {
		ctrl.LoggerFrom(ctx).Info("Cannot watch what is waited for, so it is looked at again and again", "reason", err.Error(), "after", otherwise.String())
		return otherwise
	}
	return Safety
}

// Wake has the request reconciled. Before the controller has started it does nothing.
func (w *Waker) Wake(request ctrl.Request) {
	w.mu.Lock()
	queue := w.queue
	w.mu.Unlock()
	if queue != nil {
		queue.Add(request)
	}
}
