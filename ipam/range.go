package ipam

import (
	"fmt"
	"math/big"
	"net/netip"

	"go4.org/netipx"
)

// Range is a run of addresses in one subnet, by the rules of Harvester's load-balancer controller (its MakeRange,
// v1.5.0). A zero Start, End or Gateway means the default: the first address after the network's, the last one before
// the broadcast's (in IPv6 the very last), and the first address after the network's. A subnet of one address (/32,
// /128) holds that address and has no gateway.
type Range struct {
	// Subnet is the network the addresses live in. Its address may have host bits set; they matter only for a subnet
	// of one address.
	Subnet netip.Prefix
	// Start and End are both inclusive. A Start after End is swapped with it.
	Start, End netip.Addr
	// Gateway is never allocated, nor counted, when it lies between Start and End.
	Gateway netip.Addr
}

// ParseRange reads a range from text and fills in the defaults for empty fields, the subnet excepted. It returns an
// error that is ErrInvalidRange, and names the field, when the subnet is no CIDR, or when another field is no address,
// lies outside of the subnet, or is the subnet's network or broadcast address.
func ParseRange(subnet, start, end, gateway string) (Range, error) {
	prefix, err := netip.ParsePrefix(subnet)
	if err != nil {
		return Range{}, fmt.Errorf("%w: subnet %q is not in CIDR form, such as 192.168.1.0/24", ErrInvalidRange, subnet)
	}
	parsed := Range{Subnet: unmapPrefix(prefix)}
	fields := []struct {
		name, text string
		target     *netip.Addr
	}{{"start", start, &parsed.Start}, {"end", end, &parsed.End}, {"gateway", gateway, &parsed.Gateway}}
	for _, field := range fields {
		if field.text == "" {
			continue
		}
		addr, err := netip.ParseAddr(field.text)
		if err != nil || addr.Zone() != "" {
			return Range{}, fmt.Errorf("%w: %s %q is not an IP address", ErrInvalidRange, field.name, field.text)
		}
		*field.target = addr.Unmap()
		if err := parsed.checkExplicit(field.name, *field.target); err != nil {
			return Range{}, err
		}
	}
	return parsed.Resolve()
}

// Resolve fills in the defaults, swaps Start and End where needed, and checks the rules of [ParseRange]. Resolving a
// resolved range changes nothing. An error is ErrInvalidRange.
func (r Range) Resolve() (Range, error) {
	if !r.Subnet.IsValid() {
		return Range{}, fmt.Errorf("%w: subnet is missing", ErrInvalidRange)
	}
	defaults := defaultRange(r.Subnet)
	resolved := Range{Subnet: r.Subnet.Masked()}
	fields := []struct {
		name            string
		given, fallback netip.Addr
		target          *netip.Addr
	}{
		{"start", r.Start, defaults.Start, &resolved.Start},
		{"end", r.End, defaults.End, &resolved.End},
		{"gateway", r.Gateway, defaults.Gateway, &resolved.Gateway},
	}
	for _, field := range fields {
		*field.target = field.fallback
		// Some defaults would be refused if a user spelt them out, so equality with a default is always right: that
		// keeps Resolve idempotent.
		if !field.given.IsValid() || field.given == defaults.Start || field.given == defaults.End {
			if field.given.IsValid() {
				*field.target = field.given
			}
			continue
		}
		if err := r.checkExplicit(field.name, field.given); err != nil {
			return Range{}, err
		}
		*field.target = field.given
	}
	if resolved.End.Less(resolved.Start) {
		resolved.Start, resolved.End = resolved.End, resolved.Start
	}
	return resolved, nil
}

// Contains tells whether addr may be allocated from a resolved range: between Start and End and not the gateway.
func (r Range) Contains(addr netip.Addr) bool {
	return r.spans(addr) && addr != r.Gateway
}

// Size is the number of addresses a resolved range can give.
func (r Range) Size() *big.Int {
	size := new(big.Int).Sub(addrInt(r.End), addrInt(r.Start))
	if !r.spans(r.Gateway) {
		size.Add(size, big.NewInt(1))
	}
	return size
}

func (r Range) spans(addr netip.Addr) bool {
	return addr.IsValid() && addr.BitLen() == r.Start.BitLen() && !addr.Less(r.Start) && !r.End.Less(addr)
}

func (r Range) checkExplicit(field string, addr netip.Addr) error {
	subnet := r.Subnet.Masked()
	switch addr {
	case subnet.Addr():
		return fmt.Errorf("%w: %s %s is the network address of %s", ErrInvalidRange, field, addr, subnet)
	case netipx.PrefixLastIP(subnet):
		return fmt.Errorf("%w: %s %s is the broadcast address of %s", ErrInvalidRange, field, addr, subnet)
	}
	if !subnet.Contains(addr) {
		return fmt.Errorf("%w: %s %s is outside of subnet %s", ErrInvalidRange, field, addr, subnet)
	}
	return nil
}

// defaultRange is what a range with nothing but its subnet means. In a /31 the default start lies after the default end;
// Resolve swaps them, as Harvester does.
func defaultRange(subnet netip.Prefix) Range {
	if subnet.IsSingleIP() {
		return Range{Subnet: subnet, Start: subnet.Addr(), End: subnet.Addr()}
	}
	network, last := subnet.Masked().Addr(), netipx.PrefixLastIP(subnet.Masked())
	if last.Is4() {
		last = last.Prev()
	}
	return Range{Subnet: subnet, Start: network.Next(), End: last, Gateway: network.Next()}
}

func unmapPrefix(prefix netip.Prefix) netip.Prefix {
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix
}

func addrInt(addr netip.Addr) *big.Int { return new(big.Int).SetBytes(addr.AsSlice()) }
