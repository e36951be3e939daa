package ipam

import (
	"fmt"
	"net/netip"
	"time"
)

// Decide says which address the pool gives to a request at a time, without changing the pool: the one the owner holds
// already, else the explicit address, else the one the owner held last if it is still free, else the next free one after
// LastAllocated that does not rest, else the one that has rested longest. Fresh is false when the owner holds it already.
// Request.Pools plays no part.
//
// An error is ErrExhausted, ErrUnavailable, ErrNoEligiblePool, ErrInvalidRange or ErrInvalidRequest. For many decisions
// on one pool, use a [Ledger].
func Decide(p Pool, req Request, now time.Time) (lease Lease, fresh bool, err error) {
	if err := req.validate(); err != nil {
		return Lease{}, false, err
	}
	return openLedger(p, now, req.owners()).decide(req)
}

func (l *Ledger) decide(req Request) (lease Lease, fresh bool, err error) {
	if err := req.validate(); err != nil {
		return Lease{}, false, err
	}
	if !l.serves(req.Network) {
		return Lease{}, false, fmt.Errorf("%w: it serves network %q, not %q", ErrNoEligiblePool, l.pool.Network, req.Network)
	}
	if held, ok := l.heldBy(req); ok {
		if req.Address.IsValid() && req.Address != held.Address {
			return Lease{}, false, holdsAnother(req.Address, held.Address)
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
	if addr, ok := l.formerOf(req); ok {
		return l.lease(addr), true, nil
	}
	if addr, ok := l.nextFree(); ok {
		return l.lease(addr), true, nil
	}
	if addr, ok := l.longestRested(); ok {
		return l.lease(addr), true, nil
	}
	return Lease{}, false, fmt.Errorf("%w: all %s addresses are allocated", ErrExhausted, l.set.size())
}

func holdsAnother(asked, held netip.Addr) error {
	return fmt.Errorf("%w: %s was asked for, but the owner holds %s", ErrUnavailable, asked, held)
}

// serves lets a pool without a network serve every network: the user named the pool, so no selection is needed.
func (l *Ledger) serves(network string) bool {
	return network == "" || l.pool.Network == "" || l.pool.Network == network
}

func (l *Ledger) heldBy(req Request) (Lease, bool) {
	if lease, ok := l.Find(req.Owner); ok || len(req.Aliases) == 0 {
		return lease, ok
	}
	return l.Find(req.Aliases...)
}

func (l *Ledger) explicit(addr netip.Addr) (lease Lease, fresh bool, err error) {
	if holder, taken := l.pool.Allocated[addr]; taken {
		return Lease{}, false, fmt.Errorf("%w: %s is held by %q", ErrUnavailable, addr, holder)
	}
	if l.set.usable(addr) {
		return l.lease(addr), true, nil
	}
	at := l.set.indexOf(addr)
	switch {
	case at < 0:
		return Lease{}, false, fmt.Errorf("%w: %s is in none of its ranges", ErrNoEligiblePool, addr)
	case l.set[at].Gateway == addr:
		return Lease{}, false, fmt.Errorf("%w: %s is the gateway of its range", ErrUnavailable, addr)
	default:
		return Lease{}, false, fmt.Errorf("%w: %s is excluded", ErrUnavailable, addr)
	}
}

// formerOf is the address that one of the owners held last, unless someone has it now or the pool no longer gives it.
// It may rest: it does so for others.
func (l *Ledger) formerOf(req Request) (netip.Addr, bool) {
	if addr, ok := l.formerOfOne(req.Owner); ok {
		return addr, true
	}
	for _, alias := range req.Aliases {
		if addr, ok := l.formerOfOne(alias); ok {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

func (l *Ledger) formerOfOne(owner string) (netip.Addr, bool) {
	addr, ok := l.former.lowest(owner)
	if !ok || !l.set.usable(addr) {
		return netip.Addr{}, false
	}
	_, taken := l.pool.Allocated[addr]
	return addr, !taken
}

// longestRested is the address that has rested longest, the lowest of several: what is given when there is no choice.
func (l *Ledger) longestRested() (found netip.Addr, ok bool) {
	var since time.Time
	for addr, released := range l.pool.Released {
		if _, taken := l.pool.Allocated[addr]; taken || !l.set.usable(addr) {
			continue
		}
		if !ok || released.Before(since) || released.Equal(since) && addr.Less(found) {
			found, since, ok = addr, released, true
		}
	}
	return found, ok
}
