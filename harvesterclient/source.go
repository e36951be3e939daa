package harvesterclient

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// Source gives a controller the events of one cached kind from all connections, those there are and those to come. When an
// identity is rotated, the new connection delivers everything it finds, and what is gone since is delivered as deleted. The
// mapper gets a context from which IdentityFrom tells where the object is; it must not change the object. It is asked about
// events that all predicates let pass.
func (c *Connections) Source(object client.Object, mapper handler.MapFunc, predicates ...predicate.Predicate) source.Source {
	return source.Func(func(ctx context.Context, queue queue) error {
		gvk, err := apiutil.GVKForObject(object, c.scheme)
		if err != nil {
			return fmt.Errorf("source of Harvester objects: %w", err)
		}
		if !c.isCached(gvk) {
			return failf(ErrInvalid, "source of Harvester objects: %s is not watched", gvk.Kind)
		}
		c.subscribe(&subscription{
			ctx: ctx, queue: queue, gvk: gvk, handler: handler.EnqueueRequestsFromMapFunc(mapper), passes: predicate.And(predicates...),
		})

		return nil
	})
}

// ConnectionEvents tells a controller of identities whose Harvester came back or went away, whose caches are filled, or
// whose connection is about to be closed because no one asks for it. The mapper gets a Secret of which only
// namespace and name are set: the identity.
func (c *Connections) ConnectionEvents(mapper handler.MapFunc) source.Source {
	return source.Func(func(ctx context.Context, queue queue) error {
		c.subscribe(&subscription{
			ctx: ctx, queue: queue, handler: handler.EnqueueRequestsFromMapFunc(mapper), passes: predicate.And[client.Object](),
		})

		return nil
	})
}

type identityKey struct{}

// IdentityFrom is the identity whose Harvester an event came from.
func IdentityFrom(ctx context.Context) (client.ObjectKey, bool) {
	key, found := ctx.Value(identityKey{}).(client.ObjectKey)

	return key, found
}

func withIdentity(ctx context.Context, key client.ObjectKey) context.Context {
	return context.WithValue(ctx, identityKey{}, key)
}

// subscription is one controller's wish for events. Without a kind it is for connection events.
type subscription struct {
	ctx     context.Context //nolint:containedctx // a source's context is the lifetime of the subscription
	queue   queue
	gvk     schema.GroupVersionKind
	handler handler.EventHandler
	passes  predicate.Predicate
}

// announce tells of a change of the connection itself.
func (s *subscription) announce(key client.ObjectKey) {
	identity := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	s.handler.Generic(withIdentity(s.ctx, key), event.GenericEvent{Object: identity}, s.queue)
}

// deleted tells that an object is gone.
func (s *subscription) deleted(key client.ObjectKey, object client.Object) {
	if gone := (event.DeleteEvent{Object: object, DeleteStateUnknown: true}); s.passes.Delete(gone) {
		s.handler.Delete(withIdentity(s.ctx, key), gone, s.queue)
	}
}

// attach feeds a subscription from a connection: first what is cached, then what happens. Call with Connections.mu held.
func (c *Connection) attach(s *subscription) error {
	kind := c.caches.kinds[s.gvk]
	if kind == nil {
		return nil
	}
	registration, err := kind.informer.AddEventHandler(s.eventHandler(c.key))
	if err != nil {
		return fmt.Errorf("watch %s of identity %s: %w", s.gvk.Kind, c.key, err)
	}
	c.subscriptions[s] = func() {
		// It fails only for handlers that are not there, which is what we want.
		_ = kind.informer.RemoveEventHandler(registration)
	}

	return nil
}

func (c *Connection) detach(s *subscription) {
	if remove := c.subscriptions[s]; remove != nil {
		remove()
		delete(c.subscriptions, s)
	}
}

func (s *subscription) eventHandler(key client.ObjectKey) toolscache.ResourceEventHandler {
	ctx := withIdentity(s.ctx, key)

	return toolscache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(obj any, initial bool) {
			object, ok := obj.(client.Object)
			if created := (event.CreateEvent{Object: object, IsInInitialList: initial}); ok && s.passes.Create(created) {
				s.handler.Create(ctx, created, s.queue)
			}
		},
		UpdateFunc: func(oldObj, newObj any) {
			before, okBefore := oldObj.(client.Object)
			after, okAfter := newObj.(client.Object)
			if updated := (event.UpdateEvent{ObjectOld: before, ObjectNew: after}); okBefore && okAfter && s.passes.Update(updated) {
				s.handler.Update(ctx, updated, s.queue)
			}
		},
		DeleteFunc: func(obj any) {
			if tombstone, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
				obj = tombstone.Obj
			}
			object, ok := obj.(client.Object)
			if deleted := (event.DeleteEvent{Object: object}); ok && s.passes.Delete(deleted) {
				s.handler.Delete(ctx, deleted, s.queue)
			}
		},
	}
}
