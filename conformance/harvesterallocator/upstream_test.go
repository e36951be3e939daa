package harvesterallocator

import (
	"net/netip"
	"testing"

	lbv1 "github.com/harvester/harvester-load-balancer/pkg/apis/loadbalancer.harvesterhci.io/v1beta1"
	ctllbv1 "github.com/harvester/harvester-load-balancer/pkg/generated/controllers/loadbalancer.harvesterhci.io/v1beta1"
	upstream "github.com/harvester/harvester-load-balancer/pkg/ipam"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// cache and client are what upstream's store keeps its one IPPool in, with nothing in between. The methods that it does
// not call are those of the nil interfaces.
type cache struct {
	ctllbv1.IPPoolCache
	pool **lbv1.IPPool
}

func (c cache) Get(string) (*lbv1.IPPool, error) { return *c.pool, nil }

type client struct {
	ctllbv1.IPPoolClient
	pool **lbv1.IPPool
}

func (c client) Update(pool *lbv1.IPPool) (*lbv1.IPPool, error) {
	*c.pool = pool
	return pool, nil
}

// harvester is a pool with upstream's allocator at work on it.
type harvester struct {
	pool      *lbv1.IPPool
	allocator *upstream.Allocator
}

// newHarvester counts the pool first, as upstream's controller does when it meets one.
func newHarvester(ranges []lbv1.Range, status lbv1.IPPoolStatus) (*harvester, error) {
	h := &harvester{pool: &lbv1.IPPool{ObjectMeta: v1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: ranges}, Status: status}}
	var err error
	h.allocator, err = upstream.NewAllocator("p", ranges, cache{pool: &h.pool}, client{pool: &h.pool})
	if err != nil {
		return nil, err
	}
	h.pool.Status.Total = h.allocator.Total()
	h.pool.Status.Available = h.allocator.Total() - int64(len(status.Allocated))
	return h, nil
}

// ours reads the same pool as ipam sees it.
func ours(t require.TestingT, pool *lbv1.IPPool) ipam.Pool {
	read := ipam.Pool{Name: pool.Name, Allocated: addresses(t, pool.Status.Allocated), History: addresses(t, pool.Status.AllocatedHistory)}
	if pool.Status.LastAllocated != "" {
		read.LastAllocated = netip.MustParseAddr(pool.Status.LastAllocated)
	}
	for _, r := range pool.Spec.Ranges {
		parsed, err := ipam.ParseRange(r.Subnet, r.RangeStart, r.RangeEnd, r.Gateway)
		require.NoError(t, err)
		read.Ranges = append(read.Ranges, parsed)
	}
	return read
}

func addresses(t require.TestingT, texts map[string]string) map[netip.Addr]string {
	read := make(map[netip.Addr]string, len(texts))
	for text, owner := range texts {
		addr, err := netip.ParseAddr(text)
		require.NoError(t, err)
		read[addr] = owner
	}
	return read
}

// The test must be able to say no: an address that upstream would not give is seen as such.
func TestCheckTellsDifferences(t *testing.T) {
	h, err := newHarvester([]lbv1.Range{{Subnet: "10.0.0.0/29"}}, lbv1.IPPoolStatus{})
	require.NoError(t, err)
	_, err = h.allocator.Get("ns/a")
	require.NoError(t, err)
	require.Equal(t, map[netip.Addr]string{netip.MustParseAddr("10.0.0.2"): "ns/a"}, ours(t, h.pool).Allocated)
	require.EqualValues(t, 5, h.pool.Status.Total)
	require.EqualValues(t, 4, h.pool.Status.Available)
}
