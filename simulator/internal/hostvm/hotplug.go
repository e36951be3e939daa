package hostvm

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// hotplugSize is how large the volumes are that PlugVolume makes.
var hotplugSize = resource.MustParse("1Gi")

// PlugVolume does what Harvester's storage driver does for a guest cluster's persistent volume: it makes a claim in the
// VM's namespace and patches a hotpluggable volume and disk of the same name into the VM's template. A provider that
// writes a VM's spec as a whole tears such volumes out.
func PlugVolume(ctx context.Context, c client.Client, vm types.NamespacedName, claim, class string) error {
	err := c.Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: vm.Namespace, Name: claim},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}, VolumeMode: ptr.To(corev1.PersistentVolumeBlock),
			StorageClassName: &class,
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: hotplugSize}},
		},
	})
	if err != nil {
		return fmt.Errorf("plug volume %s into VM %s: %w", claim, vm, err)
	}
	// The apiserver answers a patch whose test fails with Invalid.
	changed := func(err error) bool { return apierrors.IsConflict(err) || apierrors.IsInvalid(err) }
	err = retry.OnError(retry.DefaultBackoff, changed, func() error {
		object := &kubevirtv1.VirtualMachine{}
		if err := c.Get(ctx, vm, object); err != nil {
			return err
		}
		patch, err := plugPatch(object.ResourceVersion, claim)
		if err != nil {
			return err
		}
		return c.Patch(ctx, object, client.RawPatch(types.JSONPatchType, patch))
	})
	if err != nil {
		return fmt.Errorf("plug volume %s into VM %s: %w", claim, vm, err)
	}
	return nil
}

// plugPatch adds a volume and its disk, provided that the VM is still the one that was read.
func plugPatch(resourceVersion, claim string) ([]byte, error) {
	return json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/resourceVersion", "value": resourceVersion},
		{"op": "add", "path": "/spec/template/spec/volumes/-", "value": kubevirtv1.Volume{Name: claim, VolumeSource: kubevirtv1.VolumeSource{
			PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
				PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}, Hotpluggable: true,
			},
		}}},
		{"op": "add", "path": "/spec/template/spec/domain/devices/disks/-", "value": kubevirtv1.Disk{
			Name: claim, DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: kubevirtv1.DiskBusSCSI}},
		}},
	})
}
