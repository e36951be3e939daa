package ipam

import (
	"fmt"
	"net/netip"
	"slices"
)

// ledger is a pool opened for decisions on behalf of a known set of owners. It finds their entries in one pass over the
// pool, and so needs memory for those owners only, not for a copy of the pool.
type ledger struct {
	pool   Pool
	set    rangeSet
	setErr error
	// held and former map the known owners to the lowest address they hold, or held last. An entry may be stale after
	// a change; lookups verify it against the pool.
	held, former map[string]netip.Addr
	// changed tells whether the pool must be written back.
	changed bool
}

func openLedger(pool Pool, owners []string) *ledger {
	l := &ledger{pool: pool, held: make(map[string]netip.Addr, len(owners)), former: make(map[string]netip.Addr)}
	l.set, l.setErr = resolveAll(pool.Ranges)
	wanted := make(map[string]struct{}, len(owners))
	for _, owner := range owners {
		wanted[owner] = struct{}{}
	}
	collect(pool.Allocated, wanted, l.held)
	collect(pool.History, wanted, l.former)
	return l
}

// collect keeps the lowest address per owner, so that the outcome does not depend on the order of a map.
func collect(entries map[netip.Addr]string, wanted map[string]struct{}, into map[string]netip.Addr) {
	for addr, owner := range entries {
		if _, ok := wanted[owner]; !ok {
			continue
		}
		if known, ok := into[owner]; !ok || addr.Less(known) {
			into[owner] = addr
		}
	}
}

// lookup answers from the index, and goes through the entries again only where a change made the index stale.
func lookup(owner string, index map[string]netip.Addr, entries map[netip.Addr]string) (netip.Addr, bool) {
	addr, ok := index[owner]
	if !ok {
		return netip.Addr{}, false
	}
	if entries[addr] == owner {
		return addr, true
	}
	delete(index, owner)
	collect(entries, map[string]struct{}{owner: {}}, index)
	addr, ok = index[owner]
	return addr, ok
}

// find returns the address that the first of the owners that holds one has.
func (l *ledger) find(owners []string) (Lease, bool) {
	for _, owner := range owners {
		if addr, ok := lookup(owner, l.held, l.pool.Allocated); ok {
			return l.lease(addr), true
		}
	}
	return Lease{}, false
}

func (l *ledger) lease(addr netip.Addr) Lease {
	lease := Lease{Pool: l.pool.Name, Address: addr}
	if r, ok := l.set.holding(addr); ok {
		lease.Subnet, lease.Gateway = r.Subnet, r.Gateway
	}
	return lease
}

// reserve decides and records. It changes the pool only where the decision is a new address.
func (l *ledger) reserve(req Request) (Lease, error) {
	lease, fresh, err := l.decide(req)
	if err != nil || !fresh {
		return lease, err
	}
	if l.pool.Allocated == nil {
		l.pool.Allocated = make(map[netip.Addr]string)
	}
	l.pool.Allocated[lease.Address] = req.Owner
	// Left in place, the entry would make the load balancer that held the address before ask for it for ever.
	delete(l.pool.History, lease.Address)
	l.pool.LastAllocated = lease.Address
	l.held[req.Owner] = lease.Address
	l.changed = true
	return lease, nil
}

// release moves an address to the history under the name that held it.
func (l *ledger) release(addr netip.Addr, owners []string) error {
	holder, ok := l.pool.Allocated[addr]
	if !ok {
		return nil
	}
	if !slices.Contains(owners, holder) {
		return fmt.Errorf("%w: %s belongs to %q", ErrNotOwner, addr, holder)
	}
	delete(l.pool.Allocated, addr)
	if l.pool.History == nil {
		l.pool.History = make(map[netip.Addr]string)
	}
	l.pool.History[addr] = holder
	if known, ok := lookup(holder, l.former, l.pool.History); !ok || addr.Less(known) {
		l.former[holder] = addr
	}
	l.changed = true
	return nil
}
