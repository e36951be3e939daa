package harvestermachine

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// memory keeps objects for a while. Nothing depends on it: it only spares requests. It is safe for concurrent use; the
// zero value is ready.
type memory struct {
	mu      sync.Mutex
	entries map[string]memoryEntry
}

type memoryEntry struct {
	object  runtime.Object
	expires time.Time
}

// get returns what was put under the key, which must not be changed, until it expires.
func (m *memory) get(key string, now time.Time) (runtime.Object, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	entry, found := m.entries[key]
	if !found || !now.Before(entry.expires) {
		return nil, false
	}
	return entry.object, true
}

// forget drops what was put under the key.
func (m *memory) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

// put remembers an object, and forgets what has expired, so that the memory stays small.
func (m *memory) put(key string, object runtime.Object, now time.Time, ttl time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = map[string]memoryEntry{}
	}
	for other, entry := range m.entries {
		if !now.Before(entry.expires) {
			delete(m.entries, other)
		}
	}
	m.entries[key] = memoryEntry{object: object, expires: now.Add(ttl)}
}
