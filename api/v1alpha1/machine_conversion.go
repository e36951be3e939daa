package v1alpha1

import (
	"math"
	"slices"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

func machineUp(src *HarvesterMachine, dst *infrav1.HarvesterMachine) {
	dst.Spec = machineSpecUp(&src.Spec)
	status := src.Status.DeepCopy()
	dst.Status = infrav1.HarvesterMachineStatus{
		Ready: status.Ready, Conditions: conditionsUp(status.Conditions), Addresses: each(status.Addresses, addressUp),
		AllocatedIPAddress: status.AllocatedIPAddress, AllocatedPoolRef: status.AllocatedPoolRef,
		Initialization: initializationUp(status.Initialization), FailureDomain: status.FailureDomain,
	}
}

func machineDown(src *infrav1.HarvesterMachine, dst *HarvesterMachine) {
	dst.Spec = machineSpecDown(&src.Spec)
	status := src.Status.DeepCopy()
	dst.Status = HarvesterMachineStatus{
		Ready: status.Ready, Conditions: conditionsDown(status.Conditions), Addresses: each(status.Addresses, addressDown),
		AllocatedIPAddress: status.AllocatedIPAddress, AllocatedPoolRef: status.AllocatedPoolRef,
		Initialization: initializationDown(status.Initialization), FailureDomain: status.FailureDomain,
	}
}

func machineTemplateUp(src *HarvesterMachineTemplate, dst *infrav1.HarvesterMachineTemplate) {
	dst.Spec.Template.ObjectMeta = metadataUp(src.Spec.Template.ObjectMeta)
	dst.Spec.Template.Spec = machineSpecUp(&src.Spec.Template.Spec)
}

func machineTemplateDown(src *infrav1.HarvesterMachineTemplate, dst *HarvesterMachineTemplate) {
	dst.Spec.Template.ObjectMeta = metadataDown(src.Spec.Template.ObjectMeta)
	dst.Spec.Template.Spec = machineSpecDown(&src.Spec.Template.Spec)
}

func machineSpecUp(src *HarvesterMachineSpec) infrav1.HarvesterMachineSpec {
	dst := infrav1.HarvesterMachineSpec{
		ProviderID: src.ProviderID, FailureDomain: src.FailureDomain, CPU: src.CPU, Memory: src.Memory,
		SSHUser: src.SSHUser, SSHKeyPair: src.SSHKeyPair,
		Volumes: each(src.Volumes, volumeUp), Networks: slices.Clone(src.Networks),
		NodeAffinity: src.NodeAffinity.DeepCopy(), WorkloadAffinity: src.WorkloadAffinity.DeepCopy(),
		VMNetworkConfig: machineNetworkUp(src.VMNetworkConfig), Firmware: firmwareUp(src.Firmware), TPM: tpmUp(src.TPM),
	}
	if network := src.NetworkConfig; network != nil {
		dst.NetworkConfig = &infrav1.NetworkConfig{
			Address: network.Address, Gateway: network.Gateway,
			DNSServers: slices.Clone(network.DNSServers), DNSSearch: slices.Clone(network.DNSSearch),
		}
	}
	return dst
}

func machineSpecDown(src *infrav1.HarvesterMachineSpec) HarvesterMachineSpec {
	dst := HarvesterMachineSpec{
		ProviderID: src.ProviderID, FailureDomain: src.FailureDomain, CPU: src.CPU, Memory: src.Memory,
		SSHUser: src.SSHUser, SSHKeyPair: src.SSHKeyPair,
		Volumes: each(src.Volumes, volumeDown), Networks: slices.Clone(src.Networks),
		NodeAffinity: src.NodeAffinity.DeepCopy(), WorkloadAffinity: src.WorkloadAffinity.DeepCopy(),
		VMNetworkConfig: machineNetworkDown(src.VMNetworkConfig), Firmware: firmwareDown(src.Firmware), TPM: tpmDown(src.TPM),
	}
	if network := src.NetworkConfig; network != nil {
		dst.NetworkConfig = &NetworkConfig{
			Address: network.Address, Gateway: network.Gateway,
			DNSServers: slices.Clone(network.DNSServers), DNSSearch: slices.Clone(network.DNSSearch),
		}
	}
	return dst
}

func volumeUp(src Volume) infrav1.Volume {
	src = *src.DeepCopy()
	dst := infrav1.Volume{
		VolumeType: infrav1.VolumeType(src.VolumeType), ImageName: src.ImageName, StorageClass: src.StorageClass, VolumeSize: src.VolumeSize,
	}
	if src.BootOrder != nil {
		order := int32(min(max(*src.BootOrder, math.MinInt32), math.MaxInt32))
		dst.BootOrder = &order
	}
	return dst
}

func volumeDown(src infrav1.Volume) Volume {
	src = *src.DeepCopy()
	dst := Volume{
		VolumeType: string(src.VolumeType), ImageName: src.ImageName, StorageClass: src.StorageClass, VolumeSize: src.VolumeSize,
	}
	if src.BootOrder != nil {
		order := int64(*src.BootOrder)
		dst.BootOrder = &order
	}
	return dst
}

func addressUp(src MachineAddress) clusterv1.MachineAddress {
	return clusterv1.MachineAddress{Type: clusterv1.MachineAddressType(src.Type), Address: src.Address}
}

func addressDown(src clusterv1.MachineAddress) MachineAddress {
	return MachineAddress{Type: string(src.Type), Address: src.Address}
}
