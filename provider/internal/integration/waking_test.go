package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/cluster-api/util/conditions"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/wake"
)

// A volume that is on its way out is in the cache, so that its machine asks nothing while it waits.
func TestVolumesAreWaitedForWithoutAsking(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	w.letVMGo("m-1")
	w.settleMachine("m-1", w.waitsForVolumes)
	var result ctrl.Result
	w.settle(func() (err error) {
		w.proxy.requests()
		result, err = w.reconcileMachine("m-1")
		return err
	}, func() bool {
		claim := get(w, w.harvester, w.target, "m-1-disk-0", &corev1.PersistentVolumeClaim{})
		return claim.DeletionTimestamp != nil && !asksForClaims(w.proxy.requests())
	})
	assert.Equal(t, wake.Safety, result.RequeueAfter, "its going is an event")
	assert.NotEmpty(t, w.readPool(w.pool).Status.Allocated, "the address is held until then")
	w.deleteClaim("m-1-disk-0")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.requireNothingLeft("m-1")
}

// A volume of v0.2.x does not carry our labels, so that the cache does not show it: it is followed, where that is allowed.
func TestVolumesOfOldReleasesAreFollowed(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	vm := w.createForeignVM("old", map[string]string{"harvesterhci.io/creator": "harvester"})
	w.createClaim("old-disk-0-x7k2p", nil)
	w.createMachine("old", false, func(m *infrav1.HarvesterMachine) {
		m.Finalizers = []string{infrav1.LegacyMachineFinalizer}
		m.Spec.ProviderID = names.ProviderID(string(vm.UID))
	})
	w.create(w.harvester, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: w.target, Name: names.CloudInitSecret("old"),
		Labels:      names.MachineLabels(names.Machine{Cluster: w.whose(), Name: "old", VM: "old"}),
		Annotations: map[string]string{volumeNote: string(vm.UID) + " old-disk-0-x7k2p"},
	}})
	require.NoError(t, w.harvester.Delete(w.ctx, vm))
	w.deleteMachine("old")
	w.proxy.setUnwatchable(true)
	w.settleMachine("old", w.waitsForVolumes)
	result, err := w.reconcileMachine("old")
	require.NoError(t, err)
	assert.Less(t, result.RequeueAfter, 30*time.Second, "nothing tells when it is gone")
	w.proxy.setUnwatchable(false)
	result, err = w.reconcileMachine("old")
	require.NoError(t, err)
	assert.Equal(t, wake.Safety, result.RequeueAfter)
	w.deleteClaim("old-disk-0-x7k2p")
	w.settle(func() error { _, err := w.reconcileMachine("old"); return err }, func() bool { return w.machineIsGone("old") })
}

// CDI makes volumes without our labels, by names that we know. They are noted before the VM goes, and waited for.
func TestVolumesOfCDIAreWaitedForToo(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" })
	w.createClaim("m-1-disk-0", nil)
	w.boot("m-1")
	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	w.letVMGo("m-1")
	w.settleMachine("m-1", w.waitsForVolumes)
	result, err := w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.Equal(t, wake.Safety, result.RequeueAfter)
	assert.NotNil(t, get(w, w.harvester, w.target, "m-1-disk-0", &corev1.PersistentVolumeClaim{}).DeletionTimestamp, "what Harvester left is removed")
	assert.NotEmpty(t, w.readPool(w.pool).Status.Allocated, "the address is held until then")
	w.deleteClaim("m-1-disk-0")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.requireNothingLeft("m-1")
}

// What v0.2.x made is labelled when it is deleted before it was ever adopted, so that its going is an event, and all of it
// goes.
func TestWhatWasNeverAdoptedIsLabelledWhenItGoes(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster(func(c *infrav1.HarvesterCluster) {
		c.Annotations = map[string]string{infrav1.ClusterSeedAnnotation: "known", infrav1.AdoptedAnnotation: infrav1.AdoptedOldSelector}
	})
	w.create(w.harvester, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: "old-cloud-init"}})
	vm := w.createOldVM("old")
	w.createMachine("old", false, func(m *infrav1.HarvesterMachine) {
		m.Finalizers = []string{infrav1.LegacyMachineFinalizer}
		m.Spec.ProviderID = names.ProviderID(string(vm.UID))
	})
	w.deleteMachine("old")
	var result ctrl.Result
	w.settle(func() (err error) { result, err = w.reconcileMachine("old"); return err }, func() bool { return w.vmIsBeingDeleted("old") })
	assert.Zero(t, result, "it waits for an event alone")
	w.finishVMDeletion("old")
	w.settle(func() error { _, err := w.reconcileMachine("old"); return err }, func() bool { return w.machineIsGone("old") })
	assert.False(t, w.exists(w.harvester, w.target, "old-cloud-init", &corev1.Secret{}), "its Secret goes too")

	balancer := w.loadBalancer()
	balancer.Labels, balancer.Spec.BackendServerSelector = nil, names.OldBackends(clusterName)
	require.NoError(t, w.harvester.Update(w.ctx, balancer))
	balancer.Finalizers = []string{"test/keep"}
	require.NoError(t, w.harvester.Update(w.ctx, balancer))
	w.deleteCluster()
	w.settle(func() (err error) { result, err = w.reconcileCluster(clusterName); return err }, func() bool { return w.loadBalancer().DeletionTimestamp != nil })
	assert.Zero(t, result)
	assert.Equal(t, infrav1.ManagedByValue, w.loadBalancer().Labels[infrav1.ManagedByLabel])
	balancer = w.loadBalancer()
	balancer.Finalizers = nil
	require.NoError(t, w.harvester.Update(w.ctx, balancer))
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	assert.False(t, w.exists(w.harvester, w.target, w.whose().LoadBalancer(), &lbv1.LoadBalancer{}))
}

// A target namespace that is going away is waited for until it is gone.
func TestTerminatingNamespaceIsFollowed(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.create(w.harvester, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.target, Finalizers: []string{"test/keep"}}})
	require.NoError(t, w.harvester.Delete(w.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.target}}))
	w.createCluster()
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.TargetNamespaceReadyCondition) == "False/"+infrav1.TargetNamespaceTerminatingReason
	})
	result, err := w.reconcileCluster(clusterName)
	require.NoError(t, err)
	assert.Equal(t, wake.Safety, result.RequeueAfter)
}

func (w *world) waitsForVolumes(machine *infrav1.HarvesterMachine) bool {
	return conditions.GetReason(machine, infrav1.DeletingCondition) == infrav1.DeletingVolumesReason
}

func asksForClaims(requests []string) bool {
	for _, request := range requests {
		if pluralOf(request) == "persistentvolumeclaims" {
			return true
		}
	}
	return false
}
