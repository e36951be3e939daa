package kubevirt

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// RestartRequired tells whether a VM that was started from one spec must be restarted to become what another says. With
// live updates, as on Harvester, an instance follows changes of sockets, guest memory, placement, hotplugged volumes
// and added interfaces.
func RestartRequired(started, wanted *kubevirtv1.VirtualMachineSpec, vmi *kubevirtv1.VirtualMachineInstance) bool {
	if started.Template == nil || wanted.Template == nil {
		return false
	}
	was, is := started.Template.Spec.DeepCopy(), &wanted.Template.Spec
	if was.Domain.CPU != nil && is.Domain.CPU != nil {
		was.Domain.CPU.Sockets = is.Domain.CPU.Sockets
	}
	if is.Domain.Memory != nil && is.Domain.Memory.Guest != nil {
		if was.Domain.Memory == nil {
			was.Domain.Memory = &kubevirtv1.Memory{}
		}
		was.Domain.Memory.Guest = is.Domain.Memory.Guest
	}
	was.NodeSelector, was.Affinity, was.Tolerations = is.NodeSelector, is.Affinity, is.Tolerations
	if samePlugged(was, is) {
		was.Volumes, was.Domain.Devices.Disks = is.Volumes, is.Domain.Devices.Disks
	}
	if followsNetworks(is, vmi) {
		was.Networks, was.Domain.Devices.Interfaces = is.Networks, is.Domain.Devices.Interfaces
	}
	return !equality.Semantic.DeepEqual(was, is)
}

// samePlugged tells whether two specs have the same volumes and disks, apart from those that are hotplugged.
func samePlugged(was, is *kubevirtv1.VirtualMachineInstanceSpec) bool {
	wasVolumes, wasDisks := plugged(was)
	isVolumes, isDisks := plugged(is)
	return equality.Semantic.DeepEqual(wasVolumes, isVolumes) && equality.Semantic.DeepEqual(wasDisks, isDisks)
}

func plugged(spec *kubevirtv1.VirtualMachineInstanceSpec) (volumes map[string]kubevirtv1.Volume, disks map[string]kubevirtv1.Disk) {
	volumes, disks = map[string]kubevirtv1.Volume{}, map[string]kubevirtv1.Disk{}
	hot := map[string]bool{}
	for _, volume := range spec.Volumes {
		claim, data := volume.PersistentVolumeClaim, volume.DataVolume
		if claim != nil && claim.Hotpluggable || data != nil && data.Hotpluggable {
			hot[volume.Name] = true
			continue
		}
		volumes[volume.Name] = volume
	}
	for _, disk := range spec.Domain.Devices.Disks {
		if !hot[disk.Name] {
			disks[disk.Name] = disk
		}
	}
	return volumes, disks
}

// followsNetworks tells whether every interface and network of an instance is still wanted as it is. New ones are plugged in.
func followsNetworks(is *kubevirtv1.VirtualMachineInstanceSpec, vmi *kubevirtv1.VirtualMachineInstance) bool {
	for _, have := range vmi.Spec.Domain.Devices.Interfaces {
		have.State = ""
		if !slices.ContainsFunc(is.Domain.Devices.Interfaces, func(want kubevirtv1.Interface) bool {
			want.State = ""
			return equality.Semantic.DeepEqual(want, have)
		}) {
			return false
		}
	}
	for _, have := range vmi.Spec.Networks {
		if !slices.ContainsFunc(is.Networks, func(want kubevirtv1.Network) bool { return equality.Semantic.DeepEqual(want, have) }) {
			return false
		}
	}
	return true
}
