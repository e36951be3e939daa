package write

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// CatchUp is how soon to look again whether the cache has what was written.
const CatchUp = 30 * time.Millisecond

// patience is how long a cache may lag. After that its state is worked on as it is: where a management cluster's etcd was
// restored from a backup, versions go back, and a write that was lost never shows. A write on a state that is old in truth
// is refused as a conflict.
const patience = 5 * time.Second

// Versions remember what was written last of each object, until the cache shows it, or for five seconds. A reconcile that
// works on an older state would undo what the one before it found, or do it again. The zero value is ready; safe for
// concurrent use.
type Versions struct {
	// Clock tells how long ago something was written; nil means the time of day.
	Clock clock.PassiveClock

	mu      sync.Mutex
	written map[types.UID]version
}

// version is what was written, and when.
type version struct {
	version string
	at      time.Time
}

func (v *Versions) now() time.Time {
	if v.Clock == nil {
		return time.Now()
	}
	return v.Clock.Now()
}

// Note remembers the version of an object that was just written.
func (v *Versions) Note(object client.Object) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.written == nil {
		v.written = map[types.UID]version{}
	}
	if goes(object) {
		delete(v.written, object.GetUID())
		return
	}
	v.written[object.GetUID()] = version{object.GetResourceVersion(), v.now()}
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
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), written.version)
	if err == nil && order < 0 && v.now().Sub(written.at) < patience {
		return true
	}
	delete(v.written, object.GetUID())
	return false
}
