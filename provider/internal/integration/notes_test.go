package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// volumeNote is the annotation, on the cloud-init Secret on Harvester, that names the volumes that go with a VM.
const volumeNote = "infrastructure.cluster.x-k8s.io/volume-claims"

// Users of a namespace may write the annotations of its machines. Naming a volume there had it deleted, whoever's it was.
func TestVolumeThatAUserNamesStays(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.createClaim("data-of-others", nil)
	w.annotateMachine("m-1", volumeNote, "data-of-others")
	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	w.annotateMachine("m-1", volumeNote, "data-of-others")
	w.finishVMDeletion("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.requireNothingLeft("m-1")
	assert.Nil(t, get(w, w.harvester, w.target, "data-of-others", &corev1.PersistentVolumeClaim{}).DeletionTimestamp)
}

// A VM that was restored in place of the machine's, as from Harvester's backup, is not the machine's any more. What it runs
// on was deleted with the machine all the same.
func TestReplacedVMKeepsWhatItRunsOn(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	before := get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})
	require.NoError(t, w.harvester.Delete(w.ctx, get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachineInstance{})))
	require.NoError(t, w.harvester.Delete(w.ctx, before))
	replaced := before.DeepCopy()
	replaced.UID, replaced.ResourceVersion, replaced.Finalizers = "", "", nil
	w.create(w.harvester, replaced)

	w.deleteMachine("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	assert.Nil(t, get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}).DeletionTimestamp)
	assert.Nil(t, get(w, w.harvester, w.target, "m-1-disk-0", &corev1.PersistentVolumeClaim{}).DeletionTimestamp)
	assert.True(t, w.exists(w.harvester, w.target, names.CloudInitSecret("m-1"), &corev1.Secret{}))
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 1, "its guest uses the address")
}

// Between the look and the write the VM may have been replaced, while the cache still shows the old one.
func TestLabelsAreNotPutOnAVMThatWasNotLookedAt(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	stripped := get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})
	delete(stripped.Labels, infrav1.HarvesterCreatorLabel) // so that there is something to write, and the cache has it
	require.NoError(t, w.harvester.Update(w.ctx, stripped))
	w.proxy.before("PATCH virtualmachines", func() {
		vm := get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})
		other := vm.DeepCopy()
		other.UID, other.ResourceVersion, other.Finalizers = "", "", nil
		other.Labels = map[string]string{"team": "other"}
		require.NoError(t, w.harvester.Delete(w.ctx, vm))
		w.create(w.harvester, other)
	})
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.VMProvisionedCondition) == "False/"+infrav1.VMNotOwnedReason
	})
	assert.Equal(t, map[string]string{"team": "other"}, get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}).Labels)
}
