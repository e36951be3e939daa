package harvestercluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

func TestOnlyANewClusterIsIdentifiedByItsUID(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*infrav1.HarvesterCluster)
		seed   string
	}{
		"new":                       {func(*infrav1.HarvesterCluster) {}, "uid"},
		"new, with an endpoint":     {func(c *infrav1.HarvesterCluster) { c.Spec.ControlPlaneEndpoint.Host = "api.example" }, "uid"},
		"new, and paused until now": {func(c *infrav1.HarvesterCluster) { condition(c, "Paused") }, "uid"},
		"identified, and restored":  {func(c *infrav1.HarvesterCluster) { annotate(c, infrav1.ClusterSeedAnnotation, "first uid") }, "first uid"},
		"of an earlier release": {func(c *infrav1.HarvesterCluster) {
			c.Finalizers = []string{infrav1.ClusterFinalizer}
		}, ""},
		"of v0.2.x":                {func(c *infrav1.HarvesterCluster) { c.Finalizers = []string{infrav1.LegacyClusterFinalizer} }, ""},
		"with an endpoint of ours": {func(c *infrav1.HarvesterCluster) { annotate(c, endpointFromAnnotation, fromLoadBalancer) }, ""},
		"provisioned": {func(c *infrav1.HarvesterCluster) {
			c.Status.Initialization = &infrav1.Initialization{Provisioned: ptr.To(true)}
		}, ""},
		"connected": {func(c *infrav1.HarvesterCluster) { condition(c, infrav1.HarvesterConnectionReadyCondition) }, ""},
	} {
		infra := &infrav1.HarvesterCluster{ObjectMeta: metav1.ObjectMeta{UID: "uid"}}
		test.change(infra)
		identifyNew(infra)
		assert.Equal(t, test.seed, infra.Annotations[infrav1.ClusterSeedAnnotation], name)
	}
}

func condition(infra *infrav1.HarvesterCluster, kind string) {
	conditions.Set(infra, metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: "Test"})
}

// The selector of an adopted load balancer changes when it misses no one by it, and not before.
func TestSelectorWaitsForEveryInstanceOfItsOwn(t *testing.T) {
	t.Parallel()
	cluster := names.Cluster{Namespace: "ns", Name: "c"}.WithSeed("seed")
	cluster.Adopted, cluster.OldSelector = true, true
	labels := func(of names.Cluster) map[string]string {
		return names.MachineLabels(names.Machine{Cluster: of, Name: "m", VM: "m", ControlPlane: true})
	}
	old := names.Cluster{Namespace: "ns", Name: "c", OldSelector: true}
	elsewhere := names.Cluster{Namespace: "other", Name: "c", OldSelector: true}
	twin := names.Cluster{Namespace: "ns", Name: "c"}.WithSeed("of another management cluster")
	twin.OldSelector = true
	instance := func(labels map[string]string, going bool) client.Object {
		object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "m", Labels: labels}}
		if going {
			object.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
		return object
	}
	for name, test := range map[string]struct {
		instances []client.Object
		missed    []string
	}{
		"none runs":                      {nil, nil},
		"all carry the id":               {[]client.Object{instance(labels(cluster), false)}, nil},
		"one does not yet":               {[]client.Object{instance(labels(cluster), false), instance(labels(old), false)}, []string{"m"}},
		"one that does not is going":     {[]client.Object{instance(labels(cluster), false), instance(labels(old), true)}, nil},
		"one of v0.2.x":                  {[]client.Object{instance(map[string]string{infrav1.MachineTypeLabel: "controlplane-c"}, false)}, []string{"m"}},
		"one of a cluster of its name":   {[]client.Object{instance(labels(elsewhere), false)}, nil},
		"one of another management":      {[]client.Object{instance(labels(twin), false)}, nil},
		"one that no balancer selects":   {[]client.Object{instance(map[string]string{infrav1.MachineTypeLabel: "controlplane-d"}, false)}, nil},
		"a worker without the old label": {[]client.Object{instance(names.MachineLabels(names.Machine{Cluster: old, Name: "w", VM: "w"}), false)}, nil},
	} {
		assert.Equal(t, test.missed, unlabeled(test.instances, cluster), name)
	}
}

// A Service's load balancer is known by the name of the workload cluster only, which another one may share.
func TestBalancersOfServicesGoUnlessOthersMayUseThem(t *testing.T) {
	t.Parallel()
	balancer := func(name string, change func(*lbv1.LoadBalancer)) lbv1.LoadBalancer {
		b := lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{serviceClusterLabel: "c"}}}
		b.Spec.WorkloadType = lbv1.Cluster
		change(&b)
		return b
	}
	all := []lbv1.LoadBalancer{
		balancer("c-default-web-1", func(*lbv1.LoadBalancer) {}),
		balancer("c-default-old-2", func(b *lbv1.LoadBalancer) { b.Spec.WorkloadType = "" }),
		balancer("ours", func(b *lbv1.LoadBalancer) { b.Labels[infrav1.ManagedByLabel] = infrav1.ManagedByValue }),
		balancer("of-vms", func(b *lbv1.LoadBalancer) { b.Spec.WorkloadType = lbv1.VM }),
		balancer("of-vms-too", func(b *lbv1.LoadBalancer) { b.Spec.BackendServerSelector = map[string][]string{"app": {"web"}} }),
	}
	doomed, kept := servicesToDelete(all, 0)
	assert.Empty(t, kept)
	assert.Equal(t, all[:2], doomed)
	doomed, kept = servicesToDelete(all, 1)
	assert.Empty(t, doomed)
	assert.Equal(t, []string{"c-default-web-1", "c-default-old-2"}, kept)
}
