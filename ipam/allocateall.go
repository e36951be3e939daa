package ipam

import (
	"context"
	"errors"
	"fmt"
)

// AllocateAll gets the addresses of one machine that has several network interfaces: all of them, or none. Each
// interface is a request of its own, with an owner of its own; they may name the same pools. The leases are in the order
// of the requests.
//
// Nothing is taken while it can be foreseen that one request fails, so that a machine that waits writes nothing. If one
// fails all the same, the addresses that this call took are released, those that were held before are kept, and the
// error is the one of [Allocator.Allocate], joined with what went wrong on the way back. That is done even when ctx has
// ended, for [WithUndoTimeout] at most: what could not be given back by then stays with its owner, who gets it when asking
// again. Two requests of one owner are ErrInvalidRequest.
//
// Requests with InUse come first, each for itself: whatever becomes of the others, such an address is kept. If one of
// them fails, requests without InUse are not tried.
func (a *Allocator) AllocateAll(ctx context.Context, requests ...Request) ([]Lease, error) {
	owners := make(map[string]struct{}, len(requests))
	for _, req := range requests {
		owners[req.Owner] = struct{}{}
	}
	if len(owners) < len(requests) {
		return nil, fmt.Errorf("%w: two requests have the same owner", ErrInvalidRequest)
	}

	leases := make([]Lease, len(requests))
	var failures []error
	var wanted []int
	for i, req := range requests {
		if !req.InUse {
			wanted = append(wanted, i)
			continue
		}
		result := a.allocate(ctx, req)
		leases[i] = result.lease
		failures = append(failures, result.err)
	}
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}

	if err := a.allocateTogether(ctx, requests, wanted, leases); err != nil {
		return nil, err
	}
	return leases, nil
}

// allocateTogether fills in the leases of the wanted requests: of all, or of none.
func (a *Allocator) allocateTogether(ctx context.Context, requests []Request, wanted []int, leases []Lease) error {
	if err := a.foresee(ctx, requests, wanted); err != nil {
		return err
	}
	taken := make([]holding, 0, len(wanted))
	for _, i := range wanted {
		req := requests[i]
		result := a.allocate(ctx, req)
		if result.err != nil {
			return errors.Join(result.err, a.giveBack(ctx, taken))
		}
		if result.fresh {
			taken = append(taken, holding{result.lease, req.Owner})
		}
		leases[i] = result.lease
	}
	return nil
}

// holding is an address that this call took, and for whom.
type holding struct {
	lease Lease
	owner string
}

// giveBack releases addresses, whether or not ctx has ended, but not for ever: a store that does not answer would hold the
// caller, and with it whoever waits for its end.
func (a *Allocator) giveBack(ctx context.Context, taken []holding) error {
	if len(taken) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.undo)
	defer cancel()

	var failures []error
	for _, held := range taken {
		err := a.Release(ctx, held.lease.Pool, held.lease.Address, held.owner)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s is kept by %q, which gets it when asking again: %w", held.lease.Address, held.owner, err))
		}
	}
	return errors.Join(failures...)
}
