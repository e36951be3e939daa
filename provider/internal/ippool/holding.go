package ippool

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// Holding is an address of which an object says that it holds it.
type Holding struct {
	// Pools are the pools that the address may be of. If there are several, its ranges tell which.
	Pools []string
	// Address is what is held.
	Address netip.Addr
	// Owner is the id that the pool is to name.
	Owner string
	// Leaving says that the object is being deleted, so that it may have given the address back already.
	Leaving bool
	// Object is what holds the address, to write an event on. It is not changed. May be nil.
	Object client.Object
}

// Known finds what is known to hold addresses of one Harvester. It is called with every read of a pool and must be cheap,
// except where thorough: then a pool is blank, or has lost entries, and everyone who could hold one is to be asked. An
// error means that this cannot be known; then the pool gives no address.
type Known func(ctx context.Context, thorough bool) ([]Holding, error)

// Complete enters holdings that a pool has lost, as when it was restored or replaced without its status, and returns which.
// An address that the pool says another owner holds stays that owner's. The first of several that hold one address counts.
func Complete(pool *ipam.Pool, known []Holding) []Holding {
	var entered []Holding
	for _, holding := range known {
		if !holding.isOf(*pool) {
			continue
		}
		if _, held := pool.Allocated[holding.Address]; held {
			continue
		}
		if _, released := pool.History[holding.Address]; released && holding.Leaving {
			continue
		}
		pool.Allocated[holding.Address] = holding.Owner
		delete(pool.History, holding.Address)
		delete(pool.Released, holding.Address)
		entered = append(entered, holding)
	}
	pool.Amended = pool.Amended || len(entered) > 0
	slices.SortFunc(entered, func(a, b Holding) int { return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(a.Owner, b.Owner)) })
	return entered
}

func (h Holding) isOf(pool ipam.Pool) bool {
	if !h.Address.IsValid() || !slices.Contains(h.Pools, pool.Name) {
		return false
	}
	return len(h.Pools) == 1 || slices.ContainsFunc(pool.Ranges, func(r ipam.Range) bool { return r.Contains(h.Address) })
}

// Lost are the holdings of which a pool does not say that their owners hold them. What is being deleted may have given its
// address back, and is left out; so is everything if the pool cannot be read.
func Lost(object *lbv1.IPPool, known []Holding) []Holding {
	pool, err := FromTyped(object)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(known), func(h Holding) bool {
		return h.Leaving || !h.isOf(pool) || pool.Allocated[h.Address] == h.Owner
	})
}

// blank tells whether a pool looks as if nothing was ever taken from it: it is new, or has lost its status.
func blank(pool ipam.Pool) bool {
	return len(pool.Allocated) == 0 && len(pool.History) == 0 && !pool.LastAllocated.IsValid()
}
