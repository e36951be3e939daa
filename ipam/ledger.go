package ipam

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Ledger is a pool opened for many decisions in a row, with an index by owner and one of the addresses in use. To open
// it takes time by the addresses in use; to allocate, find and release afterwards takes time by the logarithm of that at
// most, and no memory beside the pool and its indexes. It does no I/O and is not safe for concurrent use.
type Ledger struct {
	pool   Pool
	now    time.Time
	set    rangeSet
	setErr error
	// held and former are the addresses that owners hold, and held last.
	held, former ownerIndex
	// busy are the addresses that are held or rest. It is made when the first new address is looked for.
	busy *addrSet
	// changed tells whether the pool must be written back.
	changed bool
}

// Open returns a ledger over a pool, whose maps it changes from then on. Now is the time of all that is done with it.
func Open(pool Pool, now time.Time) *Ledger { return openLedger(pool, now, nil) }

// openLedger limits the index by owner to the wanted ones, so that a batch of requests needs memory for its own owners
// only. Nil means all.
func openLedger(pool Pool, now time.Time, wanted []string) *Ledger {
	l := &Ledger{pool: pool, now: now, changed: pool.Amended}
	l.set, l.setErr = resolveAll(pool.Ranges, pool.Excluded)
	var only map[string]struct{}
	if wanted != nil {
		only = make(map[string]struct{}, len(wanted))
		for _, owner := range wanted {
			only[owner] = struct{}{}
		}
	}
	l.held, l.former = indexOwners(pool.Allocated, only), indexOwners(pool.History, only)
	return l
}

func (l *Ledger) nextFree() (netip.Addr, bool) {
	if l.busy == nil {
		l.busy = &addrSet{}
		for addr := range l.pool.Allocated {
			l.busy.add(addr)
		}
		for addr, released := range l.pool.Released {
			if l.pool.rests(released, l.now) {
				l.busy.add(addr)
			}
		}
	}
	return l.set.nextFree(l.pool.LastAllocated, l.busy)
}

// Pool is the pool as it is now, ready to be written. It shares its maps with the ledger.
func (l *Ledger) Pool() Pool {
	l.forgetRested()
	return l.pool
}

// Changed tells whether the pool must be written: anything was allocated or released since the ledger was opened, or the
// pool was Amended.
func (l *Ledger) Changed() bool { return l.changed }

// Find returns the address that the first of the owners that holds one has.
func (l *Ledger) Find(owners ...string) (Lease, bool) {
	for _, owner := range owners {
		if addr, ok := l.held.lowest(owner); ok {
			return l.lease(addr), true
		}
	}
	return Lease{}, false
}

func (l *Ledger) lease(addr netip.Addr) Lease {
	lease := Lease{Pool: l.pool.Name, Address: addr}
	if r, ok := l.set.holding(addr); ok {
		lease.Subnet, lease.Gateway = r.Subnet, r.Gateway
	}
	return lease
}

// Allocate decides as [Decide] does, and records the decision in the pool.
func (l *Ledger) Allocate(req Request) (lease Lease, fresh bool, err error) {
	lease, fresh, err = l.decide(req)
	if err != nil || !fresh {
		return lease, false, err
	}
	if l.pool.Allocated == nil {
		l.pool.Allocated = make(map[netip.Addr]string)
	}
	l.pool.Allocated[lease.Address] = req.Owner
	l.held.add(req.Owner, lease.Address)
	if l.busy != nil {
		l.busy.add(lease.Address)
	}
	// Left in place, the entry would make the load balancer that held the address before ask for it for ever.
	if former, known := l.pool.History[lease.Address]; known {
		l.former.remove(former, lease.Address)
		delete(l.pool.History, lease.Address)
	}
	delete(l.pool.Released, lease.Address)
	l.pool.LastAllocated = lease.Address
	l.changed = true
	return lease, true, nil
}

// Release moves an address to the history under the name that held it, which must be one of the owners: else the error
// is ErrNotOwner. An address that no one holds is released already.
func (l *Ledger) Release(addr netip.Addr, owners ...string) error {
	holder, ok := l.pool.Allocated[addr]
	if !ok {
		return nil
	}
	if !slices.Contains(owners, holder) {
		return fmt.Errorf("%w: %s belongs to %q", ErrNotOwner, addr, holder)
	}
	delete(l.pool.Allocated, addr)
	l.held.remove(holder, addr)
	if l.pool.History == nil {
		l.pool.History = make(map[netip.Addr]string)
	}
	if former, known := l.pool.History[addr]; known {
		l.former.remove(former, addr)
	}
	l.pool.History[addr] = holder
	l.former.add(holder, addr)
	l.rest(addr)
	l.changed = true
	return nil
}

// rest notes when an address was released, where that matters.
func (l *Ledger) rest(addr netip.Addr) {
	if l.pool.ReuseGrace <= 0 {
		if l.busy != nil {
			l.busy.remove(addr)
		}
		return
	}
	if l.pool.Released == nil {
		l.pool.Released = make(map[netip.Addr]time.Time)
	}
	l.pool.Released[addr] = l.now
}

// forgetRested keeps no more notes than there were releases within the grace period.
func (l *Ledger) forgetRested() {
	for addr, released := range l.pool.Released {
		if !l.pool.rests(released, l.now) {
			delete(l.pool.Released, addr)
		}
	}
}
