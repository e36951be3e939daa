package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// Harvester's storage driver plugs a guest's volumes into the VM's template. They stay when we write to the VM, and when
// the machine goes.
func TestWhatIsPluggedInStays(t *testing.T) {
	const claim = "pvc-of-the-guest"
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.createClaim(claim, nil)
	vm := get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})
	base := client.MergeFrom(vm.DeepCopy())
	template := &vm.Spec.Template.Spec
	template.Domain.Devices.Disks = append(template.Domain.Devices.Disks, kubevirtv1.Disk{
		Name: claim, DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: kubevirtv1.DiskBusSCSI}},
	})
	template.Volumes = append(template.Volumes, kubevirtv1.Volume{Name: claim, VolumeSource: kubevirtv1.VolumeSource{
		PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
			PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}, Hotpluggable: true,
		},
	}})
	delete(vm.Labels, infrav1.ManagedByLabel) // so that there is something to write to the VM
	require.NoError(t, w.harvester.Patch(w.ctx, vm, base))

	var labelled *kubevirtv1.VirtualMachine
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool {
		labelled = get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})
		return labelled.Labels[infrav1.ManagedByLabel] == infrav1.ManagedByValue
	})
	assert.Equal(t, vm.Spec, labelled.Spec)

	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	removed := splitNames(get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}).Annotations[harvesterclient.AnnotationRemovedClaims])
	assert.NotEmpty(t, removed)
	assert.NotContains(t, removed, claim)
	w.finishVMDeletion("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.requireNothingLeft("m-1")
	assert.Nil(t, get(w, w.harvester, w.target, claim, &corev1.PersistentVolumeClaim{}).DeletionTimestamp)
}
