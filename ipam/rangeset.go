package ipam

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// rangeSet holds the resolved ranges of one pool in the order in which they are used.
type rangeSet []usableRange

// usableRange is a range with the runs of addresses in it that may be given: without its gateway, nor what is excluded.
type usableRange struct {
	Range
	// runs are in ascending order and do not touch.
	runs []netipx.IPRange
}

func resolveAll(ranges []Range, excluded []netipx.IPRange) (rangeSet, error) {
	set := make(rangeSet, 0, len(ranges))
	var invalid []error
	for i, r := range ranges {
		resolved, err := r.Resolve()
		if err != nil {
			invalid = append(invalid, fmt.Errorf("range %d: %w", i, err))
			continue
		}
		set = append(set, usableRange{resolved, resolved.runs(excluded)})
	}
	for _, r := range excluded {
		if !r.IsValid() {
			invalid = append(invalid, fmt.Errorf("%w: exclusion %s is no range of addresses", ErrInvalidRange, r))
		}
	}
	if len(invalid) > 0 {
		return nil, errors.Join(invalid...)
	}
	return set, nil
}

func (r Range) runs(excluded []netipx.IPRange) []netipx.IPRange {
	var builder netipx.IPSetBuilder
	builder.AddRange(netipx.IPRangeFrom(r.Start, r.End))
	if r.Gateway.IsValid() {
		builder.Remove(r.Gateway)
	}
	for _, x := range excluded {
		if x.IsValid() {
			builder.RemoveRange(x)
		}
	}
	set, err := builder.IPSet()
	if err != nil { // It speaks of invalid ranges, and none was added.
		return nil
	}
	return set.Ranges()
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
		return s[i].Range, true
	}
	for _, r := range s {
		if r.Subnet.Contains(addr) {
			return r.Range, true
		}
	}
	return Range{}, false
}

// usable tells whether addr may be given to someone new.
func (s rangeSet) usable(addr netip.Addr) bool {
	for _, r := range s {
		if i := r.runAt(addr); i < len(r.runs) && r.runs[i].Contains(addr) {
			return true
		}
	}
	return false
}

// runAt is the run that holds addr, or else the one after it.
func (r usableRange) runAt(addr netip.Addr) int {
	i, _ := slices.BinarySearchFunc(r.runs, addr, func(run netipx.IPRange, addr netip.Addr) int { return run.To().Compare(addr) })
	return i
}

func (s rangeSet) size() *big.Int {
	size, one := new(big.Int), big.NewInt(1)
	for _, r := range s {
		for _, run := range r.runs {
			size.Add(size, new(big.Int).Sub(addrInt(run.To()), addrInt(run.From())))
			size.Add(size, one)
		}
	}
	return size
}

// nextFree goes round all ranges once, beginning with the address after last, or with the first range where last is in
// none.
func (s rangeSet) nextFree(last netip.Addr, busy *addrSet) (netip.Addr, bool) {
	begin := max(s.indexOf(last), 0)
	if len(s) == 0 {
		return netip.Addr{}, false
	}
	from := s[begin].Start
	if s[begin].spans(last) {
		from = last.Next() // Past the end of all addresses it is the zero address, after which no run comes.
		if last == s[begin].End || !from.IsValid() {
			begin = (begin + 1) % len(s)
			from = s[begin].Start
		}
	}
	if addr, ok := s[begin].firstFree(from, busy); ok {
		return addr, true
	}
	// The range of the beginning comes last once more: what precedes from has not been seen.
	for i := range s {
		r := s[(begin+1+i)%len(s)]
		if addr, ok := r.firstFree(r.Start, busy); ok {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

func (r usableRange) firstFree(from netip.Addr, busy *addrSet) (netip.Addr, bool) {
	for _, run := range r.runs[r.runAt(from):] {
		if from.Less(run.From()) {
			from = run.From()
		}
		if addr, ok := busy.firstAbsent(from); ok && run.Contains(addr) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}
