package harvesterclient

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// Until is what happens to an object that is followed.
type Until string

// What a caller can wait for.
const (
	// UntilChanged is the next change of the object, or its end.
	UntilChanged Until = "Changed"
	// UntilGone is the end of the object. Changes before it are passed over.
	UntilGone Until = "Gone"
)

// FollowTimeout is how long a watch on one object stays open.
const FollowTimeout = 10 * time.Minute

// Follow says which object is followed, until when, and who is told.
type Follow struct {
	// Object is the object as it was read from Connection.Client: nothing that happens after that is missed.
	Object client.Object
	// Until is what to wait for.
	Until Until
	// By tells callers apart; it must be comparable. While a caller follows an object, following it again changes nothing
	// and costs no request.
	By any
	// Notify is called once, from a goroutine of its own, when it has happened. It must not block.
	Notify func()
}

// Follow watches one object that no cache holds, because its kind is not cached or it lacks the label that is selected. It
// costs one request, and of the object only metadata is sent: the content of a Secret stays where it is.
//
// It returns when Harvester has accepted the watch. After an error, which is ErrUnauthorized where the account may not
// watch the kind, no one is notified. The watch ends with the event, with the connection, or after FollowTimeout; in
// the last two cases no one is notified either, so look again after a while. Safe for concurrent use.
func (c *Connection) Follow(ctx context.Context, f Follow) error {
	key := followed{uid: f.Object.GetUID(), by: f.By}
	what := fmt.Sprintf("follow %T %s", f.Object, client.ObjectKeyFromObject(f.Object))
	started, err := c.follows.begin(key)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if !started {
		return nil
	}
	stream, stop, err := c.watchOne(ctx, f.Object)
	if err != nil {
		c.follows.end(key)
		return fmt.Errorf("%s: %w", what, Classify(err))
	}
	go func() {
		defer stop()
		happened := awaitEvent(stream, f.Until)
		c.follows.end(key)
		if happened {
			f.Notify()
		}
	}()

	return nil
}

// watchOne opens a watch that lives as long as the connection. The context bounds the opening only.
func (c *Connection) watchOne(ctx context.Context, object client.Object) (stream watch.Interface, stop func(), err error) {
	gvk, err := apiutil.GVKForObject(object, c.watcher.Scheme())
	if err != nil {
		return nil, nil, failf(ErrInvalid, "%w", err)
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	living, cancel := context.WithCancel(c.ctx)
	opening, opened := context.WithTimeout(ctx, c.patience)
	defer opened()
	release := context.AfterFunc(opening, cancel)
	stream, err = c.watcher.Watch(living, list,
		client.InNamespace(object.GetNamespace()), client.MatchingFields{metav1.ObjectNameField: object.GetName()},
		&client.ListOptions{Raw: &metav1.ListOptions{
			ResourceVersion: object.GetResourceVersion(), TimeoutSeconds: ptr.To(int64(FollowTimeout / time.Second)),
		}})
	if !release() && err == nil { // it was given up while it opened
		stream.Stop()
		err = opening.Err()
	}
	if err != nil {
		cancel()
		return nil, nil, err
	}

	return stream, func() { stream.Stop(); cancel() }, nil
}

// awaitEvent is true when it has happened, and false when the stream ended before.
func awaitEvent(stream watch.Interface, until Until) bool {
	for event := range stream.ResultChan() {
		switch event.Type {
		case watch.Deleted:
			return true
		case watch.Added, watch.Modified:
			if until == UntilChanged {
				return true
			}
		case watch.Bookmark:
		case watch.Error:
			return false
		}
	}

	return false
}

// followed is one object that one caller follows.
type followed struct {
	uid types.UID
	by  any
}

// follows are the objects of one connection that are followed. The zero value is ready.
type follows struct {
	mu      sync.Mutex
	closed  bool
	open    map[followed]struct{}
	running sync.WaitGroup
}

// begin returns false when the same caller follows the object already.
func (f *follows) begin(key followed) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false, failf(ErrTransient, "the connection was closed")
	}
	if _, known := f.open[key]; known {
		return false, nil
	}
	if f.open == nil {
		f.open = map[followed]struct{}{}
	}
	f.open[key] = struct{}{}
	f.running.Add(1)

	return true, nil
}

func (f *follows) end(key followed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, key)
	f.running.Done()
}

// stop waits for the watches, which end with the connection's context.
func (f *follows) stop() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.running.Wait()
}
