package iprange_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/iprange"
)

func TestParseFillsInDefaults(t *testing.T) {
	tests := []struct {
		name                string
		written             lbv1.Range
		start, end, gateway string
		count               int64
	}{
		{"a /24", lbv1.Range{Subnet: "192.168.5.0/24"}, "192.168.5.1", "192.168.5.254", "192.168.5.1", 253},
		{"host bits in the subnet", lbv1.Range{Subnet: "192.168.5.7/24"}, "192.168.5.1", "192.168.5.254", "192.168.5.1", 253},
		{"gateway outside the range", lbv1.Range{Subnet: "10.0.0.0/16", RangeStart: "10.0.1.10", RangeEnd: "10.0.1.19"}, "10.0.1.10", "10.0.1.19", "10.0.0.1", 10},
		{"gateway inside the range", lbv1.Range{Subnet: "10.0.0.0/16", RangeStart: "10.0.1.10", RangeEnd: "10.0.1.19", Gateway: "10.0.1.15"}, "10.0.1.10", "10.0.1.19", "10.0.1.15", 9},
		{"start after end", lbv1.Range{Subnet: "10.0.0.0/24", RangeStart: "10.0.0.9", RangeEnd: "10.0.0.5"}, "10.0.0.5", "10.0.0.9", "10.0.0.1", 5},
		{"one address", lbv1.Range{Subnet: "10.0.0.7/32"}, "10.0.0.7", "10.0.0.7", "invalid IP", 1},
		{"IPv6 keeps its last address", lbv1.Range{Subnet: "fd00::/120"}, "fd00::1", "fd00::ff", "fd00::1", 254},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parsed, err := iprange.Parse(test.written)
			require.NoError(t, err)
			assert.Equal(t, test.start, parsed.Start.String())
			assert.Equal(t, test.end, parsed.End.String())
			assert.Equal(t, test.gateway, parsed.Gateway.String())
			assert.Equal(t, test.count, parsed.Count())
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct {
		written lbv1.Range
		says    string
	}{
		"no CIDR":              {lbv1.Range{Subnet: "192.168.300.0/24"}, "192.168.1.0/24"},
		"no address":           {lbv1.Range{Subnet: "10.0.0.0/24", RangeStart: "ten"}, "range start"},
		"start outside":        {lbv1.Range{Subnet: "10.0.0.0/24", RangeStart: "10.0.1.1"}, "out of subnet"},
		"end is broadcast":     {lbv1.Range{Subnet: "10.0.0.0/24", RangeEnd: "10.0.0.255"}, "broadcast address"},
		"start is network":     {lbv1.Range{Subnet: "10.0.0.0/24", RangeStart: "10.0.0.0"}, "network address"},
		"gateway outside":      {lbv1.Range{Subnet: "10.0.0.0/24", Gateway: "10.0.1.1"}, "gateway"},
		"explicit start in 32": {lbv1.Range{Subnet: "10.0.0.7/32", RangeStart: "10.0.0.7"}, "network address"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := iprange.Parse(test.written)
			require.ErrorIs(t, err, iprange.ErrInvalid)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

func TestOverlapIsSymmetricAndAgreesWithMembership(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) iprange.Range {
			from := rapid.IntRange(2, 250).Draw(t, name+" from")
			to := rapid.IntRange(2, 250).Draw(t, name+" to")
			parsed, err := iprange.Parse(lbv1.Range{Subnet: "10.0.0.0/24",
				RangeStart: netip.AddrFrom4([4]byte{10, 0, 0, byte(from)}).String(), RangeEnd: netip.AddrFrom4([4]byte{10, 0, 0, byte(to)}).String()})
			require.NoError(t, err)
			return parsed
		}
		a, b := draw("a"), draw("b")
		shared := false
		for addr := a.Start; !a.End.Less(addr); addr = addr.Next() {
			shared = shared || b.Contains(addr)
		}
		assert.Equal(t, shared, a.Overlaps(b))
		assert.Equal(t, shared, b.Overlaps(a))
		assert.Equal(t, shared, iprange.Set{a}.Overlaps(iprange.Set{b}))
		_, _, own := iprange.Set{a, b}.Overlapping()
		assert.Equal(t, shared, own)
	})
}

func FuzzParse(f *testing.F) {
	f.Add("192.168.0.0/24", "192.168.0.10", "192.168.0.20", "192.168.0.1")
	f.Add("10.0.0.7/32", "", "", "")
	f.Add("fd00::/64", "fd00::1", "", "")
	f.Fuzz(func(t *testing.T, subnet, start, end, gateway string) {
		parsed, err := iprange.Parse(lbv1.Range{Subnet: subnet, RangeStart: start, RangeEnd: end, Gateway: gateway})
		if err != nil {
			return
		}
		if parsed.End.Less(parsed.Start) {
			t.Fatalf("start %s after end %s", parsed.Start, parsed.End)
		}
	})
}
