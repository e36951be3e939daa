package harvestercluster

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// rounds are how often all checks are made: one is a matter of milliseconds.
const rounds = 10

// A pool that a HarvesterCluster describes, and that the rules take, becomes one that addresses can be taken from.
func TestAPoolThatAdmissionAcceptsCanBeUsed(t *testing.T) {
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	accepted, drawn := 0, 0
	for range rounds {
		rapid.Check(t, func(t *rapid.T) {
			drawn++
			pool := drawPool(t)
			cluster := withPool(pool, rapid.Bool().Draw(t, "for the load balancer"))
			if findings := engine.Validate(asMap(t, cluster), nil, validation.Options{}); validation.HasErrors(findings) {
				t.Logf("refused: %v", findings)
				return
			}
			accepted++

			made := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "made"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{rangeOf(pool)}}}
			_, err := ippool.FromTyped(made)
			require.NoError(t, err)
		})
	}
	require.Greater(t, accepted*20, drawn, "too few of the pools are accepted for the test to say much")
	require.Less(t, accepted, drawn, "no pool is refused, so nothing odd is drawn")
}

func drawPool(t *rapid.T) *infrav1.IPPool {
	type network struct{ subnets, hosts []string }
	drawn := rapid.SampledFrom([]network{
		{[]string{"172.16.0.0/16", "172.16.3.7/16"}, []string{"", "172.16.0.1", "172.16.3.10", "172.16.3.40", "172.16.0.0", "172.16.255.255", "172.16.255.254", "172.17.0.1", "2001:db8::1", "0.0.0.0"}},
		{[]string{"172.16.3.8/30", "172.16.3.8/31", "172.16.3.9/31", "172.16.3.8/32"}, []string{"", "172.16.3.8", "172.16.3.9", "172.16.3.10", "172.16.3.11"}},
		{[]string{"2001:db8::/64", "2001:db8::7/64"}, []string{"", "2001:db8::", "2001:db8::1", "2001:db8::10", "2001:db8::ffff:ffff:ffff:ffff", "fe80::1", "172.16.0.1", "::"}},
		{[]string{"2001:db8::/126", "2001:db8::/127", "2001:db8::/128"}, []string{"", "2001:db8::", "2001:db8::1", "2001:db8::2", "2001:db8::3"}},
		{[]string{"172.16.0.0", "172.16.0.0/33", "::ffff:172.16.0.0/112", "0.0.0.0/0", "::/0", ""}, []string{"", "172.16.0.1", "router", "fe80::1%eth0", "::ffff:172.16.0.1"}},
	}).Draw(t, "network")
	host := rapid.SampledFrom(drawn.hosts)
	return &infrav1.IPPool{
		VMNetwork: "default/lan", Subnet: rapid.SampledFrom(drawn.subnets).Draw(t, "subnet"), Gateway: host.Draw(t, "gateway"),
		RangeStart: host.Draw(t, "rangeStart"), RangeEnd: host.Draw(t, "rangeEnd"),
	}
}

func withPool(pool *infrav1.IPPool, forLoadBalancer bool) *infrav1.HarvesterCluster {
	cluster := &infrav1.HarvesterCluster{
		TypeMeta:   metav1.TypeMeta{APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterCluster"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "prod-ns", Name: "demo"},
	}
	cluster.Spec.IdentitySecret = infrav1.SecretReference{Namespace: "prod-ns", Name: "identity"}
	cluster.Spec.TargetNamespace = "default"
	cluster.Spec.LoadBalancerConfig.IPAMType = infrav1.IPAMTypePool
	if forLoadBalancer {
		cluster.Spec.LoadBalancerConfig.IPPool = pool
		return cluster
	}
	cluster.Spec.LoadBalancerConfig.IPPoolRef = "lb"
	cluster.Spec.VMNetworkConfig = &infrav1.VMNetworkConfig{IPPool: pool, Gateway: pool.Gateway, SubnetMask: "255.255.0.0"}
	if pool.Gateway == "" {
		cluster.Spec.VMNetworkConfig.Gateway = "172.16.0.1"
	}
	return cluster
}

func asMap(t *rapid.T, object any) map[string]any {
	data, err := json.Marshal(object)
	require.NoError(t, err)
	decoded := map[string]any{}
	require.NoError(t, json.Unmarshal(data, &decoded))
	return decoded
}
