package ippool_test

import (
	"net/netip"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam/storetest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
)

// The adapter passes the suite that every store of module ipam must pass.
func TestStoreSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, pools ...ipam.Pool) ipam.Store {
		t.Helper()
		objects := make([]client.Object, 0, len(pools))
		for _, pool := range pools {
			objects = append(objects, object(pool))
		}
		return ippool.NewStore(fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).WithObjects(objects...).Build())
	})
}

func object(pool ipam.Pool) *lbv1.IPPool {
	result := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: pool.Name}, Spec: lbv1.IPPoolSpec{Selector: lbv1.Selector{Network: pool.Network}}}
	if pool.ReuseGrace > 0 {
		result.Annotations = map[string]string{ippool.ReuseGraceAnnotation: pool.ReuseGrace.String()}
	}
	text := func(addr netip.Addr) string {
		if !addr.IsValid() {
			return ""
		}
		return addr.String()
	}
	for _, r := range pool.Ranges {
		result.Spec.Ranges = append(result.Spec.Ranges, lbv1.Range{
			Subnet: r.Subnet.String(), RangeStart: text(r.Start), RangeEnd: text(r.End), Gateway: text(r.Gateway),
		})
	}
	return result
}

func stored(t *testing.T, c client.Client) *unstructured.Unstructured {
	t.Helper()
	pool := &unstructured.Unstructured{}
	pool.SetGroupVersionKind(ippool.GroupVersionKind)
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: "p"}, pool))
	return pool
}

func poolClient(status map[string]any) client.WithWatch {
	pool := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "p", "annotations": map[string]any{"team": "network"}},
		"spec": map[string]any{
			"description": "d", "futureField": map[string]any{"a": int64(1)},
			"ranges":   []any{map[string]any{"subnet": "192.0.2.0/29", "futureField": "x"}},
			"selector": map[string]any{"network": "ns/net", "priority": int64(3)},
		},
	}}
	pool.SetGroupVersionKind(ippool.GroupVersionKind)
	if status != nil {
		pool.Object["status"] = status
	}
	// A scheme that does not know the type makes the fake keep what it does not know, as an API server does.
	return fake.NewClientBuilder().WithScheme(runtime.NewScheme()).WithObjects(pool).Build()
}

// Fields that this provider has never heard of survive, as do entries it cannot read.
func TestForeignFieldsSurvive(t *testing.T) {
	c := poolClient(map[string]any{
		"total": int64(5), "available": int64(4), "lastAllocated": "192.0.2.3", "futureField": []any{"y"},
		"allocated":        map[string]any{"192.0.2.3": "ns/lb", "not an address": "ns/odd"},
		"allocatedHistory": map[string]any{"192.0.2.4": "ns/before", "192.0.2.5": "ns/other"},
		"conditions":       []any{map[string]any{"type": "Ready", "status": "True", "futureField": "z"}},
	})
	before := stored(t, c)
	lease, err := ipam.NewAllocator(ippool.NewStore(c)).Allocate(t.Context(), ipam.Request{Owner: "ns/vm.caphv", Pools: []string{"p"}})
	require.NoError(t, err)
	require.Equal(t, "192.0.2.4", lease.Address.String())

	after := stored(t, c)
	assert.Equal(t, before.Object["spec"], after.Object["spec"])
	assert.Equal(t, before.GetAnnotations(), after.GetAnnotations())
	status := after.Object["status"].(map[string]any)
	assert.Equal(t, []any{"y"}, status["futureField"])
	assert.Equal(t, before.Object["status"].(map[string]any)["conditions"], status["conditions"])
	assert.Equal(t, map[string]any{"192.0.2.3": "ns/lb", "192.0.2.4": "ns/vm.caphv", "not an address": "ns/odd"}, status["allocated"])
	assert.Equal(t, map[string]any{"192.0.2.5": "ns/other"}, status["allocatedHistory"])
	assert.Equal(t, "192.0.2.4", status["lastAllocated"])
	assert.EqualValues(t, 5, status["total"])
	assert.EqualValues(t, 2, status["available"])
}

// A pool that Harvester has not counted yet has no status, and the schema refuses half a status.
func TestFreshPoolGetsAWholeStatus(t *testing.T) {
	c := poolClient(nil)
	_, err := ipam.NewAllocator(ippool.NewStore(c)).Allocate(t.Context(), ipam.Request{Owner: "o", Pools: []string{"p"}})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"total": int64(5), "available": int64(4), "lastAllocated": "192.0.2.2", "allocated": map[string]any{"192.0.2.2": "o"},
	}, stored(t, c).Object["status"])
}

func TestPoolThatIsGoingGivesNothing(t *testing.T) {
	now := metav1.Now()
	pool := object(ipam.Pool{Name: "p", Ranges: []ipam.Range{{Subnet: netip.MustParsePrefix("192.0.2.0/29")}}})
	pool.DeletionTimestamp, pool.Finalizers = &now, []string{"keep"}
	c := fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).WithObjects(pool).Build()
	_, err := ippool.NewStore(c).Get(t.Context(), "p")
	require.ErrorIs(t, err, ipam.ErrPoolNotFound)
}

func TestUnreadableRangeIsNamed(t *testing.T) {
	_, err := ippool.FromTyped(&lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "nonsense"}}}})
	require.ErrorIs(t, err, ipam.ErrInvalidRange)
	assert.ErrorContains(t, err, `IPPool "p" spec.ranges[0]`)
}

// Whatever is allocated and released, in whatever order, total stays and available is what is left.
func TestCountersNeverDrift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := poolClient(map[string]any{"total": int64(5), "available": int64(5), "lastAllocated": ""})
		allocator := ipam.NewAllocator(ippool.NewStore(c))
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			owner := rapid.SampledFrom([]string{"ns/a.caphv", "ns/b.caphv", "ns/c.caphv"}).Draw(t, "owner")
			lease, found, err := allocator.Find(t.Context(), []string{"p"}, owner)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case !found:
				_, err = allocator.Allocate(t.Context(), ipam.Request{Owner: owner, Pools: []string{"p"}})
			case rapid.Bool().Draw(t, "twice"):
				_ = allocator.Release(t.Context(), "p", lease.Address, owner)
				err = allocator.Release(t.Context(), "p", lease.Address, owner)
			default:
				err = allocator.Release(t.Context(), "p", lease.Address, owner)
			}
			if err != nil {
				t.Fatal(err)
			}
			raw := &unstructured.Unstructured{}
			raw.SetGroupVersionKind(ippool.GroupVersionKind)
			pool := &lbv1.IPPool{}
			if err := c.Get(t.Context(), client.ObjectKey{Name: "p"}, raw); err != nil {
				t.Fatal(err)
			}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw.Object, pool); err != nil {
				t.Fatal(err)
			}
			if pool.Status.Total != 5 || pool.Status.Available != int64(5-len(pool.Status.Allocated)) {
				t.Fatalf("total %d, available %d, allocated %v", pool.Status.Total, pool.Status.Available, pool.Status.Allocated)
			}
		}
	})
}

// What Harvester knows nothing of is in annotations, and its counters are as if there were none.
func TestExclusionsAndRest(t *testing.T) {
	c := poolClient(nil)
	pool := stored(t, c)
	pool.SetAnnotations(map[string]string{"team": "network", ippool.ExcludedAnnotation: "192.0.2.3-192.0.2.4", ippool.ReuseGraceAnnotation: "1h"})
	require.NoError(t, c.Update(t.Context(), pool))
	now := time.Date(2026, 1, 2, 3, 4, 5, 999, time.UTC)
	allocator := ipam.NewAllocator(ippool.NewStore(c), ipam.WithClock(func() time.Time { return now }))
	take := func(owner string) string {
		lease, err := allocator.Allocate(t.Context(), ipam.Request{Owner: owner, Pools: []string{"p"}})
		require.NoError(t, err)
		return lease.Address.String()
	}
	require.Equal(t, "192.0.2.2", take("a"))
	require.Equal(t, "192.0.2.5", take("b"))
	require.NoError(t, allocator.Release(t.Context(), "p", netip.MustParseAddr("192.0.2.2"), "a"))
	assert.JSONEq(t, `{"192.0.2.2":"2026-01-02T03:04:05Z"}`, stored(t, c).GetAnnotations()[ippool.ReleasedAnnotation])
	status := stored(t, c).Object["status"].(map[string]any)
	assert.EqualValues(t, 5, status["total"])
	assert.EqualValues(t, 4, status["available"])
	require.Equal(t, "192.0.2.6", take("c"))
	require.Equal(t, "192.0.2.2", take("d"), "it rests, but there is no other")
	assert.NotContains(t, stored(t, c).GetAnnotations(), ippool.ReleasedAnnotation)
	assert.Equal(t, "network", stored(t, c).GetAnnotations()["team"])
}

func TestUnreadableAnnotationIsNamed(t *testing.T) {
	for key, value := range map[string]string{ippool.ExcludedAnnotation: "ten", ippool.ReuseGraceAnnotation: "-1m"} {
		_, err := ippool.FromTyped(&lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "p", Annotations: map[string]string{key: value}}})
		require.ErrorIs(t, err, ipam.ErrInvalidRange)
		require.ErrorContains(t, err, key)
		require.ErrorContains(t, err, value)
	}
}

// FuzzStatus reads whatever a status may hold, allocates, and must not change what is not its own.
func FuzzStatus(f *testing.F) {
	f.Add("192.0.2.3", "ns/lb", "192.0.2.4", "ns/vm.caphv", "192.0.2.3", int64(5))
	f.Add("::ffff:192.0.2.3", "ns/lb", "2001:DB8::4", "ns/a", "nonsense", int64(0))
	f.Add("not an address", "", "192.0.2.6", "ns/before", "", int64(-2))
	f.Fuzz(func(t *testing.T, held, holder, former, owner, last string, total int64) {
		if !utf8.ValidString(held + holder + former + owner + last) {
			return // JSON has none.
		}
		c := poolClient(map[string]any{
			"total": total, "available": int64(0), "lastAllocated": last,
			"allocated": map[string]any{held: holder}, "allocatedHistory": map[string]any{former: owner},
		})
		lease, err := ipam.NewAllocator(ippool.NewStore(c)).Allocate(t.Context(), ipam.Request{Owner: "ns/new.caphv", Pools: []string{"p"}})
		require.NoError(t, err)
		status := stored(t, c).Object["status"].(map[string]any)
		allocated := status["allocated"].(map[string]any)
		if holder == "ns/new.caphv" {
			return
		}
		require.Equal(t, holder, allocated[held])
		require.Equal(t, "ns/new.caphv", allocated[lease.Address.String()])
		require.EqualValues(t, status["total"].(int64)-int64(len(allocated)), status["available"])
	})
}
