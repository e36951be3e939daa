package harvestercluster

import (
	"cmp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

func TestFailureDomains(t *testing.T) {
	host := func(labels map[string]string) corev1.Node {
		return corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: labels}}
	}
	zone := func(z string) map[string]string { return map[string]string{corev1.LabelTopologyZone: z} }
	var found []string
	for _, domain := range failureDomains([]corev1.Node{
		host(zone("b")), host(zone("a")), host(zone("b")), host(nil),
		host(map[string]string{corev1.LabelTopologyZone: "w", "node-role.harvesterhci.io/witness": "true"}),
	}) {
		found = append(found, domain.Name)
		assert.True(t, *domain.ControlPlane)
	}
	assert.Equal(t, []string{"a", "b"}, found)
	assert.Empty(t, failureDomains([]corev1.Node{host(nil)}), "single hosts are no failure domains")
}

func TestAdoptAddress(t *testing.T) {
	balancer := &lbv1.LoadBalancer{Status: lbv1.LoadBalancerStatus{Address: "192.0.2.1"}}
	for name, test := range map[string]struct {
		endpoint infrav1.APIEndpoint
		want     infrav1.APIEndpoint
		ready    bool
	}{
		"unset":                           {infrav1.APIEndpoint{}, infrav1.APIEndpoint{Host: "192.0.2.1", Port: 6443}, true},
		"the placeholder of old releases": {infrav1.APIEndpoint{Host: "0.0.0.0", Port: 6443}, infrav1.APIEndpoint{Host: "192.0.2.1", Port: 6443}, true},
		"a port of the user":              {infrav1.APIEndpoint{Port: 443}, infrav1.APIEndpoint{Host: "192.0.2.1", Port: 443}, true},
		"the same":                        {infrav1.APIEndpoint{Host: "192.0.2.1", Port: 6443}, infrav1.APIEndpoint{Host: "192.0.2.1", Port: 6443}, true},
		"another":                         {infrav1.APIEndpoint{Host: "192.0.2.9", Port: 6443}, infrav1.APIEndpoint{Host: "192.0.2.9", Port: 6443}, false},
	} {
		t.Run(name, func(t *testing.T) {
			infra := &infrav1.HarvesterCluster{}
			infra.Spec.ControlPlaneEndpoint = test.endpoint
			outcome := adoptAddress(infra, balancer, cmp.Or(test.endpoint.Port, 6443))
			assert.Equal(t, test.want, infra.Spec.ControlPlaneEndpoint)
			assert.Equal(t, test.ready, outcome.Status == metav1.ConditionTrue)
		})
	}
}

// What Harvester or a person wrote into a load balancer stays, and a load balancer that is as it should be is not
// written.
func TestAlignChangesOnlyWhatIsOurs(t *testing.T) {
	infra := &infrav1.HarvesterCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "c"}}
	infra.Spec.LoadBalancerConfig = infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypePool, IPPoolRef: "p"}
	s := &scope{infra: infra, cluster: &clusterv1.Cluster{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "c"}}}
	wanted := wantedLoadBalancer(s)
	stored := wanted.DeepCopy()
	stored.Labels["team"] = "x"
	stored.Spec.HealthCheck = &lbv1.HealthCheck{Port: 6443}
	stored.Status.Address = "192.0.2.1"
	assert.False(t, align(stored.DeepCopy(), wanted))

	infra.Spec.LoadBalancerConfig.IPPoolRef = "another"
	infra.Spec.LoadBalancerConfig.Description = "new"
	changed := stored.DeepCopy()
	assert.True(t, align(changed, wantedLoadBalancer(s)))
	assert.Equal(t, "p", changed.Spec.IPPool, "another pool would be another endpoint")
	assert.Equal(t, "new", changed.Spec.Description)
	assert.Equal(t, "x", changed.Labels["team"])
	assert.Equal(t, stored.Spec.HealthCheck, changed.Spec.HealthCheck)
	assert.Equal(t, stored.Status, changed.Status)
}

func TestOwnershipOfALoadBalancer(t *testing.T) {
	infra := &infrav1.HarvesterCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "c", Labels: map[string]string{clusterv1.ClusterNameLabel: "c"}}}
	s := &scope{infra: infra}
	annotate(infra, infrav1.ClusterSeedAnnotation, "seed")
	wanted := wantedLoadBalancer(s)
	old := &lbv1.LoadBalancer{Spec: lbv1.LoadBalancerSpec{BackendServerSelector: names.OldBackends("c")}}
	today := old.DeepCopy()
	today.Labels = names.Cluster{Namespace: "ns", Name: "c"}.Labels()
	assert.True(t, ours(s, wanted))
	assert.False(t, ours(s, old), "it is of another cluster of the name: this one is new")
	assert.False(t, ours(s, today), "it has the labels of a release without ids")
	annotate(infra, infrav1.AdoptedAnnotation, infrav1.AdoptedOldSelector)
	assert.True(t, ours(s, wantedLoadBalancer(s)))
	assert.True(t, ours(s, today))
	assert.True(t, ours(s, old), "one of v0.2.x has no labels, but selects our control plane")
	claimed := old.DeepCopy()
	claimed.Labels = map[string]string{infrav1.ManagedByLabel: infrav1.ManagedByValue, infrav1.ClusterNamespaceLabel: "other"}
	assert.False(t, ours(s, claimed))
	another := today.DeepCopy()
	another.Labels[infrav1.ClusterIDLabel] = "another"
	assert.False(t, ours(s, another), "it is of another management cluster")
	assert.False(t, ours(s, &lbv1.LoadBalancer{}))
}

func TestQualified(t *testing.T) {
	assert.Equal(t, "vms/net", qualified("net", "vms"))
	assert.Equal(t, "other/net", qualified("other/net", "vms"))
	assert.Empty(t, qualified("", "vms"))
}

// There is no object to lead from an event to a cluster that vanished; what it left waits for events all the same.
func TestEventsLeadToVanishedClustersToo(t *testing.T) {
	scheme := runtime.NewScheme()
	require.NoError(t, infrav1.AddToScheme(scheme))
	r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(scheme).Build()}
	assert.Empty(t, r.loadBalancerToCluster(t.Context(), &lbv1.LoadBalancer{}))
	key := types.NamespacedName{Namespace: "ns", Name: "gone"}
	r.vanished.Put(key, &scope{})
	assert.Equal(t, []ctrl.Request{{NamespacedName: key}}, r.loadBalancerToCluster(t.Context(), &lbv1.LoadBalancer{}))
	r.vanished.Drop(key)
	assert.Empty(t, r.loadBalancerToCluster(t.Context(), &lbv1.LoadBalancer{}))
}
