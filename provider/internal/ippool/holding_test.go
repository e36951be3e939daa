package ippool_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
)

func holding(address, owner string, pools ...string) ippool.Holding {
	return ippool.Holding{Pools: pools, Address: netip.MustParseAddr(address), Owner: owner}
}

func TestComplete(t *testing.T) {
	leaving := holding("192.0.2.3", "a", "p")
	leaving.Leaving = true
	for name, test := range map[string]struct {
		allocated, history map[string]string
		known              []ippool.Holding
		want               map[string]string
	}{
		"a lost entry":                        {nil, nil, []ippool.Holding{holding("192.0.2.3", "a", "p")}, map[string]string{"192.0.2.3": "a"}},
		"an entry that is there":              {map[string]string{"192.0.2.3": "a"}, nil, []ippool.Holding{holding("192.0.2.3", "a", "p")}, nil},
		"another owner's":                     {map[string]string{"192.0.2.3": "b"}, nil, []ippool.Holding{holding("192.0.2.3", "a", "p")}, nil},
		"released by hand, and still in use":  {nil, map[string]string{"192.0.2.3": "a"}, []ippool.Holding{holding("192.0.2.3", "a", "p")}, map[string]string{"192.0.2.3": "a"}},
		"released by one that leaves":         {nil, map[string]string{"192.0.2.3": "a"}, []ippool.Holding{leaving}, nil},
		"lost by one that leaves":             {nil, nil, []ippool.Holding{leaving}, map[string]string{"192.0.2.3": "a"}},
		"another pool's":                      {nil, nil, []ippool.Holding{holding("192.0.2.3", "a", "q")}, nil},
		"of one of several pools":             {nil, nil, []ippool.Holding{holding("192.0.2.3", "a", "q", "p")}, map[string]string{"192.0.2.3": "a"}},
		"of several pools, outside of ranges": {nil, nil, []ippool.Holding{holding("198.51.100.3", "a", "q", "p")}, nil},
		"the first of two that say they hold": {nil, nil, []ippool.Holding{holding("192.0.2.3", "a", "p"), holding("192.0.2.3", "b", "p")}, map[string]string{"192.0.2.3": "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			object := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "192.0.2.0/29"}}}}
			object.Status.Allocated, object.Status.AllocatedHistory = test.allocated, test.history
			pool, err := ippool.FromTyped(object)
			require.NoError(t, err)
			entered := map[string]string{}
			for _, one := range ippool.Complete(&pool, test.known) {
				entered[one.Address.String()] = one.Owner
				assert.NotContains(t, pool.History, one.Address)
				assert.Equal(t, one.Owner, pool.Allocated[one.Address])
			}
			if test.want == nil {
				test.want = map[string]string{}
			}
			assert.Equal(t, test.want, entered)
			assert.Equal(t, len(entered) > 0, pool.Amended)
		})
	}
}

// A pool that lost its status gives nobody's address to someone else: machines and claims are known, load balancers and the
// VMs of other management clusters are asked for.
func TestAPoolWithoutStatusGivesNoAddressThatIsHeld(t *testing.T) {
	instance := &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "vm", Labels: map[string]string{infrav1.ManagedByLabel: infrav1.ManagedByValue},
	}}
	instance.Status.Interfaces = []kubevirtv1.VirtualMachineInstanceNetworkInterface{
		{Name: "nic-1", IP: "192.0.2.3", IPs: []string{"192.0.2.3", "192.0.2.5"}}, {InterfaceName: "cni0", IP: "192.0.2.6"},
	}
	balancer := &lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "lb"}}
	balancer.Status.AllocatedAddress = lbv1.AllocatedAddress{IPPool: "p", IP: "192.0.2.2"}
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "192.0.2.0/29"}}}}
	harvester := fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).WithObjects(instance, balancer, pool).Build()

	var told []string
	store := ippool.NewKnowingStore(harvester,
		func(context.Context, bool) ([]ippool.Holding, error) {
			return []ippool.Holding{holding("192.0.2.4", "ns/m.caphv", "p")}, nil
		},
		func(_ context.Context, _ string, h ippool.Holding) { told = append(told, h.Owner) })
	allocator := ipam.NewAllocator(store)
	lease, err := allocator.Allocate(t.Context(), ipam.Request{Owner: "ns/new.caphv", Pools: []string{"p"}})
	require.NoError(t, err)
	assert.Equal(t, "192.0.2.5", lease.Address.String(), "what a guest reports beside one address for each interface keeps nothing back")

	after := &lbv1.IPPool{}
	require.NoError(t, harvester.Get(t.Context(), client.ObjectKey{Name: "p"}, after))
	assert.Equal(t, map[string]string{
		"192.0.2.2": "ns/lb", "192.0.2.3": "ns/vm.nic-1.caphv", "192.0.2.4": "ns/m.caphv", "192.0.2.5": "ns/new.caphv",
	}, after.Status.Allocated)
	assert.ElementsMatch(t, []string{"ns/lb", "ns/vm.nic-1.caphv", "ns/m.caphv"}, told)
}

// If it cannot be found out who holds addresses, none is given.
func TestAPoolWithoutStatusGivesNothingInDoubt(t *testing.T) {
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "192.0.2.0/29"}}}}
	denied := errors.New("denied")
	harvester := fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).WithObjects(pool).WithInterceptorFuncs(interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return denied },
	}).Build()
	none := func(context.Context, bool) ([]ippool.Holding, error) { return nil, nil }
	_, err := ipam.NewAllocator(ippool.NewKnowingStore(harvester, none, nil)).
		Allocate(t.Context(), ipam.Request{Owner: "ns/new.caphv", Pools: []string{"p"}})
	require.ErrorIs(t, err, denied)
}

func TestLost(t *testing.T) {
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "192.0.2.0/29"}}}}
	pool.Status.Allocated = map[string]string{"192.0.2.3": "a", "192.0.2.4": "other"}
	leaving := holding("192.0.2.6", "c", "p")
	leaving.Leaving = true
	lost := ippool.Lost(pool, []ippool.Holding{
		holding("192.0.2.3", "a", "p"), holding("192.0.2.4", "b", "p"), holding("192.0.2.5", "b", "p"), holding("192.0.2.5", "b", "q"), leaving,
	})
	assert.Equal(t, []ippool.Holding{holding("192.0.2.4", "b", "p"), holding("192.0.2.5", "b", "p")}, lost)
}

// An IPv6 pool has more addresses than a number of the status can say.
func TestCountsOfIPv6PoolsAreNeverNegative(t *testing.T) {
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "2001:db8::/64"}, {Subnet: "2001:db9::/32"}}}}
	pool.Status.Allocated = map[string]string{"2001:db8::2": "a"}
	total, available, err := ippool.Count(pool)
	require.NoError(t, err)
	assert.Equal(t, []int64{1 << 53, 1<<53 - 1}, []int64{total, available})

	harvester := fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).WithObjects(pool).Build()
	_, err = ipam.NewAllocator(ippool.NewStore(harvester)).Allocate(t.Context(), ipam.Request{Owner: "b", Pools: []string{"p"}})
	require.NoError(t, err)
	require.NoError(t, harvester.Get(t.Context(), client.ObjectKey{Name: "p"}, pool))
	assert.Equal(t, []int64{1 << 53, 1<<53 - 2}, []int64{pool.Status.Total, pool.Status.Available})
}
