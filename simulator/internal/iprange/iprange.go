// Package iprange computes with the address ranges of Harvester's IPPools: what a written range means once defaults
// are filled in, what is refused, and what overlaps. Range and Set are values; everything is a pure function.
package iprange

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// ErrInvalid is returned for a range that Harvester would refuse.
var ErrInvalid = errors.New("invalid range")

// Range is a run of addresses with its defaults filled in. Start is not after End. Gateway is the zero Addr for a
// single-address subnet.
type Range struct {
	Subnet              netip.Prefix
	Start, End, Gateway netip.Addr
}

// Set is the ranges of one pool, in the order of the pool.
type Set []Range

// Parse fills in the defaults of a written range and checks it. A start after the end is swapped silently, as
// upstream does.
func Parse(written lbv1.Range) (Range, error) {
	prefix, err := netip.ParsePrefix(written.Subnet)
	if err != nil {
		return Range{}, fmt.Errorf("%w: subnet %q: a valid example is 192.168.1.0/24", ErrInvalid, written.Subnet)
	}
	subnet := prefix.Masked()
	first, last, gateway := defaults(prefix)
	parsed := Range{Subnet: subnet}
	for _, field := range []struct {
		name, text string
		fallback   netip.Addr
		target     *netip.Addr
	}{
		{"range start", written.RangeStart, first, &parsed.Start},
		{"range end", written.RangeEnd, last, &parsed.End},
		{"gateway", written.Gateway, gateway, &parsed.Gateway},
	} {
		if *field.target, err = address(field.text, subnet, field.fallback); err != nil {
			return Range{}, fmt.Errorf("%w: %s: %w", ErrInvalid, field.name, err)
		}
	}
	if parsed.End.Less(parsed.Start) {
		parsed.Start, parsed.End = parsed.End, parsed.Start
	}
	return parsed, nil
}

// ParseAll parses every range of a pool.
func ParseAll(written []lbv1.Range) (Set, error) {
	set := make(Set, 0, len(written))
	for i := range written {
		parsed, err := Parse(written[i])
		if err != nil {
			return nil, err
		}
		set = append(set, parsed)
	}
	return set, nil
}

// defaults are the first and last address and the gateway of a subnet for which none are written.
func defaults(prefix netip.Prefix) (first, last, gateway netip.Addr) {
	subnet := prefix.Masked()
	if prefix.Addr().Is4() && prefix.Bits() == 32 {
		return prefix.Addr(), prefix.Addr(), netip.Addr{}
	}
	last = Broadcast(subnet)
	if last.Is4() {
		last = last.Prev()
	}
	return subnet.Addr().Next(), last, subnet.Addr().Next()
}

// address parses one field; it must lie in the subnet and be neither its network nor its broadcast address.
func address(text string, subnet netip.Prefix, fallback netip.Addr) (netip.Addr, error) {
	if text == "" {
		return fallback, nil
	}
	addr, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return netip.Addr{}, fmt.Errorf("%q is no IP address", text)
	case !subnet.Contains(addr):
		return netip.Addr{}, fmt.Errorf("IP %s is out of subnet %s", addr, subnet)
	case addr == subnet.Addr():
		return netip.Addr{}, fmt.Errorf("IP %s is the network address", addr)
	case addr == Broadcast(subnet):
		return netip.Addr{}, fmt.Errorf("IP %s is the broadcast address", addr)
	}
	return addr, nil
}

// Broadcast returns the last address of a subnet.
func Broadcast(subnet netip.Prefix) netip.Addr {
	bytes := subnet.Addr().AsSlice()
	for bit := subnet.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}

// Contains tells whether an address lies in the range; the gateway counts.
func (r Range) Contains(addr netip.Addr) bool {
	return addr.BitLen() == r.Start.BitLen() && !addr.Less(r.Start) && !r.End.Less(addr)
}

// Count is the number of addresses that can be allocated: all but the gateway.
func (r Range) Count() int64 {
	count := new(big.Int).Sub(number(r.End), number(r.Start))
	total := count.Add(count, big.NewInt(1)).Int64()
	if r.Gateway.IsValid() && r.Contains(r.Gateway) {
		total--
	}
	return total
}

func number(addr netip.Addr) *big.Int { return new(big.Int).SetBytes(addr.AsSlice()) }

// Overlaps tells whether two ranges share an address.
func (r Range) Overlaps(other Range) bool {
	return r.Contains(other.Start) || r.Contains(other.End) || other.Contains(r.Start) || other.Contains(r.End)
}

func (r Range) String() string { return fmt.Sprintf("%s-%s (%s)", r.Start, r.End, r.Subnet) }

// Find returns the position of the range that holds an address.
func (s Set) Find(addr netip.Addr) (int, bool) {
	for i := range s {
		if s[i].Contains(addr) {
			return i, true
		}
	}
	return 0, false
}

// Contains tells whether some range holds the address.
func (s Set) Contains(addr netip.Addr) bool {
	_, ok := s.Find(addr)
	return ok
}

// Count is the number of addresses that can be allocated.
func (s Set) Count() int64 {
	var total int64
	for i := range s {
		total += s[i].Count()
	}
	return total
}

// Overlaps tells whether two sets share an address.
func (s Set) Overlaps(other Set) bool {
	for i := range s {
		for j := range other {
			if s[i].Overlaps(other[j]) {
				return true
			}
		}
	}
	return false
}

// Overlapping returns a pair of the set's own ranges that share an address.
func (s Set) Overlapping() (first, second Range, ok bool) {
	for i := range s {
		for j := i + 1; j < len(s); j++ {
			if s[i].Overlaps(s[j]) {
				return s[i], s[j], true
			}
		}
	}
	return Range{}, Range{}, false
}
