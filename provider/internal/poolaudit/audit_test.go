package poolaudit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
)

// counted makes a pool of 10.<index>.0.2 to .9, eight addresses, with counters that are right.
func counted(name, subnet, start, end string, total int64, allocated map[string]string) lbv1.IPPool {
	return lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: subnet, RangeStart: start, RangeEnd: end}}},
		Status:     lbv1.IPPoolStatus{Total: total, Available: total - int64(len(allocated)), LastAllocated: start, Allocated: allocated},
	}
}

func living() *poolaudit.Holders {
	holders := poolaudit.NewHolders()
	holders.AddVM("vms", "cp-0")
	holders.AddVM("vms", "old-0")
	holders.AddLoadBalancer("vms", "front")
	holders.AddMachine("capi", "new-0", "vms", "other")
	holders.AddClaim("capi", "claim", "capi/claim.01234567.claim.caphv")
	holders.AddClaim("capi", "forged", "vms/gone.caphv")
	return holders
}

func TestAudit(t *testing.T) {
	one := func(allocated map[string]string) lbv1.IPPool {
		return counted("one", "10.1.0.0/24", "10.1.0.2", "10.1.0.9", 8, allocated)
	}
	drifted := one(map[string]string{"10.1.0.2": "vms/front"})
	drifted.Status.Available = 5
	noted := one(map[string]string{"10.1.0.2": "vms/front"})
	noted.Status.AllocatedHistory = map[string]string{"10.1.0.2": "vms/cp-0.caphv", "10.1.0.3": "vms/gone"}
	broken := one(nil)
	broken.Spec.Ranges[0].Subnet = "ten"
	uncounted := one(nil)
	uncounted.Status = lbv1.IPPoolStatus{}
	other := counted("two", "10.1.0.0/24", "10.1.0.9", "10.1.0.12", 4, map[string]string{"10.1.0.12": "vms/front"})
	type found struct {
		kind          poolaudit.Kind
		pool, address string
	}
	for name, test := range map[string]struct {
		pools []lbv1.IPPool
		want  []found
	}{
		"all is well": {pools: []lbv1.IPPool{one(map[string]string{
			"10.1.0.2": "vms/cp-0.caphv", "10.1.0.3": "vms/front", "10.1.0.4": "vms/new-0.caphv", "10.1.0.5": "capi/old-0",
		}), uncounted}},
		"cards of a VM, and a claim": {pools: []lbv1.IPPool{one(map[string]string{
			"10.1.0.2": "vms/cp-0.nic-1.caphv", "10.1.0.3": "vms/new-0.nic-31.caphv", "10.1.0.4": "capi/claim.01234567.claim.caphv",
		})}},
		"cards and claims that are gone": {
			pools: []lbv1.IPPool{one(map[string]string{"10.1.0.2": "vms/gone.nic-1.caphv", "10.1.0.3": "capi/claim.89abcdef.claim.caphv", "10.1.0.4": "vms/gone.caphv"})},
			want:  []found{{poolaudit.Leak, "one", "10.1.0.2"}, {poolaudit.Leak, "one", "10.1.0.3"}, {poolaudit.Leak, "one", "10.1.0.4"}},
		},
		"nobody of that name": {
			pools: []lbv1.IPPool{one(map[string]string{"10.1.0.2": "vms/gone.caphv", "10.1.0.3": "vms/gone", "10.1.0.4": "elsewhere/cp-0.caphv", "10.1.0.5": "odd"})},
			want:  []found{{poolaudit.Leak, "one", "10.1.0.2"}, {poolaudit.Leak, "one", "10.1.0.3"}, {poolaudit.Leak, "one", "10.1.0.4"}, {poolaudit.Leak, "one", "10.1.0.5"}},
		},
		"two addresses": {
			pools: []lbv1.IPPool{one(map[string]string{"10.1.0.2": "vms/front", "10.1.0.3": "vms/front"})},
			want:  []found{{poolaudit.Double, "one", "10.1.0.2"}, {poolaudit.Double, "one", "10.1.0.3"}},
		},
		"two addresses of two pools that overlap": {
			pools: []lbv1.IPPool{other, one(map[string]string{"10.1.0.2": "vms/front"})},
			want:  []found{{poolaudit.Double, "one", "10.1.0.2"}, {poolaudit.Overlap, "one", "10.1.0.9"}, {poolaudit.Double, "two", "10.1.0.12"}},
		},
		"counters":         {pools: []lbv1.IPPool{drifted}, want: []found{{poolaudit.Drift, "one", ""}}},
		"a former holder":  {pools: []lbv1.IPPool{noted}, want: []found{{poolaudit.History, "one", "10.1.0.2"}}},
		"ranges narrowed":  {pools: []lbv1.IPPool{one(map[string]string{"10.1.0.99": "vms/front"})}, want: []found{{poolaudit.Outside, "one", "10.1.0.99"}}},
		"no ranges at all": {pools: []lbv1.IPPool{broken}, want: []found{{poolaudit.Unreadable, "one", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []found
			for _, f := range poolaudit.Audit(test.pools, living()) {
				require.NotEmpty(t, f.Message)
				got = append(got, found{f.Kind, f.Pool, f.Address})
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestWho(t *testing.T) {
	for id, want := range map[string]string{
		"vms/cp-0.caphv": "VirtualMachine vms/cp-0", "vms/front": "LoadBalancer vms/front", "other/new-0.caphv": "HarvesterMachine capi/new-0",
		"capi/new-0": "HarvesterMachine capi/new-0", "any/old-0": "VirtualMachine vms/old-0", "vms/front.caphv": "", "": "",
	} {
		assert.Equal(t, want, living().Who(id), id)
	}
}
