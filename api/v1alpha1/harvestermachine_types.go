package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HarvesterMachineSpec is what a user wants for the VM of one machine.
type HarvesterMachineSpec struct {
	// providerID is "harvester://" followed by the UID of the VM.
	// +optional
	ProviderID string `json:"providerID,omitempty"`

	// failureDomain is the zone of Harvester's hosts to run in.
	// +optional
	FailureDomain string `json:"failureDomain,omitempty"`

	// cpu is the number of virtual CPU cores.
	// +required
	CPU int32 `json:"cpu"`

	// memory is the VM's memory in bytes, as a Kubernetes quantity.
	// +required
	Memory string `json:"memory"`

	// sshUser is the guest's user that the SSH key is for.
	// +required
	SSHUser string `json:"sshUser"`

	// sshKeyPair is the KeyPair on Harvester whose public key sshUser accepts.
	// +required
	SSHKeyPair string `json:"sshKeyPair"`

	// volumes are the VM's disks, in order.
	// +required
	Volumes []Volume `json:"volumes"`

	// networks are the VM networks on Harvester to attach the VM to, in order.
	// +required
	Networks []string `json:"networks"`

	// nodeAffinity says on which of Harvester's hosts the VM may run.
	// +optional
	NodeAffinity *corev1.NodeAffinity `json:"nodeAffinity,omitempty"`

	// workloadAffinity says beside which other VMs on Harvester the VM is to run.
	// +optional
	WorkloadAffinity *corev1.PodAffinity `json:"workloadAffinity,omitempty"`

	// networkConfig gives the VM a fixed address.
	// +optional
	NetworkConfig *NetworkConfig `json:"networkConfig,omitempty"`

	// vmNetworkConfig says from which pools the VM gets its address, in place of what the cluster says.
	// Releases from v0.7 on have it. Not together with networkConfig.
	// +optional
	VMNetworkConfig *MachineVMNetworkConfig `json:"vmNetworkConfig,omitempty"`

	// firmware says how the VM boots. Releases from v0.7 on have it. Default: BIOS.
	// +optional
	Firmware *Firmware `json:"firmware,omitempty"`

	// tpm gives the VM a virtual Trusted Platform Module. Releases from v0.7 on have it. Default: none.
	// +optional
	TPM *TPM `json:"tpm,omitempty"`
}

// MachineVMNetworkConfig says where the VM of one machine gets its address, in place of what its cluster says.
type MachineVMNetworkConfig struct {
	// ipPoolRef is the name of one address pool on Harvester.
	// +optional
	IPPoolRef string `json:"ipPoolRef,omitempty"`

	// ipPoolRefs are the names of address pools on Harvester, in the order in which they are tried.
	// +optional
	IPPoolRefs []string `json:"ipPoolRefs,omitempty"`

	// gateway is the IP address of the VM's default router.
	// +optional
	Gateway string `json:"gateway,omitempty"`

	// subnetMask is the VM's network mask in dotted form.
	// +optional
	SubnetMask string `json:"subnetMask,omitempty"`

	// dnsServers are the IP addresses of the name servers that the VM uses.
	// +optional
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearch are the domains that the VM appends to a name that has no dot.
	// +optional
	DNSSearch []string `json:"dnsSearch,omitempty"`
}

// Firmware says how a VM boots.
type Firmware struct {
	// efi boots by UEFI in place of BIOS. Default: false.
	// +optional
	EFI *bool `json:"efi,omitempty"`

	// secureBoot lets UEFI boot signed code only. Needs efi. Default: false.
	// +optional
	SecureBoot *bool `json:"secureBoot,omitempty"`
}

// TPM describes a virtual Trusted Platform Module.
type TPM struct {
	// enabled gives the VM a TPM. Default: false.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// persistent keeps the TPM's state over restarts of the VM. Needs enabled. Default: false.
	// +optional
	Persistent *bool `json:"persistent,omitempty"`
}

// Volume describes one disk of a VM.
type Volume struct {
	// volumeType is what the disk is filled from.
	// +required
	// +kubebuilder:validation:Enum=image;storageClass
	VolumeType string `json:"volumeType"`

	// imageName is the VM image on Harvester. For volumeType "image".
	// +optional
	ImageName string `json:"imageName,omitempty"`

	// storageClass is the name of a storage class on Harvester. For volumeType "storageClass".
	// +optional
	StorageClass string `json:"storageClass,omitempty"`

	// volumeSize is the disk's size in bytes, as a Kubernetes quantity.
	// +optional
	VolumeSize *resource.Quantity `json:"volumeSize,omitempty"`

	// bootOrder is the disk's turn when the VM looks for something to boot. The schema of v0.2.x set no bound.
	// +optional
	BootOrder *int64 `json:"bootOrder,omitempty"`
}

// NetworkConfig gives a machine one fixed address.
type NetworkConfig struct {
	// address is the VM's IP address.
	// +required
	Address string `json:"address"`

	// gateway is the IP address of the VM's default router.
	// +required
	Gateway string `json:"gateway"`

	// dnsServers are the IP addresses of the name servers that the VM uses.
	// +optional
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearch are the domains that the VM appends to a name that has no dot.
	// +optional
	DNSSearch []string `json:"dnsSearch,omitempty"`
}

// HarvesterMachineStatus is what was observed of a machine.
type HarvesterMachineStatus struct {
	// ready is true while the VM runs and has its addresses.
	// +optional
	Ready bool `json:"ready,omitempty"`

	// conditions are observations of the machine's state.
	// +optional
	Conditions []Condition `json:"conditions,omitempty"`

	// failureReason names a failure that v0.2.x took for final. v1beta1 has none: every failure is a condition.
	// +optional
	FailureReason string `json:"failureReason,omitempty"`

	// failureMessage describes that failure.
	// +optional
	FailureMessage string `json:"failureMessage,omitempty"`

	// addresses are the VM's name and its IP addresses.
	// +optional
	Addresses []MachineAddress `json:"addresses,omitempty"`

	// initialization tells how far the first provisioning is.
	// +optional
	Initialization *Initialization `json:"initialization,omitempty"`

	// allocatedIPAddress is the IP address that the VM holds in allocatedPoolRef.
	// +optional
	AllocatedIPAddress string `json:"allocatedIPAddress,omitempty"`

	// allocatedPoolRef is the name of the pool on Harvester that allocatedIPAddress goes back to.
	// +optional
	AllocatedPoolRef string `json:"allocatedPoolRef,omitempty"`

	// failureDomain is the zone of Harvester's hosts that the VM runs in. Releases from v0.7 on write it.
	// +optional
	FailureDomain string `json:"failureDomain,omitempty"`
}

// HarvesterMachine is the infrastructure of one machine: a VM on Harvester.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:deprecatedversion:warning="infrastructure.cluster.x-k8s.io/v1alpha1 HarvesterMachine is deprecated; use infrastructure.cluster.x-k8s.io/v1beta1"
// +kubebuilder:resource:path=harvestermachines,scope=Namespaced,categories=cluster-api
// +kubebuilder:printcolumn:name="Cluster",type="string",JSONPath=".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']",description="Cluster that this belongs to"
// +kubebuilder:printcolumn:name="Machine",type="string",JSONPath=".metadata.ownerReferences[?(@.kind=='Machine')].name",description="Machine that owns this"
// +kubebuilder:printcolumn:name="Ready",type="boolean",JSONPath=".status.ready",description="The VM runs"
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type HarvesterMachine struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user wants.
	// +optional
	Spec HarvesterMachineSpec `json:"spec,omitempty,omitzero"`

	// status is what was observed.
	// +optional
	Status HarvesterMachineStatus `json:"status,omitempty,omitzero"`
}

// HarvesterMachineList is a list of HarvesterMachines.
//
// +kubebuilder:object:root=true
type HarvesterMachineList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the HarvesterMachines.
	Items []HarvesterMachine `json:"items"`
}
