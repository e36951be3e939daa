package ipam

import (
	"fmt"
	"net/netip"
)

// Decide says which address the pool gives to a request, without changing the pool: the one the owner holds already,
// else the explicit address, else the one the owner held last if it is still free, else the next free one after
// LastAllocated. Fresh is false when the owner holds it already. Request.Pools plays no part.
//
// An error is ErrExhausted, ErrUnavailable, ErrNoEligiblePool, ErrInvalidRange or ErrInvalidRequest.
func Decide(p Pool, req Request) (lease Lease, fresh bool, err error) {
	if err := req.validate(); err != nil {
		return Lease{}, false, err
	}
	return openLedger(p, req.owners()).decide(req)
}

func (l *ledger) decide(req Request) (lease Lease, fresh bool, err error) {
	if !l.serves(req.Network) {
		return Lease{}, false, fmt.Errorf("%w: it serves network %q, not %q", ErrNoEligiblePool, l.pool.Network, req.Network)
	}
	if held, ok := l.find(req.owners()); ok {
		if req.Address.IsValid() && req.Address != held.Address {
			return Lease{}, false, fmt.Errorf("%w: %s was asked for, but the owner holds %s",
				ErrUnavailable, req.Address, held.Address)
		}
		return held, false, nil
	}
	if l.setErr != nil {
		return Lease{}, false, l.setErr
	}
	if len(l.set) == 0 {
		return Lease{}, false, fmt.Errorf("%w: it has no ranges", ErrNoEligiblePool)
	}
	if req.Address.IsValid() {
		return l.explicit(req.Address)
	}
	if addr, ok := l.formerOf(req.owners()); ok {
		return l.lease(addr), true, nil
	}
	addr, ok := l.set.nextFree(l.pool.LastAllocated, l.taken)
	if !ok {
		return Lease{}, false, fmt.Errorf("%w: all %s addresses are allocated", ErrExhausted, l.set.size())
	}
	return l.lease(addr), true, nil
}

// serves lets a pool without a network serve every network: the user named the pool, so no selection is needed.
func (l *ledger) serves(network string) bool {
	return network == "" || l.pool.Network == "" || l.pool.Network == network
}

func (l *ledger) taken(addr netip.Addr) bool {
	_, taken := l.pool.Allocated[addr]
	return taken
}

func (l *ledger) explicit(addr netip.Addr) (lease Lease, fresh bool, err error) {
	if holder, taken := l.pool.Allocated[addr]; taken {
		return Lease{}, false, fmt.Errorf("%w: %s is held by %q", ErrUnavailable, addr, holder)
	}
	if l.set.contains(addr) {
		return l.lease(addr), true, nil
	}
	if l.set.indexOf(addr) >= 0 {
		return Lease{}, false, fmt.Errorf("%w: %s is the gateway of its range", ErrUnavailable, addr)
	}
	return Lease{}, false, fmt.Errorf("%w: %s is in none of its ranges", ErrNoEligiblePool, addr)
}

// formerOf is the address that one of the owners held last, unless somebody has it now or the ranges no longer do.
func (l *ledger) formerOf(owners []string) (netip.Addr, bool) {
	for _, owner := range owners {
		addr, ok := lookup(owner, l.former, l.pool.History)
		if ok && l.set.contains(addr) && !l.taken(addr) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}
