package harvesterallocator

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	lbv1 "github.com/harvester/harvester-load-balancer/pkg/apis/loadbalancer.harvesterhci.io/v1beta1"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// twins are one pool twice: upstream's allocator works on one, ipam's ledger on the other.
type twins struct {
	theirs *harvester
	ledger *ipam.Ledger
}

func newTwins(t *rapid.T) *twins {
	ranges := drawRanges(t)
	h, err := newHarvester(ranges, drawStatus(t, ranges))
	require.NoError(t, err)
	return &twins{theirs: h, ledger: ipam.Open(ours(t, h.pool), time.Now())}
}

// drawRanges makes one to three small ranges that do not overlap, with the gateway anywhere.
func drawRanges(t *rapid.T) []lbv1.Range {
	ranges := make([]lbv1.Range, 0, 3)
	for i := range rapid.IntRange(1, 3).Draw(t, "ranges") {
		network := rapid.SampledFrom([]string{"10.0.%d.", "2001:db8:%d::"}).Draw(t, "family")
		network = fmt.Sprintf(network, i)
		bits := map[bool]int{true: 32, false: 128}[strings.Contains(network, ".")]
		r := lbv1.Range{Subnet: fmt.Sprintf("%s0/%d", network, bits-rapid.IntRange(2, 4).Draw(t, "host bits"))}
		if bits == 32 && rapid.IntRange(0, 5).Draw(t, "one address") == 0 {
			r.Subnet = network + "7/32"
		} else {
			for _, field := range []*string{&r.RangeStart, &r.RangeEnd, &r.Gateway} {
				if rapid.Bool().Draw(t, "explicit") {
					*field = fmt.Sprintf("%s%d", network, rapid.IntRange(1, 2).Draw(t, "host"))
				}
			}
		}
		ranges = append(ranges, r)
	}
	return ranges
}

// drawStatus is what earlier allocations of other owners left behind.
func drawStatus(t *rapid.T, ranges []lbv1.Range) lbv1.IPPoolStatus {
	status := lbv1.IPPoolStatus{Allocated: map[string]string{}, AllocatedHistory: map[string]string{}}
	for i, r := range ranges {
		parsed, err := ipam.ParseRange(r.Subnet, r.RangeStart, r.RangeEnd, r.Gateway)
		require.NoError(t, err)
		for addr := parsed.Start; !parsed.End.Less(addr); addr = addr.Next() {
			if addr == parsed.Gateway {
				continue
			}
			switch rapid.IntRange(0, 4).Draw(t, "was") {
			case 0:
				status.Allocated[addr.String()] = fmt.Sprintf("before/%d-%s", i, addr)
			case 1:
				status.AllocatedHistory[addr.String()] = fmt.Sprintf("ns/%s", addr)
			case 2:
				status.LastAllocated = addr.String()
			}
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "last outside") == 0 {
		status.LastAllocated = "172.31.0.9"
	}
	return status
}

func (w *twins) id(t *rapid.T) string {
	ids := slices.Sorted(maps.Values(w.theirs.pool.Status.AllocatedHistory))
	ids = append(ids, "ns/a", "ns/b", "ns/c", "ns/d", "ns/e", "ns/f")
	return rapid.SampledFrom(ids).Draw(t, "id")
}

func (w *twins) Allocate(t *rapid.T) {
	id := w.id(t)
	their, theirErr := w.theirs.allocator.Get(id)
	lease, fresh, err := w.ledger.Allocate(ipam.Request{Owner: id})
	switch {
	case theirErr == nil:
		require.NoError(t, err)
		require.True(t, fresh)
		require.Equal(t, address(their.Address.IP), lease.Address)
		ones, _ := their.Address.Mask.Size()
		require.Equal(t, ones, lease.Subnet.Bits())
		require.Equal(t, address(their.Gateway), lease.Gateway)
	case strings.Contains(theirErr.Error(), "duplicate allocation is not allowed"):
		// Where upstream calls it an error that the id holds an address, ipam names the address.
		require.NoError(t, err)
		require.False(t, fresh)
		require.Equal(t, id, w.theirs.pool.Status.Allocated[lease.Address.String()])
	default:
		require.ErrorContains(t, theirErr, "no IP addresses available")
		require.ErrorIs(t, err, ipam.ErrExhausted)
	}
}

func (w *twins) Release(t *rapid.T) {
	id := w.id(t)
	require.NoError(t, w.theirs.allocator.Release(id, ""))
	if lease, held := w.ledger.Find(id); held {
		require.NoError(t, w.ledger.Release(lease.Address, id))
	}
}

// Reopen is a restart of ours: nothing may hang on what the ledger remembers.
func (w *twins) Reopen(*rapid.T) { w.ledger = ipam.Open(w.ledger.Pool(), time.Now()) }

// Check compares the whole status.
func (w *twins) Check(t *rapid.T) {
	theirs, pool := ours(t, w.theirs.pool), w.ledger.Pool()
	require.Equal(t, theirs.Allocated, pool.Allocated)
	require.Equal(t, theirs.History, pool.History)
	require.Equal(t, theirs.LastAllocated, pool.LastAllocated)
	require.Equal(t, w.theirs.pool.Status.Total, pool.Total().Int64())
	require.Equal(t, w.theirs.pool.Status.Available, pool.Available().Int64())
}

// Long random histories of allocations and releases leave the same status, and give every id the same answers.
func TestHistoriesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		t.Repeat(rapid.StateMachineActions(newTwins(t)))
	})
}

// A pool is given away to the last address in the same order.
func TestOrderOfAFillAgrees(t *testing.T) {
	ranges := []lbv1.Range{{Subnet: "10.0.0.0/26", Gateway: "10.0.0.9"}, {Subnet: "2001:db8::/123"}, {Subnet: "10.0.1.7/32"}}
	for _, last := range []string{"", "10.0.0.20", "10.0.0.62", "2001:db8::1f", "10.0.1.7", "172.31.0.9"} {
		h, err := newHarvester(ranges, lbv1.IPPoolStatus{LastAllocated: last})
		require.NoError(t, err)
		ledger := ipam.Open(ours(t, h.pool), time.Now())
		order := make([]netip.Addr, 0, h.pool.Status.Total)
		for i := range h.pool.Status.Total {
			their, err := h.allocator.Get(fmt.Sprint("ns/", i))
			require.NoError(t, err)
			lease, _, err := ledger.Allocate(ipam.Request{Owner: fmt.Sprint("ns/", i)})
			require.NoError(t, err)
			require.Equal(t, address(their.Address.IP), lease.Address)
			order = append(order, lease.Address)
		}
		require.Len(t, order, 61+30+1)
		_, theirErr := h.allocator.Get("ns/one-more")
		_, _, err = ledger.Allocate(ipam.Request{Owner: "ns/one-more"})
		require.Error(t, theirErr)
		require.ErrorIs(t, err, ipam.ErrExhausted)
		require.Zero(t, h.pool.Status.Available)
	}
}
