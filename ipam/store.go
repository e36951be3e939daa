package ipam

import "context"

// Store keeps pools. Package storetest holds the tests that every implementation must pass.
//
// An implementation must be safe for concurrent use.
type Store interface {
	// Get reads a pool as it is now, not from a cache that may lag. The caller may change the maps of what it gets.
	// A pool that does not exist is ErrPoolNotFound. A store that knows of holders whom the pool has lost may enter them, and
	// says so by Amended.
	Get(ctx context.Context, pool string) (Pool, error)
	// Update writes Allocated, History, Released and LastAllocated of a pool that Get returned, if no one wrote it
	// since, and returns the pool with its new Version. Otherwise it writes nothing and returns ErrConflict. A pool that no
	// longer exists is ErrPoolNotFound. The store must not keep p's maps.
	Update(ctx context.Context, p Pool) (Pool, error)
}
