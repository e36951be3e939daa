package ipam

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
)

// rangeSet holds the resolved ranges of one pool in the order in which they are used.
type rangeSet []Range

func resolveAll(ranges []Range) (rangeSet, error) {
	set := make(rangeSet, 0, len(ranges))
	var invalid []error
	for i, r := range ranges {
		resolved, err := r.Resolve()
		if err != nil {
			invalid = append(invalid, fmt.Errorf("range %d: %w", i, err))
			continue
		}
		set = append(set, resolved)
	}
	if len(invalid) > 0 {
		return nil, errors.Join(invalid...)
	}
	return set, nil
}

// indexOf is the first range that spans addr, its gateway included; -1 if none does.
func (s rangeSet) indexOf(addr netip.Addr) int {
	for i, r := range s {
		if r.spans(addr) {
			return i
		}
	}
	return -1
}

// holding is the range that an address belongs to: the one that spans it, else one whose subnet has it, since ranges may
// have been narrowed after the address was given.
func (s rangeSet) holding(addr netip.Addr) (Range, bool) {
	if i := s.indexOf(addr); i >= 0 {
		return s[i], true
	}
	for _, r := range s {
		if r.Subnet.Contains(addr) {
			return r, true
		}
	}
	return Range{}, false
}

func (s rangeSet) contains(addr netip.Addr) bool {
	for _, r := range s {
		if r.Contains(addr) {
			return true
		}
	}
	return false
}

func (s rangeSet) size() *big.Int {
	size := new(big.Int)
	for _, r := range s {
		size.Add(size, r.Size())
	}
	return size
}

// nextFree goes round all ranges once, beginning with the address after last, or with the first range where last is in
// none. It looks at no more addresses than are taken, plus one gateway per range, however large the ranges are.
func (s rangeSet) nextFree(last netip.Addr, taken func(netip.Addr) bool) (netip.Addr, bool) {
	begin := 0
	if at := s.indexOf(last); at >= 0 {
		if r := s[at]; last != r.End {
			if addr, ok := r.firstFree(last.Next(), r.End, taken); ok {
				return addr, true
			}
		}
		begin = at + 1
	}
	for i := range s {
		r := s[(begin+i)%len(s)]
		if addr, ok := r.firstFree(r.Start, r.End, taken); ok {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

func (r Range) firstFree(from, to netip.Addr, taken func(netip.Addr) bool) (netip.Addr, bool) {
	for addr := from; ; addr = addr.Next() {
		if addr != r.Gateway && !taken(addr) {
			return addr, true
		}
		if addr == to {
			return netip.Addr{}, false
		}
	}
}
