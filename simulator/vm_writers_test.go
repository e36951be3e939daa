package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

func newGibibyte() *resource.Quantity {
	quantity := resource.MustParse("1Gi")
	return &quantity
}

// Section 9, VM lifecycle, line 7.
func TestOthersWriteToAVMInTheBackground(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	created := vm.ResourceVersion
	get(t, c, client.ObjectKeyFromObject(vm), vm, func(vm *kubevirtv1.VirtualMachine) error {
		return accept(vm.Annotations[kit.MACAnnotation] != "", "annotations: %v", vm.Annotations)
	})
	assert.NotEqual(t, created, vm.ResourceVersion, "a PUT based on what was created conflicts")
	assert.Equal(t, "RerunOnFailure", vm.Annotations[kit.RunStrategyAnnotation])
	assert.JSONEq(t, `{"nic-0":"`+vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress+`"}`, vm.Annotations[kit.MACAnnotation])
	assert.Len(t, vm.Finalizers, 3)
}

// Section 9, VM lifecycle, line 7: the storage driver patches disks into the template, and they outlive the VM.
func TestHotpluggedVolumesArePatchedIntoTheVM(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	require.NoError(t, shared.stand.PlugVolume(t.Context(), client.ObjectKeyFromObject(vm), "pvc-of-the-guest"))
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(vm), vm))
	volumes, disks := vm.Spec.Template.Spec.Volumes, vm.Spec.Template.Spec.Domain.Devices.Disks
	require.Len(t, volumes, 3)
	assert.True(t, volumes[2].PersistentVolumeClaim.Hotpluggable)
	assert.Equal(t, "pvc-of-the-guest", disks[2].Name)
	assert.Equal(t, kubevirtv1.DiskBusSCSI, disks[2].Disk.Bus)
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) {
		vm.Annotations["harvesterhci.io/removedPersistentVolumeClaims"] = "one-disk-0"
	})
	require.NoError(t, c.Delete(t.Context(), vm))
	gone(t, c, vm)
	claim := &corev1.PersistentVolumeClaim{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: space, Name: "pvc-of-the-guest"}, claim))
	assert.Nil(t, claim.DeletionTimestamp, "a guest's data are not deleted with the machine")
}

// Section 9, VM lifecycle, line 8.
func TestLabelsAndTopologyAreSyncedToTheInstance(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.ObjectMeta.Labels["added"] = "yes"
		delete(vm.Spec.Template.ObjectMeta.Labels, "role")
	})
	vmi := get(t, c, client.ObjectKeyFromObject(vm), &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		_, stale := vmi.Labels["role"]
		return accept(vmi.Labels["added"] == "yes" && !stale, "labels: %v", vmi.Labels)
	})
	assert.NotEmpty(t, vmi.Labels[kubevirtv1.NodeNameLabel], "KubeVirt's own labels stay")
	get(t, c, client.ObjectKeyFromObject(vm), vmi, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.Annotations[corev1.LabelHostname] == vmi.Status.NodeName && vmi.Annotations[corev1.LabelTopologyZone] != "", "annotations: %v", vmi.Annotations)
	})

	require.NoError(t, c.Create(t.Context(), cloudInit(space, "two", "")))
	plain := newVM(t, c, space, "two")
	delete(plain.Spec.Template.ObjectMeta.Labels, kit.CreatorLabel)
	require.NoError(t, c.Create(t.Context(), plain))
	waitAddress(t, c, plain)
	change(t, c, plain, func(vm *kubevirtv1.VirtualMachine) { vm.Spec.Template.ObjectMeta.Labels["added"] = "later" })
	vmi = get(t, c, client.ObjectKeyFromObject(plain), &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.Labels["added"] == "later", "labels: %v", vmi.Labels)
	})
	assert.NotEmpty(t, vmi.Status.NodeName)
	assert.NotContains(t, vmi.Annotations, corev1.LabelTopologyZone, "only with the node driver's label; labels and topology are written together")
}
