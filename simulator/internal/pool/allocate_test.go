package pool

import (
	"maps"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/iprange"
)

// newPool has two ranges, 10.0.0.10-12 (gateway .11) and 10.0.0.20-21.
func newPool(t require.TestingT) (*lbv1.IPPool, iprange.Set) {
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{
		{Subnet: "10.0.0.0/24", RangeStart: "10.0.0.10", RangeEnd: "10.0.0.12", Gateway: "10.0.0.11"},
		{Subnet: "10.0.0.0/24", RangeStart: "10.0.0.20", RangeEnd: "10.0.0.21"},
	}}}
	ranges, err := iprange.ParseAll(pool.Spec.Ranges)
	require.NoError(t, err)
	Recount(pool, ranges)
	return pool, ranges
}

func allocate(t *testing.T, pool *lbv1.IPPool, ranges iprange.Set, id string) string {
	t.Helper()
	lease, _, err := Allocate(pool, ranges, id)
	require.NoError(t, err)
	return lease.Address.String()
}

func TestAllocateGoesRoundRobinOverRangesAndSkipsTheGateway(t *testing.T) {
	pool, ranges := newPool(t)
	assert.Equal(t, int64(4), pool.Status.Available)
	assert.Equal(t, "10.0.0.10", allocate(t, pool, ranges, "a/1"))
	assert.Equal(t, "10.0.0.12", allocate(t, pool, ranges, "a/2"))
	assert.Equal(t, "10.0.0.20", allocate(t, pool, ranges, "a/3"))
	require.True(t, Release(pool, "a/1"))
	assert.Equal(t, "10.0.0.21", allocate(t, pool, ranges, "a/4"), "a fresh release is not handed out at once")
	assert.Equal(t, "10.0.0.10", allocate(t, pool, ranges, "a/5"), "it is, after a turn")
	assert.Equal(t, int64(0), pool.Status.Available)
	_, _, err := Allocate(pool, ranges, "a/6")
	require.ErrorIs(t, err, ErrExhausted)
}

func TestAllocatePrefersTheFormerAddress(t *testing.T) {
	pool, ranges := newPool(t)
	first := allocate(t, pool, ranges, "a/1")
	require.True(t, Release(pool, "a/1"))
	assert.Equal(t, map[string]string{first: "a/1"}, pool.Status.AllocatedHistory)
	assert.Equal(t, first, allocate(t, pool, ranges, "a/1"))
	assert.Empty(t, pool.Status.AllocatedHistory)
}

func TestAllocateFailsWhenTheFormerAddressIsAnothers(t *testing.T) {
	pool, ranges := newPool(t)
	first := allocate(t, pool, ranges, "a/1")
	require.True(t, Release(pool, "a/1"))
	// A careless second writer reserves without clearing the history.
	pool.Status.Allocated[first] = "b/vm.caphv"
	_, _, err := Allocate(pool, ranges, "a/1")
	require.ErrorIs(t, err, ErrTaken)
}

func TestAllocateRefusesASecondAddressForAnID(t *testing.T) {
	pool, ranges := newPool(t)
	allocate(t, pool, ranges, "a/1")
	_, changed, err := Allocate(pool, ranges, "a/1")
	require.ErrorIs(t, err, ErrDuplicate)
	require.ErrorContains(t, err, "duplicate allocation is not allowed")
	assert.False(t, changed)
}

func TestReserveOfOnesOwnAddressChangesNothing(t *testing.T) {
	pool, _ := newPool(t)
	addr := netip.MustParseAddr("10.0.0.10")
	assert.True(t, Reserve(pool, addr, "a/1"))
	before := pool.DeepCopy()
	assert.False(t, Reserve(pool, addr, "a/1"))
	assert.Equal(t, before, pool)
}

func TestReleaseOfAnUnknownIDChangesNothing(t *testing.T) {
	pool, _ := newPool(t)
	before := pool.DeepCopy()
	assert.False(t, Release(pool, "nobody/here"))
	assert.Equal(t, before, pool)
}

func TestRecountPrunesHistoryOutsideTheRanges(t *testing.T) {
	pool, ranges := newPool(t)
	pool.Status.Allocated = map[string]string{"10.0.0.10": "a/1"}
	pool.Status.AllocatedHistory = map[string]string{"10.0.0.12": "a/2", "10.0.9.9": "a/3", "nonsense": "a/4"}
	pool.Status.Available = 77
	Recount(pool, ranges)
	assert.Equal(t, int64(4), pool.Status.Total)
	assert.Equal(t, int64(3), pool.Status.Available)
	assert.Equal(t, map[string]string{"10.0.0.12": "a/2"}, pool.Status.AllocatedHistory)
}

func TestTheLedgerStaysConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool, ranges := newPool(t)
		held := map[string]string{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			id := rapid.SampledFrom([]string{"a/1", "a/2", "a/3", "a/4", "a/5", "a/6"}).Draw(t, "id")
			if rapid.Bool().Draw(t, "release") {
				_, had := held[id]
				assert.Equal(t, had, Release(pool, id))
				delete(held, id)
			} else if lease, _, err := Allocate(pool, ranges, id); err == nil {
				_, had := held[id]
				require.False(t, had, "a second address for %s", id)
				held[id] = lease.Address.String()
			} else {
				_, had := held[id]
				require.True(t, had || len(held) == 4, "refused although there is room: %v", err)
			}
			byAddress := map[string]string{}
			for id, addr := range held {
				byAddress[addr] = id
			}
			require.Len(t, byAddress, len(held), "an address is held twice")
			require.True(t, maps.Equal(byAddress, pool.Status.Allocated))
			require.Equal(t, pool.Status.Total-int64(len(held)), pool.Status.Available)
			for addr := range pool.Status.AllocatedHistory {
				require.NotContains(t, pool.Status.Allocated, addr)
			}
		}
	})
}

func TestParseRelease(t *testing.T) {
	request, err := parseRelease("192.168.5.12: default/cluster1-lb-3")
	require.NoError(t, err)
	assert.Equal(t, releaseRequest{"192.168.5.12", "default", "cluster1-lb-3"}, request)
	for _, text := range []string{"", "192.168.5.12", "192.168.5.12 default/a", "192.168.5.12: default", ": default/a", "192.168.5.12: a/b/c", "192.168.5.12: /b"} {
		_, err := parseRelease(text)
		require.Error(t, err, text)
	}
}

func FuzzParseRelease(f *testing.F) {
	f.Add("192.168.5.12: default/cluster1-lb-3")
	f.Add("a: b/c/d")
	f.Fuzz(func(t *testing.T, text string) {
		request, err := parseRelease(text)
		if err == nil && (request.Address == "" || request.Namespace == "" || request.Name == "") {
			t.Fatalf("accepted %q as %+v", text, request)
		}
	})
}

func TestRegistryTellsNewPoolsAndChangedRanges(t *testing.T) {
	registry := NewRegistry()
	pool, _ := newPool(t)
	_, known := registry.Ranges("p")
	assert.False(t, known)
	for _, want := range []bool{true, false} {
		_, changed, err := registry.meet(pool)
		require.NoError(t, err)
		assert.Equal(t, want, changed)
	}
	pool.Spec.Ranges[1].RangeEnd = "10.0.0.22"
	_, changed, err := registry.meet(pool)
	require.NoError(t, err)
	assert.True(t, changed)
	registry.forget("p")
	_, known = registry.Ranges("p")
	assert.False(t, known)
}
