package ipam

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConflictIsDecidedAgainOnFreshState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 2))}
		store.onUpdate = func(ctx context.Context, _ Pool) error {
			if store.updates.Load() == 1 {
				takeAs(t, store.MemoryStore, "load-balancer")
			}
			return nil
		}
		allocator := NewAllocator(store)
		lease, err := allocator.Allocate(t.Context(), Request{Owner: "me", Pools: []string{"pool-1"}})
		require.NoError(t, err)
		assert.Equal(t, "10.1.0.3", lease.Address.String(), "the first one went to the other writer")
		after, err := store.MemoryStore.Get(t.Context(), "pool-1")
		require.NoError(t, err)
		assert.Equal(t, owned("10.1.0.2", "load-balancer", "10.1.0.3", "me"), after.Allocated)
	})
}

// takeAs plays another process that writes the pool directly.
func takeAs(t *testing.T, store *MemoryStore, owner string) {
	t.Helper()
	pool, err := store.Get(context.Background(), "pool-1")
	require.NoError(t, err)
	book := Open(pool, time.Now())
	_, _, err = book.Allocate(Request{Owner: owner})
	require.NoError(t, err)
	_, err = store.Update(context.Background(), book.Pool())
	require.NoError(t, err)
}

func TestConflictsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 2))}
		store.onUpdate = func(context.Context, Pool) error { return ErrConflict }
		var pauses []int
		allocator := NewAllocator(store, WithAttempts(3), WithBackoff(func(conflicts int) time.Duration {
			pauses = append(pauses, conflicts)
			return time.Second
		}))
		began := time.Now()
		_, err := allocator.Allocate(t.Context(), Request{Owner: "me", Pools: []string{"pool-1"}})
		require.ErrorIs(t, err, ErrConflict)
		require.ErrorContains(t, err, "gave up after 3 attempts")
		assert.EqualValues(t, 3, store.updates.Load())
		assert.Equal(t, []int{1, 2}, pauses)
		assert.Equal(t, 2*time.Second, time.Since(began))
	})
}

func TestDefaultBackoffGrowsAndIsBounded(t *testing.T) {
	for conflicts, longest := range map[int]time.Duration{
		1: 5 * time.Millisecond, 2: 10 * time.Millisecond, 6: 160 * time.Millisecond,
		7: 320 * time.Millisecond, 1000: 320 * time.Millisecond,
	} {
		for range 100 {
			pause := jittered(conflicts)
			assert.GreaterOrEqual(t, pause, longest/2)
			assert.Less(t, pause, longest)
		}
	}
}

func TestCallerThatLeavesIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 5))}
		gate := make(chan struct{})
		store.onGet = func(context.Context, string) error { <-gate; return nil }
		allocator := NewAllocator(store)
		var wait sync.WaitGroup
		wait.Go(func() {
			_, err := allocator.Allocate(t.Context(), Request{Owner: "first", Pools: []string{"pool-1"}})
			assert.NoError(t, err)
		})
		synctest.Wait()
		leaving, leave := context.WithCancel(t.Context())
		wait.Go(func() {
			_, err := allocator.Allocate(leaving, Request{Owner: "second", Pools: []string{"pool-1"}})
			assert.ErrorIs(t, err, context.Canceled)
		})
		wait.Go(func() {
			_, err := allocator.Allocate(t.Context(), Request{Owner: "third", Pools: []string{"pool-1"}})
			assert.NoError(t, err)
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(gate)
		wait.Wait()
		after, err := store.MemoryStore.Get(t.Context(), "pool-1")
		require.NoError(t, err)
		assert.Equal(t, owned("10.1.0.2", "first", "10.1.0.3", "third"), after.Allocated)
	})
}

func TestStoreCallEndsOnlyWhenEveryCallerLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 5))}
		var ended func() error
		hold := make(chan struct{})
		store.onGet = func(ctx context.Context, _ string) error {
			if store.gets.Load() == 1 {
				<-hold
				return nil
			}
			ended = ctx.Err
			<-ctx.Done()
			return ctx.Err()
		}
		allocator := NewAllocator(store)
		ask := func(ctx context.Context, owner string) {
			go func() { _, _ = allocator.Allocate(ctx, Request{Owner: owner, Pools: []string{"pool-1"}}) }()
			synctest.Wait()
		}
		ask(t.Context(), "opens the lane")
		one, leaveOne := context.WithCancel(t.Context())
		two, leaveTwo := context.WithCancel(t.Context())
		ask(one, "one")
		ask(two, "two")
		close(hold)
		synctest.Wait()
		require.NotNil(t, ended)
		leaveOne()
		synctest.Wait()
		require.NoError(t, ended(), "one caller still waits")
		leaveTwo()
		synctest.Wait()
		require.ErrorIs(t, ended(), context.Canceled)
	})
}

func TestRefusedWriteDoesNotFailReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := simplePool(t, 1, 5)
		pool.Allocated = owned("10.1.0.4", "holder")
		store := &hookStore{MemoryStore: NewMemoryStore(pool)}
		denied, gate := errors.New("denied by a webhook"), make(chan struct{})
		store.onGet = func(context.Context, string) error { <-gate; return nil }
		store.onUpdate = func(context.Context, Pool) error { return denied }
		allocator := NewAllocator(store)
		var wait sync.WaitGroup
		wait.Go(func() {
			_, err := allocator.Allocate(t.Context(), Request{Owner: "new", Pools: []string{"pool-1"}})
			assert.ErrorIs(t, err, denied)
		})
		wait.Go(func() {
			lease, found, err := allocator.Find(t.Context(), []string{"pool-1"}, "holder")
			assert.True(t, err == nil && found, "%v", err)
			assert.Equal(t, "10.1.0.4", lease.Address.String())
		})
		synctest.Wait()
		close(gate)
		wait.Wait()
	})
}

func TestOwnerGateIsCancellable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 5))}
		gate := make(chan struct{})
		store.onGet = func(context.Context, string) error { <-gate; return nil }
		allocator := NewAllocator(store)
		request := Request{Owner: "me", Pools: []string{"pool-1"}}
		go func() { _, _ = allocator.Allocate(t.Context(), request) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := allocator.Allocate(ctx, request)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		close(gate)
		synctest.Wait()
		assert.Empty(t, allocator.owners.gates)
	})
}

// Several allocators (processes) work on the same pools while some of their writes are refused without need. Whatever
// happens, no address has two holders, and every owner ends with at most one.
func TestConcurrentSafe(t *testing.T) {
	for round := range 100 {
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 6), simplePool(t, 2, 12))}
		store.onUpdate = func(context.Context, Pool) error {
			if rand.IntN(4) == 0 {
				return ErrConflict
			}
			return nil
		}
		holders := &register{holder: make(map[netip.Addr]string)}
		var wait sync.WaitGroup
		for process := range 3 {
			allocator := NewAllocator(store, WithAttempts(1000), WithBackoff(func(int) time.Duration { return 0 }))
			for worker := range 8 {
				owner := fmt.Sprintf("ns/%d-%d-%d", round, process, worker)
				wait.Go(func() { live(t, allocator, holders, owner) })
			}
		}
		wait.Wait()
		for _, name := range []string{"pool-1", "pool-2"} {
			pool, err := store.MemoryStore.Get(t.Context(), name)
			require.NoError(t, err)
			require.Empty(t, pool.Allocated)
		}
	}
}

// live takes and returns addresses for one owner.
func live(t *testing.T, allocator *Allocator, holders *register, owner string) {
	t.Helper()
	for range 4 {
		lease, err := allocator.Allocate(t.Context(), Request{Owner: owner, Pools: []string{"pool-1", "pool-2"}})
		if errors.Is(err, ErrExhausted) {
			continue
		}
		if !assert.NoError(t, err) {
			return
		}
		assert.NoError(t, holders.take(lease.Address, owner))
		again, err := allocator.Allocate(t.Context(), Request{Owner: owner, Pools: []string{"pool-1", "pool-2"}})
		assert.Equal(t, lease, again, "%v", err)
		holders.leave(lease.Address)
		assert.NoError(t, allocator.Release(t.Context(), lease.Pool, lease.Address, owner))
	}
}

// register is the test's own record of who believes to hold what.
type register struct {
	mu     sync.Mutex
	holder map[netip.Addr]string
}

func (r *register) take(addr netip.Addr, owner string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, ok := r.holder[addr]; ok {
		return fmt.Errorf("%s is held by both %s and %s", addr, other, owner)
	}
	r.holder[addr] = owner
	return nil
}

func (r *register) leave(addr netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.holder, addr)
}
