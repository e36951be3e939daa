package ipam

import (
	"net/netip"
	"slices"
)

// ownerIndex finds the addresses of an owner. It may be limited to the owners that someone is going to ask for.
type ownerIndex struct {
	// wanted, when not nil, are the only owners that are kept.
	wanted map[string]struct{}
	// first is each owner's lowest address, and more are the others, in ascending order. Hardly any owner has more.
	first map[string]netip.Addr
	more  map[string][]netip.Addr
}

func indexOwners(entries map[netip.Addr]string, wanted map[string]struct{}) ownerIndex {
	size := len(entries)
	if wanted != nil {
		size = min(size, len(wanted))
	}
	index := ownerIndex{wanted: wanted, first: make(map[string]netip.Addr, size)}
	for addr, owner := range entries {
		index.add(owner, addr)
	}
	return index
}

func (x *ownerIndex) add(owner string, addr netip.Addr) {
	if x.wanted != nil {
		if _, ok := x.wanted[owner]; !ok {
			return
		}
	}
	first, known := x.first[owner]
	if !known {
		x.first[owner] = addr
		return
	}
	if addr.Less(first) {
		x.first[owner], addr = addr, first
	}
	if x.more == nil {
		x.more = make(map[string][]netip.Addr)
	}
	more := x.more[owner]
	at, _ := slices.BinarySearchFunc(more, addr, netip.Addr.Compare)
	x.more[owner] = slices.Insert(more, at, addr)
}

func (x *ownerIndex) remove(owner string, addr netip.Addr) {
	first, known := x.first[owner]
	if !known {
		return
	}
	more := x.more[owner]
	switch at, found := slices.BinarySearchFunc(more, addr, netip.Addr.Compare); {
	case found:
		more = slices.Delete(more, at, at+1)
	case addr != first:
		return
	case len(more) == 0:
		delete(x.first, owner)
		return
	default:
		x.first[owner], more = more[0], more[1:]
	}
	if len(more) > 0 {
		x.more[owner] = more
	} else {
		delete(x.more, owner)
	}
}

// lowest is the lowest address of an owner.
func (x *ownerIndex) lowest(owner string) (netip.Addr, bool) {
	addr, known := x.first[owner]
	return addr, known
}
