package ipam

import (
	"context"
	"errors"
	"fmt"
)

// AllocateAll gets the addresses of one machine that has several network cards: all of them, or none. Each card is a
// request of its own, with an owner of its own; they may name the same pools. The leases are in the order of the
// requests.
//
// If one request fails, the addresses that this call took are released, those that were held before are kept, and the
// error is the one of [Allocator.Allocate], joined with what went wrong on the way back. Two requests of one owner are
// ErrInvalidRequest.
func (a *Allocator) AllocateAll(ctx context.Context, requests ...Request) ([]Lease, error) {
	owners := make(map[string]struct{}, len(requests))
	for _, req := range requests {
		owners[req.Owner] = struct{}{}
	}
	if len(owners) < len(requests) {
		return nil, fmt.Errorf("%w: two requests have the same owner", ErrInvalidRequest)
	}
	leases := make([]Lease, 0, len(requests))
	undo := make([]func(context.Context) error, 0, len(requests))
	for _, req := range requests {
		result := a.allocate(ctx, req)
		if result.err != nil {
			failures := []error{result.err}
			for _, giveBack := range undo {
				failures = append(failures, giveBack(context.WithoutCancel(ctx)))
			}
			return nil, errors.Join(failures...)
		}
		if result.fresh {
			undo = append(undo, func(ctx context.Context) error {
				return a.Release(ctx, result.lease.Pool, result.lease.Address, req.Owner)
			})
		}
		leases = append(leases, result.lease)
	}
	return leases, nil
}
