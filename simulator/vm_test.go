package simulator_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// imageClass is the storage class of the seeded image.
func imageClass(t *testing.T, c client.Client) string {
	t.Helper()
	return seededImage(t, c).Status.StorageClassName
}

// newVM is a VM as a provider would write it: one disk from the image, one NIC, cloud-init from a Secret.
func newVM(t *testing.T, c client.Client, namespace, name string) *kubevirtv1.VirtualMachine {
	t.Helper()
	labels := map[string]string{
		"harvesterhci.io/creator": "docker-machine-driver-harvester", "harvesterhci.io/vmName": name,
		"guestcluster.harvesterhci.io/name": "guest", "role": "test",
	}
	disk := name + "-disk-0"
	return &kubevirtv1.VirtualMachine{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: labels,
			Annotations: map[string]string{"harvesterhci.io/volumeClaimTemplates": claimTemplate(disk, imageClass(t, c), "default/image-sles15")},
		},
		Spec: kubevirtv1.VirtualMachineSpec{
			RunStrategy: ptr.To(kubevirtv1.RunStrategyRerunOnFailure),
			Template: &kubevirtv1.VirtualMachineInstanceTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: kubevirtv1.VirtualMachineInstanceSpec{
					Domain: kubevirtv1.DomainSpec{
						CPU: &kubevirtv1.CPU{Cores: 2},
						Resources: kubevirtv1.ResourceRequirements{Limits: corev1.ResourceList{
							corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4Gi"),
						}},
						Devices: kubevirtv1.Devices{
							Disks: []kubevirtv1.Disk{
								{Name: "disk-0", DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: "virtio"}}, BootOrder: ptr.To[uint](1)},
								{Name: "cloudinitdisk", DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: "virtio"}}},
							},
							Interfaces: []kubevirtv1.Interface{{Name: "nic-0", Model: "virtio", InterfaceBindingMethod: kubevirtv1.InterfaceBindingMethod{Bridge: &kubevirtv1.InterfaceBridge{}}}},
						},
					},
					Networks: []kubevirtv1.Network{{Name: "nic-0", NetworkSource: kubevirtv1.NetworkSource{Multus: &kubevirtv1.MultusNetwork{NetworkName: "default/production"}}}},
					Volumes: []kubevirtv1.Volume{
						{Name: "disk-0", VolumeSource: kubevirtv1.VolumeSource{PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
							PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: disk},
						}}},
						{Name: "cloudinitdisk", VolumeSource: kubevirtv1.VolumeSource{CloudInitNoCloud: &kubevirtv1.CloudInitNoCloudSource{
							UserDataSecretRef: &corev1.LocalObjectReference{Name: name + "-cloud-init"}, NetworkDataSecretRef: &corev1.LocalObjectReference{Name: name + "-cloud-init"},
						}}},
					},
				},
			},
		},
	}
}

func claimTemplate(name, class, image string) string {
	return fmt.Sprintf(`[{"metadata":{"name":%q,"annotations":{"harvesterhci.io/imageId":%q}},"spec":{"accessModes":["ReadWriteMany"],"volumeMode":"Block","storageClassName":%q,"resources":{"requests":{"storage":"20Gi"}}}}]`, name, image, class)
}

// cloudInit is the Secret of a VM, with a static address or none.
func cloudInit(namespace, vm, address string) *corev1.Secret {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: vm + "-cloud-init"},
		Data:       map[string][]byte{"userdata": []byte("#cloud-config\n")},
	}
	if address != "" {
		secret.Data["networkdata"] = []byte("version: 2\nethernets:\n  eth0:\n    addresses: [" + address + "/16]\n")
	}
	return secret
}

// launch creates a VM with its Secret and waits until it runs with an address.
func launch(t *testing.T, c client.Client, namespace, name string) *kubevirtv1.VirtualMachine {
	t.Helper()
	require.NoError(t, c.Create(t.Context(), cloudInit(namespace, name, "")))
	vm := newVM(t, c, namespace, name)
	require.NoError(t, c.Create(t.Context(), vm))
	waitAddress(t, c, vm)
	return vm
}

// waitAddress waits until a VM's instance runs and its agent reports an address.
func waitAddress(t *testing.T, c client.Client, vm *kubevirtv1.VirtualMachine) *kubevirtv1.VirtualMachineInstance {
	t.Helper()
	return get(t, c, client.ObjectKeyFromObject(vm), &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		if vmi.Status.Phase != kubevirtv1.Running || len(vmi.Status.Interfaces) == 0 || vmi.Status.Interfaces[0].IP == "" {
			return fmt.Errorf("instance is %s with interfaces %v", vmi.Status.Phase, vmi.Status.Interfaces)
		}
		return nil
	})
}

func TestVMBecomesRunningWithAnAddress(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	vmi := waitAddress(t, c, vm)
	assert.Equal(t, "127.50.200", vmi.Status.Interfaces[0].IP[:10])
	get(t, c, client.ObjectKeyFromObject(vm), vm, func(vm *kubevirtv1.VirtualMachine) error {
		return accept(vm.Status.PrintableStatus == kubevirtv1.VirtualMachineStatusRunning && vm.Status.Ready, "status is %s", vm.Status.PrintableStatus)
	})
}
