package ipam

import (
	"context"
	"errors"
	"testing"

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
	assert.Equal(t, owned("10.1.0.2", "vm-a/0"), after.History)

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

func TestAllocateAllSaysWhatItCouldNotGiveBack(t *testing.T) {
	store := &hookStore{MemoryStore: NewMemoryStore(simplePool(t, 1, 2))}
	denied := errors.New("denied by a webhook")
	store.onUpdate = func(context.Context, Pool) error {
		if store.updates.Load() > 1 {
			return denied
		}
		return nil
	}
	_, err := NewAllocator(store).AllocateAll(t.Context(),
		Request{Owner: "a", Pools: []string{"pool-1"}}, Request{Owner: "b", Pools: []string{"absent"}})
	require.ErrorIs(t, err, ErrNoEligiblePool)
	require.ErrorIs(t, err, denied)
}
