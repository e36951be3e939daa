package v1alpha1

import (
	"slices"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// The conversions below are of what releases from v0.7 on added to v1alpha1. The pointers in a result are its own.

func machineNetworkUp(src *MachineVMNetworkConfig) *infrav1.MachineVMNetworkConfig {
	if src == nil {
		return nil
	}
	return &infrav1.MachineVMNetworkConfig{
		IPPoolRef: src.IPPoolRef, IPPoolRefs: slices.Clone(src.IPPoolRefs), Gateway: src.Gateway, SubnetMask: src.SubnetMask,
		DNSServers: slices.Clone(src.DNSServers), DNSSearch: slices.Clone(src.DNSSearch),
	}
}

func machineNetworkDown(src *infrav1.MachineVMNetworkConfig) *MachineVMNetworkConfig {
	if src == nil {
		return nil
	}
	return &MachineVMNetworkConfig{
		IPPoolRef: src.IPPoolRef, IPPoolRefs: slices.Clone(src.IPPoolRefs), Gateway: src.Gateway, SubnetMask: src.SubnetMask,
		DNSServers: slices.Clone(src.DNSServers), DNSSearch: slices.Clone(src.DNSSearch),
	}
}

func firmwareUp(src *Firmware) *infrav1.Firmware {
	if src == nil {
		return nil
	}
	src = src.DeepCopy()
	return &infrav1.Firmware{EFI: src.EFI, SecureBoot: src.SecureBoot}
}

func firmwareDown(src *infrav1.Firmware) *Firmware {
	if src == nil {
		return nil
	}
	src = src.DeepCopy()
	return &Firmware{EFI: src.EFI, SecureBoot: src.SecureBoot}
}

func tpmUp(src *TPM) *infrav1.TPM {
	if src == nil {
		return nil
	}
	src = src.DeepCopy()
	return &infrav1.TPM{Enabled: src.Enabled, Persistent: src.Persistent}
}

func tpmDown(src *infrav1.TPM) *TPM {
	if src == nil {
		return nil
	}
	src = src.DeepCopy()
	return &TPM{Enabled: src.Enabled, Persistent: src.Persistent}
}

func initializationUp(src *Initialization) *infrav1.Initialization {
	if src == nil {
		return nil
	}
	return &infrav1.Initialization{Provisioned: src.DeepCopy().Provisioned}
}

func initializationDown(src *infrav1.Initialization) *Initialization {
	if src == nil {
		return nil
	}
	return &Initialization{Provisioned: src.DeepCopy().Provisioned}
}

func failureDomainUp(src FailureDomain) clusterv1.FailureDomain {
	src = *src.DeepCopy()
	return clusterv1.FailureDomain{Name: src.Name, ControlPlane: src.ControlPlane, Attributes: src.Attributes}
}

func failureDomainDown(src clusterv1.FailureDomain) FailureDomain {
	src = *src.DeepCopy()
	return FailureDomain{Name: src.Name, ControlPlane: src.ControlPlane, Attributes: src.Attributes}
}
