package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func (w *world) loadBalancer() *lbv1.LoadBalancer {
	w.t.Helper()
	return get(w, w.harvester, w.target, w.whose().LoadBalancer(), &lbv1.LoadBalancer{})
}

func TestEndpointComesFromTheLoadBalancer(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster(func(c *infrav1.HarvesterCluster) {
		c.Spec.LoadBalancerConfig = infrav1.LoadBalancerConfig{
			IPAMType: infrav1.IPAMTypePool, IPPoolRef: w.pool,
			Listeners: []infrav1.Listener{{Name: "http", Port: 80, BackendPort: 30080}},
		}
	})
	balancer := w.loadBalancer()
	assert.Equal(t, lbv1.Pool, balancer.Spec.IPAM)
	assert.Equal(t, lbv1.VM, balancer.Spec.WorkloadType)
	assert.Equal(t, w.pool, balancer.Spec.IPPool)
	assert.Equal(t, map[string][]string{infrav1.ControlPlaneOfLabel: {w.whose().ID}}, balancer.Spec.BackendServerSelector)
	ports := map[string]int32{}
	for _, listener := range balancer.Spec.Listeners {
		ports[listener.Name] = listener.Port
	}
	assert.Equal(t, map[string]int32{"rke2-api": 6443, "rke2-join": 9345, "http": 80}, ports)

	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	assert.Equal(t, infrav1.APIEndpoint{Host: "192.0.2.10", Port: 6443}, cluster.Spec.ControlPlaneEndpoint)
	assert.True(t, cluster.Status.Ready)
	assert.True(t, conditions.IsTrue(cluster, infrav1.ReadyCondition))
	require.NotEmpty(t, cluster.Status.FailureDomains)
	assert.Equal(t, "zone-a", cluster.Status.FailureDomains[0].Name)

	w.addressLoadBalancer("192.0.2.99")
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.LoadBalancerReadyCondition) == "False/"+infrav1.LoadBalancerAddressChangedReason
	})
	cluster = get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	assert.Equal(t, "192.0.2.10", cluster.Spec.ControlPlaneEndpoint.Host)
	assert.True(t, cluster.Status.Initialization.IsProvisioned(), "what was provisioned once stays provisioned")
}

func TestListenersFollowTheSpec(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	cluster.Spec.LoadBalancerConfig.Listeners = []infrav1.Listener{{Name: "http", Port: 80, BackendPort: 30080}}
	require.NoError(t, w.management.Update(w.ctx, cluster))
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, func() bool { return len(w.loadBalancer().Spec.Listeners) == 3 })
	assert.Equal(t, "192.0.2.10", w.loadBalancer().Status.Address, "the status is Harvester's")
}

func TestEndpointOfTheUserIsRespected(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.createCluster(func(c *infrav1.HarvesterCluster) {
		c.Spec.ControlPlaneEndpoint = infrav1.APIEndpoint{Host: "api.example", Port: 443}
	})
	cluster := w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool { return c.Status.Initialization.IsProvisioned() })
	assert.Equal(t, infrav1.APIEndpoint{Host: "api.example", Port: 443}, cluster.Spec.ControlPlaneEndpoint)
	assert.False(t, w.exists(w.harvester, w.target, w.whose().LoadBalancer(), &lbv1.LoadBalancer{}))
}

func TestForeignLoadBalancerIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.create(w.harvester, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.target}})
	w.createCluster()
	infra := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	foreign := &lbv1.LoadBalancer{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: w.whose().WithSeed(string(infra.UID)).LoadBalancer()},
		Spec: lbv1.LoadBalancerSpec{IPAM: lbv1.DHCP, WorkloadType: lbv1.VM, BackendServerSelector: map[string][]string{"app": {"web"}},
			Listeners: []lbv1.Listener{{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP, BackendPort: 80}}},
	}
	w.create(w.harvester, foreign)
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.LoadBalancerReadyCondition) == "False/"+infrav1.LoadBalancerNotOwnedReason
	})
	w.deleteCluster()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	left := get(w, w.harvester, w.target, foreign.Name, &lbv1.LoadBalancer{})
	assert.Equal(t, foreign.Spec, left.Spec)
	assert.Nil(t, left.DeletionTimestamp)
}

func TestMissingPoolIsNamedAndDoesNotHoldUpTheEndpoint(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.createCluster(func(c *infrav1.HarvesterCluster) { c.Spec.VMNetworkConfig.IPPoolRef = "no-pool" })
	cluster := w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.IPPoolsReadyCondition) == "False/"+infrav1.PoolNotFoundReason &&
			w.condition(c.Status.Conditions, infrav1.LoadBalancerReadyCondition) == "False/"+infrav1.LoadBalancerAddressPendingReason
	})
	assert.Contains(t, conditions.GetMessage(cluster, infrav1.IPPoolsReadyCondition), "no-pool")
}

// The cluster removes what it created, and nothing else.
func TestDeletionRemovesExactlyWhatWasCreated(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	inline := &infrav1.IPPool{VMNetwork: "default/production", Subnet: "10.210." + w.subnet[3:len(w.subnet)-2] + ".0/24", Gateway: "10.210." + w.subnet[3:len(w.subnet)-2] + ".1"}
	w.provisionCluster(func(c *infrav1.HarvesterCluster) {
		c.Spec.LoadBalancerConfig = infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypePool, IPPoolRef: w.pool}
		c.Spec.VMNetworkConfig = &infrav1.VMNetworkConfig{IPPool: inline, Gateway: inline.Gateway, SubnetMask: "255.255.255.0"}
	})
	created := w.whose().VMPool()
	require.Equal(t, []lbv1.Range{{Subnet: inline.Subnet, Gateway: inline.Gateway}}, w.readPool(created).Spec.Ranges)
	machine := w.provisionMachine("m-1", false)
	assert.Equal(t, created, machine.Status.AllocatedPoolRef)

	w.deleteCluster()
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return conditions.GetReason(c, infrav1.DeletingCondition) == infrav1.WaitingForMachinesReason
	})
	assert.Nil(t, w.loadBalancer().DeletionTimestamp, "machines first")
	w.deleteMachine("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)

	assert.False(t, w.exists(w.harvester, w.target, w.whose().LoadBalancer(), &lbv1.LoadBalancer{}))
	assert.False(t, w.exists(w.harvester, "", created, &lbv1.IPPool{}))
	assert.True(t, w.exists(w.harvester, "", w.pool, &lbv1.IPPool{}), "a pool that was only referred to stays")
	namespace := get(w, w.harvester, "", w.target, &corev1.Namespace{})
	assert.NotNil(t, namespace.DeletionTimestamp, "the namespace was created for the cluster, and is empty")
}

func TestNamespaceWithContentOfOthersStays(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.create(w.harvester, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: "notes"}})
	w.deleteCluster()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	assert.Nil(t, get(w, w.harvester, "", w.target, &corev1.Namespace{}).DeletionTimestamp)
	assert.Contains(t, w.eventsText(), "ConfigMap notes")
}

func TestNamespaceOfOthersStays(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.create(w.harvester, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.target}})
	w.provisionCluster()
	w.deleteCluster()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	assert.Nil(t, get(w, w.harvester, "", w.target, &corev1.Namespace{}).DeletionTimestamp)
}

// v0.2.x: a load balancer without labels, and a placeholder Service that nothing else ever deletes.
func TestClusterOfOldReleaseIsAdoptedAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.create(w.harvester, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.target}})
	name := w.whose().LoadBalancer()
	w.create(w.harvester, &lbv1.LoadBalancer{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: name},
		Spec: lbv1.LoadBalancerSpec{IPAM: lbv1.DHCP, BackendServerSelector: map[string][]string{"harvestercluster/machinetype": {"controlplane-" + clusterName}},
			Listeners: []lbv1.Listener{{Name: "api", Port: 6443, Protocol: corev1.ProtocolTCP, BackendPort: 6443}}},
		Status: lbv1.LoadBalancerStatus{Address: "192.0.2.10"},
	})
	w.create(w.harvester, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 6443}}},
	})
	w.createCluster(func(c *infrav1.HarvesterCluster) {
		c.Finalizers = []string{infrav1.LegacyClusterFinalizer}
		c.Spec.ControlPlaneEndpoint = infrav1.APIEndpoint{Host: "192.0.2.10", Port: 6443}
	})
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool { return conditions.IsTrue(c, infrav1.ReadyCondition) })
	assert.Equal(t, infrav1.ManagedByValue, w.loadBalancer().Labels[infrav1.ManagedByLabel])
	w.deleteCluster()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	assert.False(t, w.exists(w.harvester, w.target, name, &lbv1.LoadBalancer{}))
	assert.False(t, w.exists(w.harvester, w.target, name, &corev1.Service{}))
}

func TestExternallyManagedClusterIsIgnored(t *testing.T) {
	w := newWorld(t)
	w.createCluster(func(c *infrav1.HarvesterCluster) {
		c.Annotations = map[string]string{clusterv1.ManagedByAnnotation: "somebody"}
	})
	before := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	_, err := w.reconcileCluster(clusterName)
	require.NoError(t, err)
	assert.Equal(t, before.ResourceVersion, get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{}).ResourceVersion)
}

// No one in the workload cluster deletes the load balancers of its Services any more. They go with the cluster, before its
// own, unless VMs of a workload cluster of that name are left.
func TestLoadBalancersOfServicesGoWithTheCluster(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	ofService := func(name, cluster string) *lbv1.LoadBalancer {
		balancer := &lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{
			Namespace: w.target, Name: name, Labels: map[string]string{"cloudprovider.harvesterhci.io/cluster": cluster},
			Finalizers: []string{"example.org/address"}, // Harvester takes the address back before it lets go.
		}}
		balancer.Spec.WorkloadType, balancer.Spec.IPAM = lbv1.Cluster, lbv1.Pool
		w.create(w.harvester, balancer)
		return balancer
	}
	doomed, others := ofService("c-default-web", clusterName), ofService("d-default-web", "another")

	w.deleteCluster()
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return conditions.GetReason(c, infrav1.DeletingCondition) == infrav1.DeletingLoadBalancerReason
	})
	require.NotNil(t, get(w, w.harvester, w.target, doomed.Name, doomed).DeletionTimestamp)
	assert.Nil(t, w.loadBalancer().DeletionTimestamp, "one after the other")

	base := client.MergeFrom(doomed.DeepCopy())
	doomed.Finalizers = nil
	require.NoError(t, w.harvester.Patch(w.ctx, doomed, base))
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	assert.False(t, w.exists(w.harvester, w.target, doomed.Name, &lbv1.LoadBalancer{}))
	assert.Nil(t, get(w, w.harvester, w.target, others.Name, others).DeletionTimestamp)
	assert.Contains(t, w.eventsText(), "Deleted load balancer "+w.target+"/c-default-web of a Service")
}
