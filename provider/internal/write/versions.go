package write

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// CatchUp is how soon to look again whether the cache has what was written.
const CatchUp = 30 * time.Millisecond

// Versions remember what was written last of each object, until the cache shows it. A reconcile that works on an older
// state would undo what the one before it found, or do it again. The zero value is ready; safe for concurrent use.
type Versions struct {
	mu      sync.Mutex
	written map[types.UID]string
}

// Note remembers the version of an object that was just written.
func (v *Versions) Note(object client.Object) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.written == nil {
		v.written = map[types.UID]string{}
	}
	if goes(object) {
		delete(v.written, object.GetUID())
		return
	}
	v.written[object.GetUID()] = object.GetResourceVersion()
}

// Behind tells whether an object, as the cache has it, is older than what was written last. Versions that cannot be
// compared count as up to date: a write on them is refused if they are not.
func (v *Versions) Behind(object client.Object) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	written, known := v.written[object.GetUID()]
	if !known {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), written)
	if err == nil && order < 0 {
		return true
	}
	delete(v.written, object.GetUID())
	return false
}
