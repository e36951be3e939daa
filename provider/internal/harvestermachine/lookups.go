package harvestermachine

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
)

// lookupTTL is how long an image, key pair, network or storage class that was found is taken to be as it was. Machines
// come in groups that name the same ones.
const lookupTTL = 30 * time.Second

// lookups returns a reader for the machine's Harvester that remembers for a moment what was found. What was not found,
// or failed, is asked for anew each time.
func (r *Reconciler) lookups(s *scope) client.Reader {
	return &lookupReader{
		live: s.harvester.Client(), memory: &r.remembered, now: r.Clock, identity: identity.Key(s.infraCluster).String(),
	}
}

// lookupReader reads through the memory.
type lookupReader struct {
	live     client.Reader
	memory   *memory
	now      clock.PassiveClock
	identity string
}

// Get reads one object.
func (l *lookupReader) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	return l.through(fmt.Sprintf("%s %T %s", l.identity, object, key), object, func() error {
		return l.live.Get(ctx, key, object, options...)
	})
}

// List reads the objects of one namespace.
func (l *lookupReader) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	parsed := (&client.ListOptions{}).ApplyOptions(options)
	return l.through(fmt.Sprintf("%s %T %+v", l.identity, list, *parsed), list, func() error {
		return l.live.List(ctx, list, options...)
	})
}

func (l *lookupReader) through(key string, target runtime.Object, read func() error) error {
	if known, found := l.memory.get(key, l.now.Now()); found {
		reflect.ValueOf(target).Elem().Set(reflect.ValueOf(known.DeepCopyObject()).Elem())
		return nil
	}
	if err := read(); err != nil {
		return err
	}
	l.memory.put(key, target.DeepCopyObject(), l.now.Now(), lookupTTL)
	return nil
}
