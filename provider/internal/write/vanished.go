package write

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
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

// Get returns what Put remembered, and whether there is something.
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
