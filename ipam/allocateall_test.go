package ipam

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAllocateAllIsAllOrNothing(t *testing.T) {
	one, two := simplePool(t, 1, 4), simplePool(t, 2, 1)
	one.Allocated, two.Allocated = owned("10.1.0.5", "vm-a/1"), owned("10.2.0.2", "x")
	store := NewMemoryStore(one, two)
	allocator := NewAllocator(store)
	requests := []Request{
		{Owner: "vm-a/0", Pools: []string{"pool-1"}}, {Owner: "vm-a/1", Pools: []string{"pool-1"}}, {Owner: "vm-a/2", Pools: []string{"pool-2"}},
	}
	leases, err := allocator.AllocateAll(t.Context(), requests...)
	require.ErrorIs(t, err, ErrExhausted)
	assert.Nil(t, leases)
	after, err := store.Get(t.Context(), "pool-1")
	require.NoError(t, err)
	assert.Equal(t, owned("10.1.0.5", "vm-a/1"), after.Allocated, "what was held before is kept")
	assert.Empty(t, after.History, "nothing was taken, as it could be foreseen that one request fails")

	requests[2].Pools = []string{"pool-2", "pool-1"}
	leases, err = allocator.AllocateAll(t.Context(), requests...)
	require.NoError(t, err)
	again, err := allocator.AllocateAll(t.Context(), requests...)
	require.NoError(t, err)
	assert.Equal(t, leases, again)
	assertDistinct(t, leases)

	_, err = allocator.AllocateAll(t.Context(), requests[0], requests[0])
	require.ErrorIs(t, err, ErrInvalidRequest)
}

// A machine that waits for its second pool writes nothing: a write is an event for everyone who waits, itself included.
func TestAllocateAllWritesNothingWhileOneRequestCannotBeServed(t *testing.T) {
	for name, requests := range map[string][]Request{
		"the second pool is full":       {{Owner: "a/0", Pools: []string{"pool-1"}}, {Owner: "a/1", Pools: []string{"pool-2"}}},
		"the second pool is missing":    {{Owner: "a/0", Pools: []string{"pool-1"}}, {Owner: "a/1", Pools: []string{"misspelt"}}},
		"both want the last address":    {{Owner: "a/0", Pools: []string{"pool-3"}}, {Owner: "a/1", Pools: []string{"pool-3"}}},
		"the fallback is full as well":  {{Owner: "a/0", Pools: []string{"pool-2", "pool-3"}}, {Owner: "a/1", Pools: []string{"pool-2", "pool-3"}}},
		"another network":               {{Owner: "a/0", Pools: []string{"pool-1"}}, {Owner: "a/1", Pools: []string{"pool-3"}, Network: "other"}},
		"the owner holds another one":   {{Owner: "a/0", Pools: []string{"pool-1"}}, {Owner: "x", Pools: []string{"pool-2"}, Address: addr("10.2.0.9")}},
		"the asked for address is held": {{Owner: "a/0", Pools: []string{"pool-1"}}, {Owner: "a/1", Pools: []string{"pool-2"}, Address: addr("10.2.0.2")}},
	} {
		t.Run(name, func(t *testing.T) {
			two, three := simplePool(t, 2, 1), simplePool(t, 3, 1)
			two.Allocated, three.Network = owned("10.2.0.2", "x"), "lan"
			store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 4), two, three)}
			_, err := NewAllocator(store).AllocateAll(t.Context(), requests...)
			refusal := &AllocationError{}
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, requests[1].Owner, refusal.Owner)
			assert.Zero(t, store.updates.Load())
		})
	}
}

// An address that a running machine uses is entered again where its pool has lost it, and is never given back because
// another one cannot be had.
func TestAllocateAllKeepsWhatIsInUse(t *testing.T) {
	two := simplePool(t, 2, 1)
	two.Allocated = owned("10.2.0.2", "x")
	store := NewMemoryStore(simplePool(t, 1, 4), two)
	used := func(owner, pool, address string) Request {
		return Request{Owner: owner, Pools: []string{pool}, Address: addr(address), InUse: true}
	}
	_, err := NewAllocator(store).AllocateAll(t.Context(), used("a/0", "pool-1", "10.1.0.3"), used("a/1", "pool-2", "10.2.0.2"),
		used("a/2", "pool-1", "10.1.0.5"), Request{Owner: "a/3", Pools: []string{"pool-1"}})
	require.ErrorIs(t, err, ErrUnavailable)
	after, err := store.Get(t.Context(), "pool-1")
	require.NoError(t, err)
	assert.Equal(t, map[netip.Addr]string{addr("10.1.0.3"): "a/0", addr("10.1.0.5"): "a/2"}, after.Allocated)
}

func TestAllocateAllSaysWhatItCouldNotGiveBack(t *testing.T) {
	store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 2), simplePool(t, 2, 2))}
	denied := errors.New("denied by a webhook")
	store.onUpdate = func(_ context.Context, pool Pool) error {
		if len(pool.Allocated) == 0 {
			return denied
		}
		store.Delete("pool-2") // It was there when the pools were looked at, and goes before it gives its address.
		return nil
	}
	_, err := NewAllocator(store).AllocateAll(t.Context(),
		Request{Owner: "a", Pools: []string{"pool-1"}}, Request{Owner: "b", Pools: []string{"pool-2"}})
	require.ErrorIs(t, err, ErrNoEligiblePool)
	require.ErrorIs(t, err, denied)
}

// A store that does not answer held the caller for ever, as what was taken is given back without the caller's context.
func TestAllocateAllGivesBackForABoundedTime(t *testing.T) {
	store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 2), simplePool(t, 3, 2), simplePool(t, 2, 2))}
	var answers atomic.Bool
	store.onUpdate = func(ctx context.Context, pool Pool) error {
		if answers.Load() {
			return nil
		}
		if len(pool.Allocated) == 0 { // A release: the store has stopped answering.
			<-ctx.Done()
			return ctx.Err()
		}
		store.Delete("pool-2") // It was there when the pools were looked at.
		return nil
	}
	const limit = 50 * time.Millisecond
	allocator := NewAllocator(store, WithUndoTimeout(limit))
	requests := []Request{
		{Owner: "a", Pools: []string{"pool-1"}}, {Owner: "b", Pools: []string{"pool-3"}}, {Owner: "c", Pools: []string{"pool-2"}},
	}
	failure := make(chan error, 1)
	began := time.Now()
	go func() { _, err := allocator.AllocateAll(t.Context(), requests...); failure <- err }()
	select {
	case err := <-failure:
		require.ErrorIs(t, err, ErrNoEligiblePool)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, `10.1.0.2 is kept by "a"`)
		require.ErrorContains(t, err, `10.3.0.2 is kept by "b"`)
		assert.GreaterOrEqual(t, time.Since(began), limit)
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for a store that does not answer")
	}

	answers.Store(true)
	lease, err := allocator.Allocate(t.Context(), requests[0])
	require.NoError(t, err)
	assert.Equal(t, addr("10.1.0.2"), lease.Address, "what could not be given back is found again by its owner")
}

// A caller that leaves in between leaves no address behind.
func TestAllocateAllGivesBackAfterItsCallerLeft(t *testing.T) {
	store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 2), simplePool(t, 2, 2))}
	ctx, leave := context.WithCancel(t.Context())
	store.onUpdate = func(_ context.Context, pool Pool) error {
		if pool.Name == "pool-2" {
			leave()
			return ctx.Err()
		}
		return nil
	}
	_, err := NewAllocator(store).AllocateAll(ctx,
		Request{Owner: "a", Pools: []string{"pool-1"}}, Request{Owner: "b", Pools: []string{"pool-2"}})
	require.ErrorIs(t, err, context.Canceled)
	after, err := store.Get(t.Context(), "pool-1")
	require.NoError(t, err)
	assert.Empty(t, after.Allocated)
}

// What a store has put right is written, even by a request that takes nothing.
func TestAnAmendedPoolIsWritten(t *testing.T) {
	pool := simplePool(t, 1, 4)
	pool.Allocated, pool.Amended = owned("10.1.0.3", "a"), true
	store := &hookStore{MemoryStore: NewMemoryStore(pool)}
	lease, err := NewAllocator(store).Allocate(t.Context(), Request{Owner: "a", Pools: []string{"pool-1"}})
	require.NoError(t, err)
	assert.Equal(t, addr("10.1.0.3"), lease.Address)
	assert.Equal(t, int64(1), store.updates.Load())
}
