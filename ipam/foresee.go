package ipam

import (
	"context"
	"fmt"
)

// foresee tells with which error the requests would fail, as far as the pools say now. It writes nothing. A single
// request needs no foresight: it takes its address, or none.
func (a *Allocator) foresee(ctx context.Context, requests []Request, wanted []int) error {
	if len(wanted) < 2 {
		return nil
	}
	var owners, pools []string
	for _, i := range wanted {
		owners, pools = append(owners, requests[i].owners()...), append(pools, requests[i].Pools...)
	}
	trial, err := a.trialOf(ctx, unique(pools), owners)
	if err != nil {
		return fmt.Errorf("no address for %q: %w", requests[wanted[0]].Owner, err)
	}
	for _, i := range wanted {
		if err := trial.allocate(requests[i]); err != nil {
			return err
		}
	}
	return nil
}

// trial is a copy of several pools, on which requests can be tried out.
type trial struct {
	ledgers map[string]*Ledger
	// refused says why a pool is not there.
	refused map[string]error
}

// trialOf reads the pools. A pool that refuses is part of the answer; one that cannot be read is an error.
func (a *Allocator) trialOf(ctx context.Context, pools, owners []string) (*trial, error) {
	result := &trial{ledgers: map[string]*Ledger{}, refused: map[string]error{}}
	for _, pool := range pools {
		var copied *Ledger
		err := a.do(ctx, pool, &operation{owners: owners, readOnly: true, run: func(book *Ledger) (Lease, bool, error) {
			copied = openLedger(book.pool.Clone(), book.now, owners)
			return Lease{}, false, nil
		}}).err
		switch {
		case err == nil:
			result.ledgers[pool] = copied
		case rejects(err):
			result.refused[pool] = err
		default:
			return nil, err
		}
	}
	return result, nil
}

// allocate is [Allocator.Allocate] on the copies.
func (t *trial) allocate(req Request) error {
	if err := req.validate(); err != nil {
		return err
	}
	pools := unique(req.Pools)
	for _, pool := range pools {
		ledger, there := t.ledgers[pool]
		if !there || !ledger.serves(req.Network) {
			continue
		}
		lease, held := ledger.Find(req.owners()...)
		switch {
		case !held:
		case req.Address.IsValid() && req.Address != lease.Address:
			return &AllocationError{Owner: req.Owner, Pools: []PoolError{{Pool: pool, Err: holdsAnother(req.Address, lease.Address)}}}
		default:
			return nil
		}
	}

	refused := &AllocationError{Owner: req.Owner}
	for _, pool := range pools {
		err := t.refused[pool]
		if ledger, there := t.ledgers[pool]; there {
			if _, _, err = ledger.Allocate(req); err == nil {
				return nil
			}
		}
		refused.Pools = append(refused.Pools, inPool(pool, err))
	}
	return refused
}
