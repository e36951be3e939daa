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
// error is the one of [Allocator.Allocate], joined with what went wrong on the way back. Two requests of one owner are
// ErrInvalidRequest.
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
	undo := make([]func(context.Context) error, 0, len(wanted))
	for _, i := range wanted {
		req := requests[i]
		result := a.allocate(ctx, req)
		if result.err != nil {
			failures := []error{result.err}
			for _, giveBack := range undo {
				failures = append(failures, giveBack(context.WithoutCancel(ctx)))
			}
			return errors.Join(failures...)
		}
		if result.fresh {
			undo = append(undo, func(ctx context.Context) error {
				return a.Release(ctx, result.lease.Pool, result.lease.Address, req.Owner)
			})
		}
		leases[i] = result.lease
	}
	return nil
}
