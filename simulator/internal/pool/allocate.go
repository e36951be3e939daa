package pool

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/iprange"
)

// Errors of Allocate, with upstream's wording where a client may look at it.
var (
	// ErrDuplicate: the id holds an address of the pool already.
	ErrDuplicate = errors.New("duplicate allocation is not allowed")
	// ErrTaken: the address the id had before is held by another.
	ErrTaken = errors.New("requested IP address is not available in range set")
	// ErrExhausted: no address is left.
	ErrExhausted = errors.New("no IP addresses available in range set")
)

// Lease is an address with what surrounds it.
type Lease struct {
	Address netip.Addr
	Range   iprange.Range
}

// Allocate chooses an address for an id and writes it into the pool's status. The address the id released last comes
// first; otherwise it is the next free one after the last allocated. The pool is left as it was when there is an error.
// changed is false when the address was the id's already.
func Allocate(pool *lbv1.IPPool, ranges iprange.Set, id string) (lease Lease, changed bool, err error) {
	if former, ok := formerAddress(pool, id); ok {
		position, inside := ranges.Find(former)
		if holder := pool.Status.Allocated[former.String()]; !inside || holder != "" && holder != id {
			return Lease{}, false, fmt.Errorf("pool %s: address %s: %w", pool.Name, former, ErrTaken)
		}
		return Lease{former, ranges[position]}, Reserve(pool, former, id), nil
	}
	if held, ok := Holding(pool, id); ok {
		return Lease{}, false, fmt.Errorf("%s has been allocated to %s, %w", held, id, ErrDuplicate)
	}
	addr, position, ok := nextFree(pool, ranges)
	if !ok {
		return Lease{}, false, fmt.Errorf("pool %s: %w", pool.Name, ErrExhausted)
	}
	return Lease{addr, ranges[position]}, Reserve(pool, addr, id), nil
}

// formerAddress is the address that the id released; the lowest if it released several.
func formerAddress(pool *lbv1.IPPool, id string) (netip.Addr, bool) {
	return lowest(pool.Status.AllocatedHistory, id)
}

// Holding returns the address of the pool that an id holds.
func Holding(pool *lbv1.IPPool, id string) (netip.Addr, bool) {
	return lowest(pool.Status.Allocated, id)
}

func lowest(holders map[string]string, id string) (netip.Addr, bool) {
	var found []netip.Addr
	for text, holder := range holders {
		if addr, err := netip.ParseAddr(text); err == nil && holder == id {
			found = append(found, addr)
		}
	}
	if len(found) == 0 {
		return netip.Addr{}, false
	}
	return slices.MinFunc(found, netip.Addr.Compare), true
}

// Reserve enters an allocation. It returns false when the id held the address already.
func Reserve(pool *lbv1.IPPool, addr netip.Addr, id string) bool {
	text := addr.String()
	if pool.Status.Allocated[text] == id {
		return false
	}
	if pool.Status.Allocated == nil {
		pool.Status.Allocated = map[string]string{}
	}
	delete(pool.Status.AllocatedHistory, text)
	pool.Status.Allocated[text] = id
	pool.Status.LastAllocated = text
	pool.Status.Available--
	return true
}

// Release takes back the address that an id holds. It returns false when it holds none.
func Release(pool *lbv1.IPPool, id string) bool {
	addr, ok := Holding(pool, id)
	if !ok {
		return false
	}
	if pool.Status.AllocatedHistory == nil {
		pool.Status.AllocatedHistory = map[string]string{}
	}
	pool.Status.AllocatedHistory[addr.String()] = id
	delete(pool.Status.Allocated, addr.String())
	pool.Status.Available++
	return true
}

// nextFree walks all ranges once, from the address after the last allocated one.
func nextFree(pool *lbv1.IPPool, ranges iprange.Set) (netip.Addr, int, bool) {
	if len(ranges) == 0 {
		return netip.Addr{}, 0, false
	}
	position, addr := 0, ranges[0].Start
	if last, err := netip.ParseAddr(pool.Status.LastAllocated); err == nil {
		if at, ok := ranges.Find(last); ok {
			position, addr = after(ranges, at, last)
		}
	}
	first := addr
	for {
		if addr != ranges[position].Gateway && pool.Status.Allocated[addr.String()] == "" {
			return addr, position, true
		}
		position, addr = after(ranges, position, addr)
		if addr == first {
			return netip.Addr{}, 0, false
		}
	}
}

// after is the address that follows one, in the next range if need be.
func after(ranges iprange.Set, position int, addr netip.Addr) (int, netip.Addr) {
	if addr == ranges[position].End {
		position = (position + 1) % len(ranges)
		return position, ranges[position].Start
	}
	return position, addr.Next()
}

// Recount computes the counters and prunes the history, as the controller does when it meets a pool or its ranges
// changed. Drift between counters and allocations is mended by nothing else.
func Recount(pool *lbv1.IPPool, ranges iprange.Set) {
	pool.Status.Total = ranges.Count()
	pool.Status.Available = pool.Status.Total - int64(len(pool.Status.Allocated))
	maps.DeleteFunc(pool.Status.AllocatedHistory, func(text, _ string) bool {
		addr, err := netip.ParseAddr(text)
		return err != nil || !ranges.Contains(addr)
	})
}
