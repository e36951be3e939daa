package simulator_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	cdiv1 "kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/hostvm"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/storage"
)

func hasStatus(want kubevirtv1.VirtualMachinePrintableStatus) func(*kubevirtv1.VirtualMachine) error {
	return func(vm *kubevirtv1.VirtualMachine) error {
		return accept(vm.Status.PrintableStatus == want, "VM is %q, not %q", vm.Status.PrintableStatus, want)
	}
}

// Section 9, VM lifecycle, line 3.
func TestClaimsAreMadeFromTheAnnotationAndBoundLater(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	vm := newVM(t, c, space, "one")
	class := "late-" + space
	vm.Annotations["harvesterhci.io/volumeClaimTemplates"] = claimTemplate("one-disk-0", class, "default/image-sles15")
	require.NoError(t, c.Create(t.Context(), vm))
	key := client.ObjectKeyFromObject(vm)

	// Who sees the claim sees what will clean it up, so that a VM deleted at any moment leaves nothing.
	claim := &corev1.PersistentVolumeClaim{}
	claimKey := client.ObjectKey{Namespace: space, Name: "one-disk-0"}
	get(t, c, claimKey, claim, func(*corev1.PersistentVolumeClaim) error { return nil })
	require.NoError(t, c.Get(t.Context(), key, vm))
	assert.Contains(t, vm.Finalizers, hostvm.CleanupFinalizer)

	// Without its storage class the claim stays Pending, and the VM says what it waits for.
	get(t, c, key, vm, hasStatus(kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding))
	require.NoError(t, c.Get(t.Context(), claimKey, claim))
	assert.Equal(t, corev1.ClaimPending, claim.Status.Phase)
	assert.Empty(t, claim.OwnerReferences)
	assert.Equal(t, "default/image-sles15", claim.Annotations["harvesterhci.io/imageId"])

	require.NoError(t, c.Create(t.Context(), storage.NewClass(class, false)))
	waitAddress(t, c, vm)
	require.NoError(t, c.Get(t.Context(), claimKey, claim))
	assert.Equal(t, corev1.ClaimBound, claim.Status.Phase)
	assert.Equal(t, "pvc-"+string(claim.UID), claim.Spec.VolumeName)
	get(t, c, key, vm, hasStatus(kubevirtv1.VirtualMachineStatusRunning))

	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) {
		vm.Annotations["harvesterhci.io/volumeClaimTemplates"] = `[{"metadata":{"name":"one-disk-0"},"spec":{"resources":{"requests":{"storage":"30Gi"}}}}]`
	})
	get(t, c, claimKey, claim, func(claim *corev1.PersistentVolumeClaim) error {
		return accept(claim.Status.Capacity.Storage().String() == "30Gi", "claim has %s", claim.Status.Capacity.Storage())
	})
}

// Section 9, VM lifecycle, line 3.
func TestClaimsOfAMissingImageAreSkipped(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	vm := newVM(t, c, space, "one")
	vm.Annotations["harvesterhci.io/volumeClaimTemplates"] = claimTemplate("one-disk-0", imageClass(t, c), space+"/late")
	require.NoError(t, c.Create(t.Context(), vm))
	get(t, c, client.ObjectKeyFromObject(vm), vm, hasStatus(kubevirtv1.VirtualMachineStatusPvcNotFound))
	require.NoError(t, c.Create(t.Context(), newImage(space, "late", "late.qcow2")))
	waitAddress(t, c, vm)
}

// Section 9, VM lifecycle, line 3.
func TestClaimsOfACDIImageComeFromADataVolume(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	image := newImage(space, "cdi", "cdi.qcow2")
	image.Spec.Backend = hciv1.BackendCDI
	image.Spec.TargetStorageClassName = storage.DefaultClass
	require.NoError(t, c.Create(t.Context(), image))
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	vm := newVM(t, c, space, "one")
	template := claimTemplate("one-disk-0", storage.DefaultClass, space+"/cdi")
	vm.Annotations["harvesterhci.io/volumeClaimTemplates"] = strings.Replace(template, `{"name"`, `{"labels":{"whose":"ours"},"name"`, 1)
	vm.Annotations["harvesterhci.io/removedPersistentVolumeClaims"] = "one-disk-0"
	require.NoError(t, c.Create(t.Context(), vm))
	waitAddress(t, c, vm)
	volume := &cdiv1.DataVolume{}
	key := client.ObjectKey{Namespace: space, Name: "one-disk-0"}
	get(t, c, key, volume, func(volume *cdiv1.DataVolume) error {
		return accept(volume.Status.Phase == cdiv1.Succeeded, "data volume is %s", volume.Status.Phase)
	})
	assert.Equal(t, "cdi", volume.Spec.Source.PVC.Name)
	assert.Empty(t, volume.Labels, "Harvester does not hand the template's labels on")
	claim := &corev1.PersistentVolumeClaim{}
	require.NoError(t, c.Get(t.Context(), key, claim))
	assert.Equal(t, volume.UID, claim.OwnerReferences[0].UID)

	// Listing the claim is enough: the data volume goes with it.
	require.NoError(t, c.Delete(t.Context(), vm))
	gone(t, c, vm)
	gone(t, c, claim)
	gone(t, c, volume)
}

// newImage is an image to download.
func newImage(namespace, name, displayName string) *hciv1.VirtualMachineImage {
	return &hciv1.VirtualMachineImage{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: hciv1.VirtualMachineImageSpec{
			DisplayName: displayName, Backend: hciv1.BackendBackingImage, SourceType: hciv1.SourceDownload,
			URL: "https://images.example.com/" + displayName, StorageClassParameters: map[string]string{},
		},
	}
}
