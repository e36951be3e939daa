package kubevirt

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

func TestRestartRequired(t *testing.T) {
	disk := func(name string, hot bool) (kubevirtv1.Volume, kubevirtv1.Disk) {
		claim := &kubevirtv1.PersistentVolumeClaimVolumeSource{Hotpluggable: hot}
		claim.ClaimName = name
		return kubevirtv1.Volume{Name: name, VolumeSource: kubevirtv1.VolumeSource{PersistentVolumeClaim: claim}}, kubevirtv1.Disk{Name: name}
	}
	plug := func(name string, hot bool) func(*kubevirtv1.VirtualMachineInstanceSpec) {
		return func(spec *kubevirtv1.VirtualMachineInstanceSpec) {
			volume, disk := disk(name, hot)
			spec.Volumes = append(spec.Volumes, volume)
			spec.Domain.Devices.Disks = append(spec.Domain.Devices.Disks, disk)
		}
	}
	tests := map[string]struct {
		change func(*kubevirtv1.VirtualMachineInstanceSpec)
		want   bool
	}{
		"nothing": {func(*kubevirtv1.VirtualMachineInstanceSpec) {}, false},
		"cores":   {func(spec *kubevirtv1.VirtualMachineInstanceSpec) { spec.Domain.CPU.Cores = 4 }, true},
		"sockets": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) { spec.Domain.CPU.Sockets = 4 }, false},
		"firmware": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) {
			spec.Domain.Firmware = &kubevirtv1.Firmware{UUID: "x"}
		}, true},
		"limits": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) {
			spec.Domain.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("8Gi")}
		}, true},
		"guest memory": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) {
			spec.Domain.Memory = &kubevirtv1.Memory{Guest: ptr.To(resource.MustParse("8Gi"))}
		}, false},
		"placement":          {func(spec *kubevirtv1.VirtualMachineInstanceSpec) { spec.NodeSelector = map[string]string{"a": "b"} }, false},
		"hotplugged volume":  {plug("late", true), false},
		"volume":             {plug("late", false), true},
		"disk is taken away": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) { spec.Volumes, spec.Domain.Devices.Disks = nil, nil }, true},
		"interface is added": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) {
			spec.Domain.Devices.Interfaces = append(spec.Domain.Devices.Interfaces, kubevirtv1.Interface{Name: "nic-1"})
			spec.Networks = append(spec.Networks, kubevirtv1.Network{Name: "nic-1"})
		}, false},
		"interface is unplugged": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) {
			spec.Domain.Devices.Interfaces[0].State = kubevirtv1.InterfaceStateAbsent
		}, false},
		"interface changes": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) { spec.Domain.Devices.Interfaces[0].Model = "e1000" }, true},
		"network changes": {func(spec *kubevirtv1.VirtualMachineInstanceSpec) {
			spec.Networks[0].Multus = &kubevirtv1.MultusNetwork{NetworkName: "default/other"}
		}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			started := machineWith(kubevirtv1.RunStrategyAlways)
			spec := &started.Spec.Template.Spec
			spec.Domain.CPU = &kubevirtv1.CPU{Cores: 2}
			plug("disk-0", false)(spec)
			spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{{Name: "nic-0", Model: "virtio"}}
			spec.Networks = []kubevirtv1.Network{{Name: "nic-0"}}
			vmi := instanceIn(kubevirtv1.Running)
			vmi.Spec = *spec.DeepCopy()

			wanted := started.DeepCopy()
			test.change(&wanted.Spec.Template.Spec)
			assert.Equal(t, test.want, RestartRequired(&started.Spec, &wanted.Spec, vmi))
		})
	}
}
