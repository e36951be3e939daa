package ipam

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// simplePool holds count addresses from 10.<index>.0.2 on.
func simplePool(tb testing.TB, index, count int) Pool {
	tb.Helper()
	first := netip.AddrFrom4([4]byte{10, byte(index), 0, 2})
	last := first
	for range count - 1 {
		last = last.Next()
	}
	subnet := fmt.Sprintf("10.%d.0.0/16", index)
	return Pool{Name: fmt.Sprintf("pool-%d", index), Ranges: []Range{mustRange(tb, subnet, first.String(), last.String(), "")}}
}

func vm(i int) string { return fmt.Sprintf("ns/vm-%d.caphv", i) }

func TestFallbackNamesThePoolAndEveryReason(t *testing.T) {
	a, b := simplePool(t, 1, 1), simplePool(t, 2, 1)
	other := simplePool(t, 3, 1)
	other.Network = "default/other"
	allocator := NewAllocator(NewMemoryStore(a, b, other))
	pools := []string{"pool-1", "absent", "pool-3", "pool-2", "pool-1"}
	for i, want := range []string{"pool-1", "pool-2"} {
		lease, err := allocator.Allocate(t.Context(), Request{Owner: vm(i), Pools: pools, Network: "default/mine"})
		require.NoError(t, err)
		assert.Equal(t, want, lease.Pool)
	}
	_, err := allocator.Allocate(t.Context(), Request{Owner: vm(2), Pools: pools, Network: "default/mine"})
	for _, want := range []error{ErrExhausted, ErrPoolNotFound, ErrNoEligiblePool} {
		require.ErrorIs(t, err, want)
	}
	assert.EqualError(t, err, `no address for "ns/vm-2.caphv": address pools exhausted: `+
		`pool "pool-1": address pools exhausted: all 1 addresses are allocated; `+
		`pool "absent": address pool not found: "absent"; `+
		`pool "pool-3": no eligible address pool: it serves network "default/other", not "default/mine"; `+
		`pool "pool-2": address pools exhausted: all 1 addresses are allocated`)
}

func TestRefusalKinds(t *testing.T) {
	pool := simplePool(t, 1, 2)
	pool.Allocated = owned("10.1.0.2", "x")
	allocator := NewAllocator(NewMemoryStore(pool))
	_, err := allocator.Allocate(t.Context(), Request{Owner: "me"})
	require.ErrorIs(t, err, ErrNoEligiblePool)
	require.ErrorContains(t, err, "the request names no pool")
	_, err = allocator.Allocate(t.Context(), Request{Owner: "me", Pools: []string{"absent"}})
	require.ErrorIs(t, err, ErrNoEligiblePool)
	_, err = allocator.Allocate(t.Context(), Request{Owner: "me", Pools: []string{"absent", "pool-1"}, Address: addr("10.1.0.2")})
	require.ErrorIs(t, err, ErrUnavailable)
	_, err = allocator.Allocate(t.Context(), Request{Pools: []string{"pool-1"}})
	require.ErrorIs(t, err, ErrInvalidRequest)
}

func TestRetryFindsTheAddressOfALaterPool(t *testing.T) {
	a, b := simplePool(t, 1, 1), simplePool(t, 2, 1)
	a.Allocated = owned("10.1.0.2", "x")
	allocator := NewAllocator(NewMemoryStore(a, b))
	request := Request{Owner: "me", Pools: []string{"pool-1", "pool-2"}}
	first, err := allocator.Allocate(t.Context(), request)
	require.NoError(t, err)
	require.NoError(t, allocator.Release(t.Context(), "pool-1", addr("10.1.0.2"), "x"))
	again, err := allocator.Allocate(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, first, again, "the first pool has room now, but the owner holds an address in the second")
	request.Address = addr("10.1.0.2")
	_, err = allocator.Allocate(t.Context(), request)
	require.ErrorIs(t, err, ErrUnavailable)
}

func TestUnreadablePoolStopsTheFallback(t *testing.T) {
	down := errors.New("connection refused")
	store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 1), simplePool(t, 2, 1))}
	store.onGet = func(_ context.Context, pool string) error {
		if pool == "pool-1" {
			return down
		}
		return nil
	}
	allocator := NewAllocator(store)
	_, err := allocator.Allocate(t.Context(), Request{Owner: "me", Pools: []string{"pool-1", "pool-2"}})
	require.ErrorIs(t, err, down)
	require.EqualError(t, err, `no address for "me": pool "pool-1": connection refused`)
	_, _, err = allocator.Find(t.Context(), []string{"pool-1"}, "me")
	require.ErrorIs(t, err, down)
	require.ErrorIs(t, allocator.Release(t.Context(), "pool-1", addr("10.1.0.2"), "me"), down)
	assert.Zero(t, store.updates.Load())
}

func TestRelease(t *testing.T) {
	pool := simplePool(t, 1, 2)
	pool.Allocated = owned("10.1.0.2", "old-me", "10.1.0.3", "x")
	store := &hookStore{MemoryStore: NewMemoryStore(pool)}
	allocator := NewAllocator(store)
	err := allocator.Release(t.Context(), "pool-1", addr("10.1.0.3"), "me", "old-me")
	require.ErrorIs(t, err, ErrNotOwner)
	require.EqualError(t, err, `pool "pool-1": address is held by another owner: 10.1.0.3 belongs to "x"`)
	for range 2 {
		require.NoError(t, allocator.Release(t.Context(), "pool-1", addr("10.1.0.2"), "me", "old-me"))
	}
	require.NoError(t, allocator.Release(t.Context(), "absent", addr("10.1.0.2"), "me"))
	assert.EqualValues(t, 1, store.updates.Load(), "a second release writes nothing")
	after, err := store.MemoryStore.Get(t.Context(), "pool-1")
	require.NoError(t, err)
	assert.Equal(t, owned("10.1.0.3", "x"), after.Allocated)
	assert.Equal(t, owned("10.1.0.2", "old-me"), after.History)
}

func TestConcurrentRequestsShareOneReadAndOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const owners = 500
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, owners))}
		first := make(chan struct{})
		store.onGet = func(context.Context, string) error { <-first; return nil }
		allocator := NewAllocator(store)
		leases, failures := make([]Lease, owners), make([]error, owners)
		var wait sync.WaitGroup
		for i := range owners {
			wait.Go(func() {
				leases[i], failures[i] = allocator.Allocate(t.Context(), Request{Owner: vm(i), Pools: []string{"pool-1"}})
			})
		}
		synctest.Wait()
		close(first)
		wait.Wait()
		require.NoError(t, errors.Join(failures...))
		assert.LessOrEqual(t, store.gets.Load(), int64(2))
		assert.LessOrEqual(t, store.updates.Load(), int64(2))
		assertDistinct(t, leases)
		synctest.Wait()
		assert.Empty(t, allocator.lanes.queues, "an idle allocator keeps no lane")
		assert.Empty(t, allocator.owners.gates, "an idle allocator keeps no gate")
	})
}

func TestBatchLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 10))}
		first := make(chan struct{})
		store.onGet = func(context.Context, string) error { <-first; return nil }
		allocator := NewAllocator(store, WithBatch(0))
		order := make([]netip.Addr, 10)
		var wait sync.WaitGroup
		for i := range order {
			wait.Go(func() {
				lease, err := allocator.Allocate(t.Context(), Request{Owner: vm(i), Pools: []string{"pool-1"}})
				assert.NoError(t, err)
				order[i] = lease.Address
			})
			synctest.Wait()
		}
		close(first)
		wait.Wait()
		assert.EqualValues(t, 10, store.updates.Load())
		for i := 1; i < len(order); i++ {
			assert.Equal(t, order[i-1].Next(), order[i], "requests are served in the order in which they came")
		}
	})
}

func TestOneOwnerAskingTwiceAtOnceHoldsOneAddress(t *testing.T) {
	for range 100 {
		store := NewMemoryStore(simplePool(t, 1, 1), simplePool(t, 2, 8))
		allocator := NewAllocator(store)
		blocker, err := allocator.Allocate(t.Context(), Request{Owner: "x", Pools: []string{"pool-1"}})
		require.NoError(t, err)
		leases := make([]Lease, 8)
		var released error
		var wait sync.WaitGroup
		for i := range leases {
			wait.Go(func() {
				if i == 4 {
					released = allocator.Release(t.Context(), blocker.Pool, blocker.Address, "x")
				}
				lease, err := allocator.Allocate(t.Context(), Request{Owner: "me", Pools: []string{"pool-1", "pool-2"}})
				assert.NoError(t, err)
				leases[i] = lease
			})
		}
		wait.Wait()
		require.NoError(t, released)
		for _, lease := range leases {
			require.Equal(t, leases[0], lease)
		}
	}
}

func assertDistinct(t *testing.T, leases []Lease) {
	t.Helper()
	seen := make(map[netip.Addr]int)
	for i, lease := range leases {
		if before, ok := seen[lease.Address]; ok {
			t.Fatalf("%s was given to both %d and %d", lease.Address, before, i)
		}
		seen[lease.Address] = i
	}
}
