package ipam

import (
	"context"
	"fmt"
	"sync"
)

// MemoryStore is a [Store] that keeps its pools in memory, for tests and for programs that hold the truth elsewhere. It
// is safe for concurrent use.
type MemoryStore struct {
	mu      sync.Mutex
	pools   map[string]Pool
	version uint64
}

// NewMemoryStore returns a store that holds copies of the given pools.
func NewMemoryStore(pools ...Pool) *MemoryStore {
	s := &MemoryStore{pools: make(map[string]Pool, len(pools))}
	for _, pool := range pools {
		s.Put(pool)
	}
	return s
}

// Put adds a pool or replaces the one of that name, whatever its version. Updates based on the one it replaces conflict.
func (s *MemoryStore) Put(pool Pool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(pool)
}

// Delete removes a pool, if there is one of that name.
func (s *MemoryStore) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pools, name)
}

// Get implements [Store].
func (s *MemoryStore) Get(ctx context.Context, name string) (Pool, error) {
	if err := ctx.Err(); err != nil {
		return Pool{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pool, ok := s.pools[name]
	if !ok {
		return Pool{}, fmt.Errorf("%w: %q", ErrPoolNotFound, name)
	}
	return pool.Clone(), nil
}

// Update implements [Store].
func (s *MemoryStore) Update(ctx context.Context, pool Pool) (Pool, error) {
	if err := ctx.Err(); err != nil {
		return Pool{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.pools[pool.Name]
	if !ok {
		return Pool{}, fmt.Errorf("%w: %q", ErrPoolNotFound, pool.Name)
	}
	if stored.Version != pool.Version {
		return Pool{}, fmt.Errorf("%w: %q", ErrConflict, pool.Name)
	}
	stored.Allocated, stored.History = pool.Allocated, pool.History
	stored.Released, stored.LastAllocated = pool.Released, pool.LastAllocated
	stored.Amended = false
	return s.keep(stored).Clone(), nil
}

// keep stores a copy under a version that no pool of this store ever had.
func (s *MemoryStore) keep(pool Pool) Pool {
	s.version++
	kept := pool.Clone()
	kept.Version = s.version
	s.pools[kept.Name] = kept
	return kept
}
