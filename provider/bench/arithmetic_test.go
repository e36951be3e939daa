package bench

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/plugins/plugins/ipam/host-local/backend/allocator"
	fakes "github.com/containernetworking/plugins/plugins/ipam/host-local/backend/testing"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

const (
	subnet = "10.1.0.0/16"
	// size is the number of addresses in it without its gateway.
	size = 1<<16 - 3
)

// fillings are how many of them are free.
var fillings = []struct {
	name string
	free int
}{{"50%-full", 1 << 15}, {"90%-full", 6553}, {"99.9%-full", 65}}

func owner(i int) string { return fmt.Sprintf("ns/vm-%d.caphv", i) }

// taken are the addresses that are in use, so that the free ones are evenly spread.
func taken(free int) map[netip.Addr]string {
	entries := make(map[netip.Addr]string, size-free)
	at := netip.MustParseAddr("10.1.0.2")
	for i := range size {
		if i*free/size == (i+1)*free/size {
			entries[at] = owner(i)
		}
		at = at.Next()
	}
	return entries
}

func ledger(tb testing.TB, entries map[netip.Addr]string) *ipam.Ledger {
	tb.Helper()
	r, err := ipam.ParseRange(subnet, "", "", "")
	require.NoError(tb, err)
	return ipam.Open(ipam.Pool{Name: "p", Ranges: []ipam.Range{r}, Allocated: entries}, time.Now())
}

// hostLocal is the same pool in host-local, over the store in memory that its own tests use.
func hostLocal(tb testing.TB, entries map[netip.Addr]string) (*allocator.IPAllocator, map[string]string) {
	tb.Helper()
	_, network, err := net.ParseCIDR(subnet)
	require.NoError(tb, err)
	r := allocator.Range{
		Subnet: types.IPNet(*network), Gateway: net.ParseIP("10.1.0.1"), RangeStart: net.ParseIP("10.1.0.1"), RangeEnd: net.ParseIP("10.1.255.254"),
	}
	require.NoError(tb, r.Canonicalize())
	held := make(map[string]string, size)
	for addr, owner := range entries {
		held[addr.String()] = owner
	}
	return allocator.NewIPAllocator(&allocator.RangeSet{r}, fakes.NewFakeStore(held, map[string]net.IP{}), 0), held
}

// What is compared does the same: from one pool both give the same addresses in the same order.
func TestBothGiveTheSameAddresses(t *testing.T) {
	local, _ := hostLocal(t, taken(65))
	book := ledger(t, taken(65))
	for i := range 65 {
		config, err := local.Get(owner(size+i), "", nil)
		require.NoError(t, err)
		lease, _, err := book.Allocate(ipam.Request{Owner: owner(size + i)})
		require.NoError(t, err)
		require.Equal(t, config.Address.IP.String(), lease.Address.String())
	}
	_, err := local.Get("ns/one-more", "", nil)
	require.Error(t, err)
	_, _, err = book.Allocate(ipam.Request{Owner: "ns/one-more"})
	require.ErrorIs(t, err, ipam.ErrExhausted)
}

// BenchmarkAllocate takes one address of a pool in memory. Ours then releases it, by owner and with its history;
// host-local's is only struck out, as its own release looks through the whole pool.
func BenchmarkAllocate(b *testing.B) {
	for _, filling := range fillings {
		b.Run(filling.name+"/ipam", func(b *testing.B) {
			book := ledger(b, taken(filling.free))
			owners := [2]string{"ns/a.caphv", "ns/b.caphv"}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				lease, _, err := book.Allocate(ipam.Request{Owner: owners[i%2]})
				if err == nil {
					err = book.Release(lease.Address, owners[i%2])
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(filling.name+"/host-local", func(b *testing.B) {
			local, held := hostLocal(b, taken(filling.free))
			b.ReportAllocs()
			for b.Loop() {
				config, err := local.Get("ns/new", "", nil)
				if err != nil {
					b.Fatal(err)
				}
				delete(held, config.Address.IP.String())
			}
		})
	}
}

// BenchmarkFill gives away the whole pool.
func BenchmarkFill(b *testing.B) {
	b.Run("ipam", func(b *testing.B) {
		for b.Loop() {
			book := ledger(b, map[netip.Addr]string{})
			for i := range size {
				if _, _, err := book.Allocate(ipam.Request{Owner: owner(i)}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("host-local", func(b *testing.B) {
		for b.Loop() {
			local, _ := hostLocal(b, nil)
			for i := range size {
				if _, err := local.Get(owner(i), "", nil); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
