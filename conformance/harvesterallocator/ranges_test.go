package harvesterallocator

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	lbv1 "github.com/harvester/harvester-load-balancer/pkg/apis/loadbalancer.harvesterhci.io/v1beta1"
	upstream "github.com/harvester/harvester-load-balancer/pkg/ipam"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// sameRange has both read one range, and fails unless they agree on whether it is one, where it starts and ends, which
// address is its gateway and how many it has to give.
func sameRange(t require.TestingT, r lbv1.Range) {
	theirs, theirErr := upstream.MakeRange(&r)
	got, err := ipam.ParseRange(r.Subnet, r.RangeStart, r.RangeEnd, r.Gateway)
	require.Equal(t, theirErr == nil, err == nil, "%+v: upstream says %v, ipam says %v", r, theirErr, err)
	if err != nil {
		return
	}
	require.Equal(t, address(theirs.RangeStart), got.Start, "start of %+v", r)
	require.Equal(t, address(theirs.RangeEnd), got.End, "end of %+v", r)
	require.Equal(t, address(theirs.Gateway), got.Gateway, "gateway of %+v", r)
	h, err := newHarvester([]lbv1.Range{r}, lbv1.IPPoolStatus{})
	require.NoError(t, err)
	total := ipam.Pool{Ranges: []ipam.Range{got}}.Total()
	if total.IsInt64() { // Upstream counts in 64 bits, and so miscounts the largest IPv6 ranges.
		require.Equal(t, h.allocator.Total(), total.Int64(), "total of %+v", r)
	}
}

func address(ip net.IP) netip.Addr {
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}

// knownDifference is one address of IPv6: upstream compares the mask with that of /32 in text, and so does not know a
// /128 for what it is. ipam treats it as it treats /32.
func knownDifference(r lbv1.Range) bool {
	_, subnet, err := net.ParseCIDR(r.Subnet)
	if err != nil {
		return false
	}
	ones, bits := subnet.Mask.Size()
	return bits == 128 && ones == 128
}

func TestRangesAreReadAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRange(t)
		if !knownDifference(r) {
			sameRange(t, r)
		}
	})
}

// drawRange makes ranges of both families whose fields are empty, right, at an edge, outside or nonsense.
func drawRange(t *rapid.T) lbv1.Range {
	base := netip.MustParseAddr(rapid.SampledFrom([]string{"10.0.0.0", "192.168.255.248", "2001:db8::", "255.255.255.240"}).Draw(t, "base"))
	prefix := netip.PrefixFrom(base, base.BitLen()-rapid.IntRange(0, 10).Draw(t, "host bits"))
	field := func(name string) string {
		addr := prefix.Masked().Addr()
		for range rapid.IntRange(0, 20).Draw(t, name) {
			if addr.Next().IsValid() {
				addr = addr.Next()
			}
		}
		text := addr.String()
		if addr.Is4() && rapid.IntRange(0, 9).Draw(t, name+" mapped") == 0 {
			text = "::ffff:" + text
		}
		return rapid.SampledFrom([]string{"", "", text, text, text, "10.9.9.9", "::1", "nonsense"}).Draw(t, name)
	}
	return lbv1.Range{
		Subnet:     rapid.SampledFrom([]string{prefix.String(), prefix.String(), prefix.Masked().String(), "10.0.0.0/33", ""}).Draw(t, "subnet"),
		RangeStart: field("start"), RangeEnd: field("end"), Gateway: field("gateway"),
	}
}

func FuzzRangesAreReadAlike(f *testing.F) {
	f.Add("192.168.0.0/24", "", "", "")
	f.Add("10.0.0.7/32", "", "", "")
	f.Add("10.0.0.6/31", "10.0.0.7", "", "")
	f.Add("::ffff:10.0.0.0/120", "10.0.0.5", "::ffff:10.0.0.2", "")
	f.Add("2001:db8::/64", "2001:db8::5", "2001:db8::2", "2001:db8::3")
	f.Add("fe80::/64", "fe80::1%eth0", "", "")
	f.Fuzz(func(t *testing.T, subnet, start, end, gateway string) {
		r := lbv1.Range{Subnet: subnet, RangeStart: start, RangeEnd: end, Gateway: gateway}
		if !knownDifference(r) {
			sameRange(t, r)
		}
	})
}

func TestTotalsOfRangesAddUp(t *testing.T) {
	ranges := []lbv1.Range{{Subnet: "10.0.0.0/24"}, {Subnet: "10.0.1.7/32"}, {Subnet: "10.1.0.0/16", RangeStart: "10.1.0.10", RangeEnd: "10.1.0.5"}, {Subnet: "2001:db8::/112"}}
	h, err := newHarvester(ranges, lbv1.IPPoolStatus{})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(h.allocator.Total()), ours(t, h.pool).Total().String())
}
