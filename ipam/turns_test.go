package ipam

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tenants are allocators with one store, each with an access of its own that takes a while.
func tenants(store Store, count int, options ...Option) []*Allocator {
	all := make([]*Allocator, count)
	for i := range all {
		all[i] = NewAllocator(store, options...)
	}
	return all
}

func allocateFromAll(t *testing.T, allocators []*Allocator) {
	t.Helper()
	var group sync.WaitGroup
	for i, allocator := range allocators {
		group.Go(func() {
			_, err := allocator.Allocate(t.Context(), Request{Owner: fmt.Sprintf("owner-%d", i), Pools: []string{"pool-1"}})
			assert.NoError(t, err)
		})
	}
	group.Wait()
}

func slowStore(t *testing.T) *hookStore {
	t.Helper()
	store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 200))}
	store.onUpdate = func(context.Context, Pool) error { time.Sleep(10 * time.Millisecond); return nil }
	return store
}

func TestAllocatorsThatTakeTurnsLoseNoWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := slowStore(t)
		allocateFromAll(t, tenants(with, 20, WithTurns(&Turns{})))
		assert.EqualValues(t, 20, with.updates.Load(), "each writes once")
		assert.EqualValues(t, 20, with.gets.Load(), "and reads once")

		without := slowStore(t)
		allocateFromAll(t, tenants(without, 20))
		assert.Greater(t, without.updates.Load(), with.updates.Load(), "without turns some are lost")
	})
}

func TestATurnThatLastsIsLost(t *testing.T) { requireTurnAfter(t, 1, longestTurn) }

func TestNoOneWaitsLongForItsTurn(t *testing.T) { requireTurnAfter(t, 20, longestWait) }

// requireTurnAfter has others at a pool that does not answer them, and sees how long they hold up who gets answers.
func requireTurnAfter(t *testing.T, others int, want time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		turns, memory := &Turns{}, NewMemoryStore(simplePool(t, 1, 200))
		ctx, cancel := context.WithCancel(t.Context())
		stuck := stuckAllocators(ctx, turns, memory, others)
		began := time.Now()
		allocateFromAll(t, tenants(memory, 1, WithTurns(turns))) // Two would lose writes to each other at the end of their wait.
		assert.Equal(t, want, time.Since(began))
		cancel()
		for range others {
			require.ErrorIs(t, <-stuck, context.Canceled)
		}
	})
}

// stuckAllocators are at a pool that does not answer them, until ctx ends.
func stuckAllocators(ctx context.Context, turns *Turns, memory *MemoryStore, count int) (ended <-chan error) {
	errs := make(chan error)
	for i := range count {
		store := &hookStore{MemoryStore: memory, onGet: func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		go func() {
			_, err := NewAllocator(store, WithTurns(turns)).Allocate(ctx, Request{Owner: fmt.Sprint("stuck-", i), Pools: []string{"pool-1"}})
			errs <- err
		}()
	}
	synctest.Wait()
	return errs
}

// The pause after a lost write is not part of the turn, nor does a refused request keep it.
func TestATurnIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns, refused := &Turns{}, errors.New("refused")
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 200))}
		store.onUpdate = func(_ context.Context, _ Pool) error {
			if store.updates.Load() == 1 {
				return ErrConflict
			}
			return refused
		}
		paused := false
		first := NewAllocator(store, WithTurns(turns), WithBackoff(func(int) time.Duration {
			leave, err := turns.pools.enter(t.Context(), "pool-1")
			require.NoError(t, err)
			leave()
			paused = true
			return time.Millisecond
		}))
		_, err := first.Allocate(t.Context(), Request{Owner: "me", Pools: []string{"pool-1"}})
		require.ErrorIs(t, err, refused)
		assert.True(t, paused)
		synctest.Wait()
		assert.Empty(t, turns.pools.gates, "nothing is kept of turns that are over")
	})
}
