package ipam

import (
	"fmt"
	"net/netip"
	"strings"

	"go4.org/netipx"
)

// ParseExclusions reads a list of addresses that a pool must not give: single addresses, runs such as
// 10.0.0.5-10.0.0.9, and subnets such as 10.0.0.16/28, between commas or white space. An error is ErrInvalidRange and
// names the part that cannot be read.
func ParseExclusions(text string) ([]netipx.IPRange, error) {
	var excluded []netipx.IPRange
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
		run, err := parseExclusion(part)
		if err != nil {
			return nil, fmt.Errorf("%w: exclusion %q is no address, run of addresses or subnet", ErrInvalidRange, part)
		}
		excluded = append(excluded, run)
	}
	return excluded, nil
}

func parseExclusion(part string) (netipx.IPRange, error) {
	switch {
	case strings.Contains(part, "/"):
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return netipx.IPRange{}, err
		}
		return netipx.RangeOfPrefix(unmapPrefix(prefix)), nil
	case strings.Contains(part, "-"):
		return netipx.ParseIPRange(part)
	default:
		addr, err := netip.ParseAddr(part)
		if err != nil || addr.Zone() != "" {
			return netipx.IPRange{}, fmt.Errorf("no address: %q", part)
		}
		return netipx.IPRangeFrom(addr.Unmap(), addr.Unmap()), nil
	}
}
