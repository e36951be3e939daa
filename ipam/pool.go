package ipam

import (
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"time"

	"go4.org/netipx"
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
	// Excluded are addresses that the pool does not give, nor count. Whoever holds one of them keeps it.
	Excluded []netipx.IPRange
	// ReuseGrace is how long a released address rests before another owner gets it, as long as there is another one to
	// give. Its former owner, and whoever asks for this very address, need not wait. Zero means no rest.
	ReuseGrace time.Duration
	// Allocated says who holds which address.
	Allocated map[netip.Addr]string
	// History says who held an address last, for addresses that no one holds.
	History map[netip.Addr]string
	// Released says since when an address rests. It is kept only where there is a ReuseGrace, and only as long as that.
	Released map[netip.Addr]time.Time
	// LastAllocated is where the round robin stands; the zero address before the first allocation.
	LastAllocated netip.Addr
	// Amended says that the store completed what it read, as by an entry that the pool had lost: the pool is written even
	// if nothing else changes.
	Amended bool
	// Version is the store's token for compare and swap. Only the store reads it.
	Version any
}

// Total is the number of addresses the pool can give: without gateways, nor what is excluded. An invalid range counts as
// zero.
func (p Pool) Total() *big.Int {
	total := new(big.Int)
	for _, r := range p.Ranges {
		if set, err := resolveAll([]Range{r}, p.Excluded); err == nil {
			total.Add(total, set.size())
		}
	}
	return total
}

// Available is Total less the allocated addresses. It is negative if more is allocated than the ranges hold, which
// happens when ranges were narrowed.
func (p Pool) Available() *big.Int {
	return new(big.Int).Sub(p.Total(), big.NewInt(int64(len(p.Allocated))))
}

// rests tells whether an address that was released then may not yet be given to another owner now. A time to come is a
// clock that was wrong, and is not waited for.
func (p Pool) rests(released, now time.Time) bool {
	age := now.Sub(released)
	return age >= 0 && age < p.ReuseGrace
}

// Clone returns a copy that shares no map and no slice with p. The Version is copied as it is.
func (p Pool) Clone() Pool {
	p.Ranges = slices.Clone(p.Ranges)
	p.Excluded = slices.Clone(p.Excluded)
	p.Allocated = maps.Clone(p.Allocated)
	p.Released = maps.Clone(p.Released)
	p.History = maps.Clone(p.History)
	return p
}
