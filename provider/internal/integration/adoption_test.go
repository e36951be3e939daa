package integration

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// Releases without ids selected the backends of a load balancer by the cluster's name alone. Their clusters go over to the
// id, and there is no moment in which the load balancer selects no one.
func TestClusterWithoutAnIDIsAdoptedWithoutAGap(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", true)
	w.makeOld("m-1")
	require.True(t, w.selected("m-1"))

	cluster := w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return c.Annotations[infrav1.AdoptedAnnotation] == infrav1.AdoptedOldSelector
	})
	assert.Equal(t, w.namespace+"-"+clusterName+"-lb", w.whose().LoadBalancer())
	assert.Equal(t, "192.0.2.10", cluster.Spec.ControlPlaneEndpoint.Host)
	assert.True(t, w.selected("m-1"))

	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool {
		vm := get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})
		return vm.Spec.Template.ObjectMeta.Labels[infrav1.ControlPlaneOfLabel] == w.whose().ID
	})
	_, err := w.reconcileCluster(clusterName)
	require.NoError(t, err)
	require.True(t, w.selected("m-1"), "the instance does not carry the id yet")

	w.syncLabels("m-1")
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return c.Annotations[infrav1.AdoptedAnnotation] == infrav1.AdoptedValue
	})
	assert.Equal(t, map[string][]string{infrav1.ControlPlaneOfLabel: {w.whose().ID}}, w.loadBalancer().Spec.BackendServerSelector)
	assert.True(t, w.selected("m-1"))
	assert.Equal(t, w.whose().ID, w.loadBalancer().Labels[infrav1.ClusterIDLabel])

	w.deleteMachine("m-1")
	w.deleteCluster()
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	w.requireNothingLeft("m-1")
	assert.False(t, w.loadBalancerExists())
}

// Annotations may be lost, as when someone replaces the object by what is in Git. The load balancer is found again by the id
// that comes of the UID.
func TestClusterThatLostItsAnnotationsFindsItsLoadBalancer(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	before, balancer := w.whose(), w.loadBalancer().UID
	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	cluster.Annotations = nil
	require.NoError(t, w.management.Update(w.ctx, cluster))
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool { return c.Annotations[infrav1.ClusterSeedAnnotation] != "" })
	assert.Equal(t, before, w.whose())
	assert.Equal(t, balancer, w.loadBalancer().UID)
}

// makeOld gives the cluster and its machine the names and labels of the release before ids.
func (w *world) makeOld(machine string) {
	w.t.Helper()
	balancer := w.loadBalancer()
	require.NoError(w.t, w.harvester.Delete(w.ctx, balancer.DeepCopy()))
	old := names.Cluster{Namespace: w.namespace, Name: clusterName, OldSelector: true}
	balancer.Name, balancer.UID, balancer.ResourceVersion, balancer.Labels = old.LoadBalancer(), "", "", old.Labels()
	balancer.Spec.BackendServerSelector = old.Backends()
	w.create(w.harvester, balancer)

	labels := names.MachineLabels(names.Machine{Cluster: old, Name: machine, VM: machine, ControlPlane: true})
	vm := get(w, w.harvester, w.target, machine, &kubevirtv1.VirtualMachine{})
	vm.Labels, vm.Spec.Template.ObjectMeta.Labels = labels, labels
	require.NoError(w.t, w.harvester.Update(w.ctx, vm))
	w.syncLabels(machine)
	secret := get(w, w.harvester, w.target, names.CloudInitSecret(machine), &corev1.Secret{})
	secret.Labels = labels
	require.NoError(w.t, w.harvester.Update(w.ctx, secret))
	claim := get(w, w.harvester, w.target, names.Volume(machine, 0), &corev1.PersistentVolumeClaim{})
	claim.Labels = labels
	require.NoError(w.t, w.harvester.Update(w.ctx, claim))

	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	delete(cluster.Annotations, infrav1.ClusterSeedAnnotation)
	require.NoError(w.t, w.management.Update(w.ctx, cluster))
}

// syncLabels hands the labels of a VM's template to its instance, as Harvester does.
func (w *world) syncLabels(name string) {
	w.t.Helper()
	vm := get(w, w.harvester, w.target, name, &kubevirtv1.VirtualMachine{})
	vmi := get(w, w.harvester, w.target, name, &kubevirtv1.VirtualMachineInstance{})
	base := client.MergeFrom(vmi.DeepCopy())
	vmi.Labels = vm.Spec.Template.ObjectMeta.Labels
	require.NoError(w.t, w.harvester.Patch(w.ctx, vmi, base))
}

// selected tells whether the cluster's load balancer selects an instance, as Harvester's controller does.
func (w *world) selected(name string) bool {
	w.t.Helper()
	vmi := get(w, w.harvester, w.target, name, &kubevirtv1.VirtualMachineInstance{})
	balancers := &lbv1.LoadBalancerList{}
	require.NoError(w.t, w.harvester.List(w.ctx, balancers, client.InNamespace(w.target)))
	require.Len(w.t, balancers.Items, 1)
	for key, values := range balancers.Items[0].Spec.BackendServerSelector {
		if !slices.Contains(values, vmi.Labels[key]) {
			return false
		}
	}
	return len(balancers.Items[0].Spec.BackendServerSelector) > 0
}
