package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// HarvesterMachineSpec is what a user wants for the VM of one machine.
type HarvesterMachineSpec struct {
	// providerID is "harvester://" followed by the UID of the VM. It is filled in when the VM exists.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	ProviderID string `json:"providerID,omitempty"`

	// failureDomain is the zone of Harvester's hosts to run in. For machines without a zone in the Machine that owns
	// them; that one wins.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	FailureDomain string `json:"failureDomain,omitempty"`

	// cpu is the number of virtual CPU cores, from 1.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	CPU int32 `json:"cpu,omitempty"`

	// memory is the VM's memory in bytes, as a Kubernetes quantity such as 4Gi or 8192Mi.
	// +required
	// +kubebuilder:validation:MaxLength=32
	Memory string `json:"memory"`

	// sshUser is the guest's user that the SSH key is for.
	// +required
	// +kubebuilder:validation:MaxLength=64
	SSHUser string `json:"sshUser"`

	// sshKeyPair is the KeyPair on Harvester whose public key sshUser accepts, as "namespace/name" or "name".
	// +required
	// +kubebuilder:validation:MaxLength=317
	SSHKeyPair string `json:"sshKeyPair"`

	// volumes are the VM's disks, in order. The first one is the disk it boots from unless a bootOrder says otherwise.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Volumes []Volume `json:"volumes"`

	// networks are the VM networks on Harvester to attach the VM to, one network interface each, in order, each as
	// "namespace/name" or "name".
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=317
	Networks []string `json:"networks"`

	// nodeAffinity says on which of Harvester's hosts the VM may run.
	// +optional
	NodeAffinity *corev1.NodeAffinity `json:"nodeAffinity,omitempty"`

	// workloadAffinity says beside which other VMs on Harvester the VM is to run.
	// +optional
	WorkloadAffinity *corev1.PodAffinity `json:"workloadAffinity,omitempty"`

	// networkConfig gives the VM a fixed address. Not together with vmNetworkConfig.
	// +optional
	NetworkConfig *NetworkConfig `json:"networkConfig,omitempty"`

	// vmNetworkConfig says from which pools the VM gets its address, in place of what the cluster says.
	// Not together with networkConfig.
	// +optional
	VMNetworkConfig *MachineVMNetworkConfig `json:"vmNetworkConfig,omitempty"`

	// networkInterfaces say, for single network interfaces, where their addresses come from. One for the first interface stands in
	// place of what the cluster says, and is not together with vmNetworkConfig or networkConfig.
	// +optional
	// +listType=map
	// +listMapKey=index
	// +kubebuilder:validation:MaxItems=32
	NetworkInterfaces []NetworkInterface `json:"networkInterfaces,omitempty"`

	// guest says what the operating system in the VM needs. Default: what follows from its image.
	// +optional
	Guest *Guest `json:"guest,omitempty"`

	// firmware says how the VM boots. Default: BIOS.
	// +optional
	Firmware *Firmware `json:"firmware,omitempty"`

	// tpm gives the VM a virtual Trusted Platform Module. Default: none.
	// +optional
	TPM *TPM `json:"tpm,omitempty"`

	// cpuModel is the processor that the guest sees: "host-model", "host-passthrough", or the name of a model that
	// KubeVirt knows. A model that few hosts have limits where the VM can run. Default: Harvester's own choice.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][-A-Za-z0-9_.]*$`
	CPUModel string `json:"cpuModel,omitempty"`

	// hostDevices are PCI or mediated devices of the host, such as GPUs, for the VM alone. A VM with one cannot be moved
	// to another host while it runs, and is shut down when its host is drained.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	HostDevices []HostDevice `json:"hostDevices,omitempty"`
}

// HarvesterMachineStatus is what was observed of a machine. All of it can be found out again from Harvester.
type HarvesterMachineStatus struct {
	// ready is true while the VM runs and has its addresses. For readers of Cluster API's older contract; newer ones
	// read initialization and conditions.
	// +optional
	Ready bool `json:"ready,omitempty"`

	// initialization tells how far the first provisioning is.
	// +optional
	Initialization *Initialization `json:"initialization,omitempty"`

	// conditions are the latest observations of the machine's state, one for each step.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// addresses are the VM's name and its IP addresses, those of the first network first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Addresses []clusterv1.MachineAddress `json:"addresses,omitempty"`

	// allocatedIPAddress is the IP address that the VM holds in allocatedPoolRef.
	// +optional
	// +kubebuilder:validation:MaxLength=39
	AllocatedIPAddress string `json:"allocatedIPAddress,omitempty"`

	// allocatedPoolRef is the name of the pool on Harvester that allocatedIPAddress goes back to.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	AllocatedPoolRef string `json:"allocatedPoolRef,omitempty"`

	// allocatedAddresses are the addresses that the interfaces of spec.networkInterfaces hold, in the order of the interfaces.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	AllocatedAddresses []AllocatedAddress `json:"allocatedAddresses,omitempty"`

	// failureDomain is the zone of Harvester's hosts that the VM runs in.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	FailureDomain string `json:"failureDomain,omitempty"`
}

// HarvesterMachine is the infrastructure of one machine: a VM on Harvester with its volumes, its address and what its
// guest reads at the first boot.
//
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=harvestermachines,scope=Namespaced,categories=cluster-api
// +kubebuilder:printcolumn:name="Cluster",type="string",JSONPath=".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']",description="Cluster that this belongs to"
// +kubebuilder:printcolumn:name="Machine",type="string",JSONPath=".metadata.ownerReferences[?(@.kind=='Machine')].name",description="Machine that owns this"
// +kubebuilder:printcolumn:name="Address",type="string",JSONPath=".status.addresses[?(@.type=='InternalIP')].address",description="IP address of the VM"
// +kubebuilder:printcolumn:name="Pool",type="string",JSONPath=".status.allocatedPoolRef",description="Pool that the address comes from"
// +kubebuilder:printcolumn:name="Provider ID",type="string",JSONPath=".spec.providerID",description="Provider ID, which holds the UID of the VM",priority=1
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status",description="The VM runs and its node is initialised"
// +kubebuilder:printcolumn:name="Reason",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].reason",description="Why the machine is ready or not",priority=1
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type HarvesterMachine struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user wants.
	// +required
	Spec HarvesterMachineSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +optional
	Status HarvesterMachineStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions in the status, for Cluster API's condition helpers.
func (m *HarvesterMachine) GetConditions() []metav1.Condition { return m.Status.Conditions }

// SetConditions replaces the conditions in the status, for Cluster API's condition helpers.
func (m *HarvesterMachine) SetConditions(conditions []metav1.Condition) {
	m.Status.Conditions = conditions
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
