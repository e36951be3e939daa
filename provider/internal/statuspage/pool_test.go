package statuspage

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/utils/ptr"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

func uses(cells []Cell) []Use {
	var found []Use
	for _, cell := range cells {
		found = append(found, cell.Use)
	}
	return found
}

func TestMapOfAPool(t *testing.T) {
	claim := names.ClaimAddressOwner("prod", "shop-md-1-nic-0-0", "0123456789")
	snapshot := shop()
	snapshot.InfraMachines[2].Status.AllocatedAddresses = []infrav1.AllocatedAddress{{Index: ptr.To[int32](0), Address: "192.0.2.13", ClaimRef: "shop-md-1-nic-0-0"}}
	snapshot.Pools = []Pool{pool("vlan-100", "192.0.2.10", "192.0.2.14", map[string]string{
		"192.0.2.10": "default/shop-lb",
		"192.0.2.11": names.AddressOwner("default", "shop-cp-1"),
		"192.0.2.12": names.AddressOwner("default", "gone"),
		"192.0.2.13": claim,
	})}
	snapshot.Pools = append(snapshot.Pools, snapshot.Pools[0])
	maps := NewPage(snapshot, noon, Query{}).Pools
	require.Len(t, maps, 1, "two identities may see one pool")
	assert.Equal(t, []Use{UseOther, UseMachine, UseOther, UseMachine, UseFree}, uses(maps[0].Cells))
	assert.Equal(t, []string{"192.0.2.10 to 192.0.2.14"}, maps[0].Ranges)
	assert.Equal(t, "5", maps[0].Total)
	assert.Equal(t, 4, maps[0].Held)
	assert.Equal(t, []Holder{
		{Address: "192.0.2.10", ID: "default/shop-lb"},
		{Address: "192.0.2.11", ID: names.AddressOwner("default", "shop-cp-1"), Machine: "prod/shop-cp-1"},
		{Address: "192.0.2.12", ID: names.AddressOwner("default", "gone")},
		{Address: "192.0.2.13", ID: claim, Machine: "prod/shop-md-1"},
	}, maps[0].Holders)
}

func TestMapsOfLargePools(t *testing.T) {
	holderOf := func(id string) string { return map[string]string{"m": "prod/m"}[id] }
	for name, test := range map[string]struct {
		ranges  lbv1.Range
		held    map[string]string
		total   string
		cells   int
		perCell int
		drawn   map[int]Use
	}{
		"without its gateway": {lbv1.Range{Subnet: "192.0.2.0/29"}, nil, "5", 5, 1, nil},
		"one cell for four":   {lbv1.Range{Subnet: "10.0.0.0/22"}, map[string]string{"10.0.0.5": "other", "10.0.0.6": "m", "10.0.0.7": "other"}, "1021", 256, 4, map[int]Use{0: UseOther, 1: UseMachine, 2: UseFree}},
		"too large":           {lbv1.Range{Subnet: "2001:db8::/64"}, map[string]string{"2001:db8::5": "m"}, "18446744073709551614", 0, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			object := Pool{IPPool: lbv1.IPPool{Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{test.ranges}}, Status: lbv1.IPPoolStatus{Allocated: test.held}}}
			made := newPoolMap(&object, holderOf)
			assert.Equal(t, test.total, made.Total)
			assert.Len(t, made.Cells, test.cells)
			assert.Equal(t, test.perCell, made.PerCell)
			for i, use := range test.drawn {
				assert.Equal(t, use, made.Cells[i].Use, i)
			}
			assert.Len(t, made.Holders, len(test.held))
		})
	}
}

func TestPoolThatCannotBeRead(t *testing.T) {
	made := newPoolMap(&Pool{IPPool: lbv1.IPPool{Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "nonsense"}}}}}, nil)
	assert.Contains(t, made.Broken, "nonsense")
	assert.Nil(t, made.Cells)
}
