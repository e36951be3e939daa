package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/wake"
)

// createForeignVM creates a VM that somebody else made by hand.
func (w *world) createForeignVM(name string, labels map[string]string) *kubevirtv1.VirtualMachine {
	w.t.Helper()
	vm, err := harvesterclient.BuildVM(harvesterclient.VM{
		Namespace: w.target, Name: name, Labels: labels, CPU: 1, Memory: quantity("1Gi"),
		Disks: []harvesterclient.Disk{{Name: "disk-0", PVCName: name + "-disk-0", Size: quantity("1Gi"), BootOrder: 1}},
		NICs:  []harvesterclient.NIC{{Name: "nic-0", Network: "default/production"}},
	})
	require.NoError(w.t, err)
	w.create(w.harvester, vm)
	return vm
}

// Weak point 3: a VM that merely has the name was taken over in silence.
func TestForeignVMIsNeitherAdoptedNorDeleted(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createForeignVM("m-1", map[string]string{"team": "other"})
	w.createClaim("m-1-disk-0", nil)
	w.create(w.harvester, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: "m-1-cloud-init"}})
	w.createMachine("m-1", false)
	machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.VMProvisionedCondition) == "False/"+infrav1.VMNotOwnedReason
	})
	assert.Empty(t, machine.Spec.ProviderID)
	assert.Empty(t, w.readPool(w.pool).Status.Allocated, "no address is taken for a machine that cannot come to be")
	result, err := w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.Equal(t, wake.Safety, result.RequeueAfter, "its going is an event")

	w.deleteMachine("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err },
		func() bool { return !w.exists(w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{}) })
	vm := get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})
	assert.Nil(t, vm.DeletionTimestamp)
	assert.Nil(t, get(w, w.harvester, w.target, "m-1-disk-0", &corev1.PersistentVolumeClaim{}).DeletionTimestamp)
	assert.True(t, w.exists(w.harvester, w.target, "m-1-cloud-init", &corev1.Secret{}))
}

func TestForeignSecretIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.create(w.harvester, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: "m-1-cloud-init"}, Data: map[string][]byte{"a": []byte("b")}})
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.BootstrapReadyCondition) == "False/"+infrav1.BootstrapStoreFailedReason
	})
	assert.Equal(t, map[string][]byte{"a": []byte("b")}, get(w, w.harvester, w.target, "m-1-cloud-init", &corev1.Secret{}).Data)
	assert.False(t, w.exists(w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}))
}

// Harvester attaches a volume that exists as it is, with whatever is on it.
func TestForeignVolumeIsNotAttached(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createClaim("m-1-disk-0", map[string]string{"team": "other"})
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.VMProvisionedCondition) == "False/"+infrav1.VMNotOwnedReason
	})
	assert.False(t, w.exists(w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}))
}

// Volumes go by their whole names: names that begin alike are other people's, and what was hotplugged into the VM is the
// guest's data.
func TestDeletionLeavesTheVolumesOfOthers(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	others := []string{"m-1-disk", "m-1-disk-00", "m-1-disk-0-backup", "m-10-disk-0", "pvc-of-the-guest"}
	for _, name := range others {
		w.createClaim(name, map[string]string{clusterv1.ClusterNameLabel: clusterName})
	}
	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	w.finishVMDeletion("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.requireNothingLeft("m-1")
	for _, name := range others {
		assert.Nil(t, get(w, w.harvester, w.target, name, &corev1.PersistentVolumeClaim{}).DeletionTimestamp, name)
	}
}

func TestVanishedVMIsNotMadeAnew(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	require.NoError(t, w.harvester.Delete(w.ctx, &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: "m-1"}}))
	require.NoError(t, w.harvester.Delete(w.ctx, get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})))
	machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.VMProvisionedCondition) == "False/"+infrav1.VMMissingReason
	})
	assert.Equal(t, w.subnet+".10", machine.Status.AllocatedIPAddress)
	assert.False(t, w.exists(w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}))

	other := w.createForeignVM("m-1", names.MachineLabels(names.Machine{Cluster: names.Cluster{Namespace: w.namespace, Name: clusterName}, Name: "m-1", VM: "m-1"}))
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.VMProvisionedCondition) == "False/"+infrav1.VMNotOwnedReason
	})
	assert.NotEqual(t, names.ProviderID(string(other.UID)), machine.Spec.ProviderID)
}

// A machine of v0.2.x: other labels, volumes with random names, an owner id of the management namespace, old finalizers.
func TestMachineOfOldReleaseIsAdoptedAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	vm := w.createOldVM("old")
	w.create(w.harvester, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: "old-cloud-init"}, Data: map[string][]byte{"userdata": []byte("kept")}})
	w.boot("old")
	address := w.subnet + ".12"
	pool := w.readPool(w.pool)
	base := client.MergeFrom(pool.DeepCopy())
	pool.Status.Allocated = map[string]string{address: w.namespace + "/old"}
	pool.Status.Available--
	require.NoError(t, w.harvester.Patch(w.ctx, pool, base))

	w.createMachine("old", true, func(m *infrav1.HarvesterMachine) {
		m.Finalizers = []string{infrav1.LegacyMachineFinalizer}
		m.Spec.ProviderID = names.ProviderID(string(vm.UID))
	})
	machine := w.settleMachine("old", func(m *infrav1.HarvesterMachine) bool { return m.Status.Initialization.IsProvisioned() })
	assert.Equal(t, address, machine.Status.AllocatedIPAddress, "the address that the guest uses is found again")
	adopted := get(w, w.harvester, w.target, "old", &kubevirtv1.VirtualMachine{})
	assert.Equal(t, vm.UID, adopted.UID)
	assert.Equal(t, infrav1.ManagedByValue, adopted.Labels[infrav1.ManagedByLabel])
	assert.Equal(t, w.whose().ID, adopted.Spec.Template.ObjectMeta.Labels[infrav1.ControlPlaneOfLabel])
	assert.Equal(t, "kept", string(get(w, w.harvester, w.target, "old-cloud-init", &corev1.Secret{}).Data["userdata"]))

	w.deleteMachine("old")
	w.settleMachine("old", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("old") })
	w.finishVMDeletion("old")
	w.settle(func() error { _, err := w.reconcileMachine("old"); return err },
		func() bool { return !w.exists(w.management, w.namespace, "old", &infrav1.HarvesterMachine{}) })
	assert.False(t, w.exists(w.harvester, w.target, "old-disk-0-x7k2p", &corev1.PersistentVolumeClaim{}))
	assert.False(t, w.exists(w.harvester, w.target, "old-cloud-init", &corev1.Secret{}))
	assert.Empty(t, w.readPool(w.pool).Status.Allocated)
	assert.EqualValues(t, 5, w.readPool(w.pool).Status.Available)
}

// createOldVM creates a VM as v0.2.x did.
func (w *world) createOldVM(name string) *kubevirtv1.VirtualMachine {
	w.t.Helper()
	vm, err := harvesterclient.BuildVM(harvesterclient.VM{
		Namespace: w.target, Name: name, Labels: map[string]string{"harvesterhci.io/creator": "harvester"}, CPU: 1, Memory: quantity("1Gi"),
		Disks: []harvesterclient.Disk{{Name: "disk-0", PVCName: name + "-disk-0-x7k2p", Size: quantity("1Gi"), BootOrder: 1}},
		NICs:  []harvesterclient.NIC{{Name: "nic-0", Network: "default/production"}}, CloudInitSecret: name + "-cloud-init",
	})
	require.NoError(w.t, err)
	w.create(w.harvester, vm)
	return vm
}

func (w *world) vmIsBeingDeleted(name string) bool {
	w.t.Helper()
	vm := &kubevirtv1.VirtualMachine{}
	return w.exists(w.harvester, w.target, name, vm) && vm.DeletionTimestamp != nil
}
