package ipam

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Allocator gives addresses to owners and takes them back. It is safe for concurrent use, and several Allocators may
// work on one store, in one process or in many: the store's compare and swap decides between them. Within one Allocator
// the requests that wait for one pool share one read and one write; Allocators that cannot be one can share [Turns].
type Allocator struct {
	store    Store
	attempts int
	pause    func(conflicts int) time.Duration
	now      func() time.Time
	// undo is how long AllocateAll gives back what it took.
	undo time.Duration

	lanes lanes
	// owners has one request for each owner at a time. Otherwise two of them could be given addresses of two different
	// pools, if the first pool fills up or frees up between them.
	owners gates
	turns  *Turns
}

// NewAllocator returns an Allocator over a store.
func NewAllocator(store Store, opts ...Option) *Allocator {
	a := &Allocator{store: store, attempts: defaultAttempts, pause: jittered, now: time.Now, undo: defaultUndo, lanes: lanes{batch: defaultBatch}}
	for _, opt := range opts {
		opt(a)
	}
	return a
}

// Allocate returns the address that the owner holds in one of the candidate pools, or takes one from the first pool that
// can give it. Which address a pool gives is the matter of [Decide].
//
// If no pool can, the error is an [*AllocationError] that names every pool and why. Any other error means that a pool
// could not be read or written; then no further pool is tried, since the owner may hold an address in the one that was
// not seen. When ctx ends, or a write fails without an answer, the address may have been taken all the same: ask again,
// or use Find and Release.
func (a *Allocator) Allocate(ctx context.Context, req Request) (Lease, error) {
	result := a.allocate(ctx, req)
	return result.lease, result.err
}

func (a *Allocator) allocate(ctx context.Context, req Request) outcome {
	if err := req.validate(); err != nil {
		return outcome{err: err}
	}
	req.Pools = unique(req.Pools)
	leave, err := a.owners.enter(ctx, req.Owner)
	if err != nil {
		return outcome{err: fmt.Errorf("no address for %q: %w", req.Owner, err)}
	}
	defer leave()
	if len(req.Pools) > 1 {
		if lease, found, err := a.held(ctx, req); err != nil || found {
			return outcome{lease: lease, err: err}
		}
	}
	refused := &AllocationError{Owner: req.Owner}
	for _, pool := range req.Pools {
		result := a.do(ctx, pool, reserveStep(req))
		if result.err == nil {
			return result
		}
		if !rejects(result.err) {
			return outcome{err: fmt.Errorf("no address for %q: %w", req.Owner, result.err)}
		}
		refused.Pools = append(refused.Pools, inPool(pool, result.err))
	}
	return outcome{err: refused}
}

// held looks for the owner in all candidate pools before any of them gives an address: a retry must find the address
// of the first try even where that came from a later pool.
func (a *Allocator) held(ctx context.Context, req Request) (Lease, bool, error) {
	for _, pool := range req.Pools {
		result := a.do(ctx, pool, findStep(req.Network, req.owners()))
		lease := result.lease
		switch {
		case errors.Is(result.err, ErrPoolNotFound):
			continue
		case result.err != nil:
			return Lease{}, false, fmt.Errorf("no address for %q: %w", req.Owner, result.err)
		case !lease.Address.IsValid():
			continue
		case req.Address.IsValid() && req.Address != lease.Address:
			reason := holdsAnother(req.Address, lease.Address)
			return Lease{}, false, &AllocationError{Owner: req.Owner, Pools: []PoolError{{Pool: pool, Err: reason}}}
		}
		return lease, true, nil
	}
	return Lease{}, false, nil
}

// Release gives back an address that one of the owners holds, and remembers the owner in the pool's history. An address
// that no one holds, or whose pool is gone, is released already: nil. If someone else holds it the error is
// ErrNotOwner and nothing changes.
func (a *Allocator) Release(ctx context.Context, pool string, addr netip.Addr, owners ...string) error {
	err := a.do(ctx, pool, &operation{owners: owners, run: func(book *Ledger) (Lease, bool, error) {
		return Lease{}, false, book.Release(addr, owners...)
	}}).err
	if errors.Is(err, ErrPoolNotFound) {
		return nil
	}
	if err != nil {
		return inPool(pool, err)
	}
	return nil
}

// Find returns the address that the first of the owners holds in the first of the pools that has one of theirs. Pools
// that do not exist are passed over. It writes nothing.
func (a *Allocator) Find(ctx context.Context, pools []string, owners ...string) (Lease, bool, error) {
	for _, pool := range unique(pools) {
		result := a.do(ctx, pool, findStep("", owners))
		switch {
		case errors.Is(result.err, ErrPoolNotFound):
		case result.err != nil:
			return Lease{}, false, result.err
		case result.lease.Address.IsValid():
			return result.lease, true, nil
		}
	}
	return Lease{}, false, nil
}

func reserveStep(req Request) *operation {
	return &operation{owners: req.owners(), run: func(book *Ledger) (Lease, bool, error) {
		return book.Allocate(req)
	}}
}

// findStep answers with the zero Lease where the pool serves another network or none of the owners holds an address.
func findStep(network string, owners []string) *operation {
	return &operation{owners: owners, readOnly: true, run: func(book *Ledger) (Lease, bool, error) {
		if !book.serves(network) {
			return Lease{}, false, nil
		}
		lease, _ := book.Find(owners...)
		return lease, false, nil
	}}
}
