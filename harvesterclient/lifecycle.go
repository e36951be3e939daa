package harvesterclient

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Start closes idle connections until the context ends, and then all connections. It returns when they are closed. It makes
// Connections a manager.Runnable.
func (c *Connections) Start(ctx context.Context) error {
	if c.opts.IdleTimeout > 0 {
		c.closeIdle(ctx)
	} else {
		<-ctx.Done()
	}
	c.mu.Lock()
	c.stopped = true
	for key, l := range c.links {
		c.remove(key, l)
	}
	c.mu.Unlock()
	c.cancel()
	c.closing.Wait()

	return nil
}

// NeedLeaderElection says that connections are wanted by whoever runs, leader or not.
func (c *Connections) NeedLeaderElection() bool { return false }

// closeIdle looks for idle connections now and then. One that is found idle is announced; if no one has asked for it by
// the next look, it is closed.
func (c *Connections) closeIdle(ctx context.Context) {
	ticker := c.opts.Clock.NewTicker(c.opts.IdleTimeout / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
			c.sweep()
		}
	}
}

func (c *Connections) sweep() {
	for _, key := range c.findIdle() {
		c.announce(key)
	}
}

// findIdle closes what was announced as idle before, and returns what is found idle now.
func (c *Connections) findIdle() []client.ObjectKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	var idle []client.ObjectKey
	for key, l := range c.links {
		switch {
		case c.opts.Clock.Since(l.lastUsed) < c.opts.IdleTimeout:
		case !l.announced:
			l.announced = true
			idle = append(idle, key)
		default:
			c.opts.Logger.Info("closing a connection that no one uses", "identity", key)
			c.remove(key, l)
		}
	}

	return idle
}

// remove takes a link out and stops what it holds. Call with mu held.
func (c *Connections) remove(key client.ObjectKey, l *link) {
	c.dropNext(l)
	c.retire(l.current)
	delete(c.links, key)
}

// announce tells the subscribers to connection events. Never call it with mu held: it runs their mappers.
func (c *Connections) announce(key client.ObjectKey) {
	for _, s := range c.subscribers(schema.GroupVersionKind{}) {
		s.announce(key)
	}
}

// subscribers are those to a kind, or, for the empty kind, those to connection events.
func (c *Connections) subscribers(gvk schema.GroupVersionKind) []*subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*subscription
	for s := range c.subscriptions {
		if s.gvk == gvk {
			found = append(found, s)
		}
	}

	return found
}

// subscribe feeds a subscription from all connections until its context ends.
func (c *Connections) subscribe(s *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscriptions[s] = struct{}{}
	for key, l := range c.links {
		for _, connection := range l.connections() {
			if err := connection.attach(s); err != nil {
				c.opts.Logger.Error(err, "cannot watch", "identity", key)
			}
		}
	}
	context.AfterFunc(s.ctx, func() { c.unsubscribe(s) })
}

func (c *Connections) unsubscribe(s *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.subscriptions, s)
	for _, l := range c.links {
		for _, connection := range l.connections() {
			connection.detach(s)
		}
	}
}

// stateChanged is told by each connection when its Harvester comes or goes.
func (c *Connections) stateChanged(connection *Connection, state ConnectionState, err error) {
	if state == StateConnected {
		c.opts.Logger.Info("connected to Harvester", "identity", connection.key)
	} else {
		c.opts.Logger.Info("lost Harvester", "identity", connection.key, "reason", err.Error())
	}
	c.announce(connection.key)
}

// takeOver waits until a connection is proven: its caches are filled. A connection that follows another then replaces it.
func (c *Connections) takeOver(connection *Connection) {
	select {
	case <-connection.gone():
		return
	case <-connection.filled:
	}
	if old := c.replace(connection); old != nil {
		c.opts.Logger.Info("rotated the identity of a Harvester", "identity", connection.key)
		c.deliverDeletions(old, connection)
	}
	c.announce(connection.key)
}

// replace puts a proven connection in the place of the one before it, which it returns and stops. Without one before
// it there is nothing to do.
func (c *Connections) replace(connection *Connection) *Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.links[connection.key]
	if l == nil || l.next != connection {
		return nil
	}
	old := l.current
	l.current, l.next = connection, nil
	c.retire(old)

	return old
}

// deliverDeletions tells the sources what the old connection knew and the new one does not find: it went away in between,
// where neither could see it.
func (c *Connections) deliverDeletions(old, current *Connection) {
	for gvk := range old.caches.kinds {
		lost, err := missing(old.caches, current.caches, gvk.GroupVersion().WithKind(gvk.Kind+"List"), c.scheme)
		if err != nil {
			c.opts.Logger.Error(err, "cannot compare before and after a rotation", "identity", current.key, "kind", gvk.Kind)
			continue
		}
		for _, s := range c.subscribers(gvk) {
			for _, object := range lost {
				s.deleted(current.key, object)
			}
		}
	}
}

// missing lists the objects that are in one cache and not in another. A cache that is not filled misses nothing.
func missing(before, after *caches, listKind schema.GroupVersionKind, scheme *runtime.Scheme) ([]client.Object, error) {
	old, errOld := listAll(before, listKind, scheme)
	now, errNow := listAll(after, listKind, scheme)
	if errors.Is(errOld, ErrNotReady) || errNow != nil {
		return nil, errNow
	}
	if errOld != nil {
		return nil, errOld
	}
	there := sets.New[types.UID]()
	for _, object := range now {
		there.Insert(object.GetUID())
	}

	return slices.DeleteFunc(old, func(object client.Object) bool { return there.Has(object.GetUID()) }), nil
}

func listAll(from *caches, listKind schema.GroupVersionKind, scheme *runtime.Scheme) ([]client.Object, error) {
	empty, err := scheme.New(listKind)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", listKind.Kind, err)
	}
	list, ok := empty.(client.ObjectList)
	if !ok {
		return nil, failf(ErrInvalid, "%s is no list", listKind.Kind)
	}
	if err := from.List(context.Background(), list); err != nil {
		return nil, err
	}
	var objects []client.Object
	err = meta.EachListItem(list, func(item runtime.Object) error {
		if object, ok := item.(client.Object); ok {
			objects = append(objects, object)
		}
		return nil
	})

	return objects, err
}
