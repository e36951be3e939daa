package write

import (
	"context"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/wake"
)

// Vanished remember what a reconcile made when it could not write its findings, because the object may be gone: past its
// finalizer. The API server lets that happen, as a deletion that found no finalizer goes on although one was added before
// it is done. Nobody but the reconcile knows then what it made. It lives in memory only; the zero value is ready; safe for
// concurrent use.
type Vanished[S any] struct {
	mu     sync.Mutex
	scopes map[types.NamespacedName]S
}

// Put remembers the scope of the reconcile that made something.
func (v *Vanished[S]) Put(key types.NamespacedName, s S) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.scopes == nil {
		v.scopes = map[types.NamespacedName]S{}
	}
	v.scopes[key] = s
}

// Get returns what is remembered.
func (v *Vanished[S]) Get(key types.NamespacedName) (S, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, found := v.scopes[key]
	return s, found
}

// Drop forgets: the object is there after all, or everything was taken back.
func (v *Vanished[S]) Drop(key types.NamespacedName) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.scopes, key)
}

// Keys are those of all that is remembered. There is no object to lead from an event to them.
func (v *Vanished[S]) Keys() []types.NamespacedName {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Collect(maps.Keys(v.scopes))
}

// Undo takes back what was made for an object that does not exist any more, if anything was. Nothing is taken back where
// stays tells that another object has it now, be it in another management cluster. undo does the work, a step at a time, and tells when all is done; what it
// waits for has to send an event to the key.
func (v *Vanished[S]) Undo(ctx context.Context, key types.NamespacedName, stays func(context.Context, S) (bool, error),
	undo func(context.Context, S) (done bool, result ctrl.Result, err error),
) (ctrl.Result, error) {
	v.mu.Lock()
	s, found := v.scopes[key]
	v.mu.Unlock()
	if !found {
		return ctrl.Result{}, nil
	}
	taken, err := stays(ctx, s)
	if err != nil {
		return ctrl.Result{}, err
	}
	if taken {
		v.Drop(key)
		return ctrl.Result{}, nil
	}
	done, result, err := undo(ctx, s)
	switch {
	case err != nil:
		return ctrl.Result{}, err
	case done:
		v.Drop(key)
		ctrl.LoggerFrom(ctx).Info("Took back what was made for an object that was deleted meanwhile")
		return ctrl.Result{}, nil
	case result.IsZero():
		result.RequeueAfter = wake.Safety
	}
	return result, nil
}
