package ipam

import (
	"context"
	"sync/atomic"
)

// hookStore is a MemoryStore whose calls can be counted, held up and failed.
type hookStore struct {
	*MemoryStore
	gets, updates atomic.Int64
	// onGet and onUpdate run before the call; an error is the call's answer.
	onGet    func(ctx context.Context, pool string) error
	onUpdate func(ctx context.Context, pool Pool) error
}

func (s *hookStore) Get(ctx context.Context, pool string) (Pool, error) {
	s.gets.Add(1)
	if s.onGet != nil {
		if err := s.onGet(ctx, pool); err != nil {
			return Pool{}, err
		}
	}
	return s.MemoryStore.Get(ctx, pool)
}

func (s *hookStore) Update(ctx context.Context, pool Pool) (Pool, error) {
	s.updates.Add(1)
	if s.onUpdate != nil {
		if err := s.onUpdate(ctx, pool); err != nil {
			return Pool{}, err
		}
	}
	return s.MemoryStore.Update(ctx, pool)
}
