package ipam

import (
	"fmt"
	"net/netip"
	"slices"
)

// Request asks for one address.
type Request struct {
	// Owner identifies who will hold the address. One owner holds at most one address in the candidate pools: asking
	// again returns the same one. Required.
	Owner string
	// Aliases are other names under which the owner may hold an address already, such as those of an earlier release.
	Aliases []string
	// Pools are the candidates by name, tried in this order. Repeated names count once.
	Pools []string
	// Network leaves out the pools that serve another network. Empty means any; a pool without a network serves all.
	Network string
	// Address asks for this very address. The zero address means any.
	Address netip.Addr
	// InUse says that the owner uses its address already, so that [Allocator.AllocateAll] never gives it back. Whether
	// the pool knows of it does not matter: a pool may have lost its entries.
	InUse bool
}

// Lease is an address that its owner holds.
type Lease struct {
	// Pool is the name of the pool the address came from; Release needs it.
	Pool string
	// Address is what the owner holds.
	Address netip.Addr
	// Subnet is that of the address's range; the zero prefix if the pool no longer has a range around the address.
	Subnet netip.Prefix
	// Gateway is that of the address's range; the zero address if it has none.
	Gateway netip.Addr
}

func (r Request) validate() error {
	if r.Owner == "" {
		return fmt.Errorf("%w: the owner is empty", ErrInvalidRequest)
	}
	return nil
}

// owners are all names under which the address may be held, the present one first.
func (r Request) owners() []string { return append([]string{r.Owner}, r.Aliases...) }

func unique(names []string) []string {
	kept := make([]string, 0, len(names))
	for _, name := range names {
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return kept
}
