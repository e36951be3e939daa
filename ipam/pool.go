package ipam

import (
	"maps"
	"math/big"
	"net/netip"
	"slices"
)

// Pool is one pool of addresses as it was read from a [Store]. It is a plain value: it does no I/O, and its methods are
// not safe for concurrent use with a writer of its maps.
type Pool struct {
	// Name is the pool's key in its store.
	Name string
	// Network is the network whose machines the pool serves, in the store's own notation; empty means any.
	Network string
	// Ranges are the addresses the pool can give, in the order in which they are used.
	Ranges []Range
	// Allocated says who holds which address.
	Allocated map[netip.Addr]string
	// History says who held an address last, for addresses that nobody holds.
	History map[netip.Addr]string
	// LastAllocated is where the round robin stands; the zero address before the first allocation.
	LastAllocated netip.Addr
	// Version is the store's token for compare and swap. Only the store reads it.
	Version any
}

// Total is the number of addresses the pool can give, gateways excluded; an invalid range counts as zero.
func (p Pool) Total() *big.Int {
	total := new(big.Int)
	for _, r := range p.Ranges {
		if resolved, err := r.Resolve(); err == nil {
			total.Add(total, resolved.Size())
		}
	}
	return total
}

// Available is Total less the allocated addresses. It is negative if more is allocated than the ranges hold, which
// happens when ranges were narrowed.
func (p Pool) Available() *big.Int {
	return new(big.Int).Sub(p.Total(), big.NewInt(int64(len(p.Allocated))))
}

// Clone returns a copy that shares no map and no slice with p. The Version is copied as it is.
func (p Pool) Clone() Pool {
	p.Ranges = slices.Clone(p.Ranges)
	p.Allocated = maps.Clone(p.Allocated)
	p.History = maps.Clone(p.History)
	return p
}
