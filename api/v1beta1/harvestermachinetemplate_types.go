package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// HarvesterMachineTemplateSpec is what HarvesterMachines are made from.
type HarvesterMachineTemplateSpec struct {
	// template is what a HarvesterMachine is made from.
	// +required
	Template HarvesterMachineTemplateResource `json:"template,omitzero"`
}

// HarvesterMachineTemplateResource is the part of a HarvesterMachineTemplate that is copied.
type HarvesterMachineTemplateResource struct {
	// metadata holds labels and annotations to give to each HarvesterMachine.
	// +optional
	ObjectMeta clusterv1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the spec to give to each HarvesterMachine. It may leave gaps for a ClusterClass to fill.
	// +required
	Spec HarvesterMachineSpec `json:"spec,omitzero"`
}

// HarvesterMachineTemplateStatus tells the cluster autoscaler what a node made from a template will offer, so that it
// can add a first node to a group that has none.
type HarvesterMachineTemplateStatus struct {
	// capacity is what a node offers: cpu in cores, memory in bytes, and others by resource name.
	// +optional
	Capacity corev1.ResourceList `json:"capacity,omitempty"`

	// nodeInfo tells what a node runs.
	// +optional
	NodeInfo NodeInfo `json:"nodeInfo,omitempty,omitzero"`
}

// NodeInfo tells what a node runs.
// +kubebuilder:validation:MinProperties=1
type NodeInfo struct {
	// architecture is the CPU's architecture, as in the node label kubernetes.io/arch: amd64 or arm64.
	// +optional
	// +kubebuilder:validation:Enum=amd64;arm64
	Architecture Architecture `json:"architecture,omitempty"`

	// operatingSystem is the operating system, as in the node label kubernetes.io/os: linux.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	OperatingSystem string `json:"operatingSystem,omitempty"`
}

// Architecture is a CPU architecture that Harvester runs on.
type Architecture string

const (
	// ArchitectureAMD64 is x86-64.
	ArchitectureAMD64 Architecture = "amd64"
	// ArchitectureARM64 is 64-bit ARM.
	ArchitectureARM64 Architecture = "arm64"
)

// HarvesterMachineTemplate is what a control plane, a MachineDeployment or a ClusterClass makes HarvesterMachines from.
//
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=harvestermachinetemplates,scope=Namespaced,categories=cluster-api
// +kubebuilder:printcolumn:name="Cluster",type="string",JSONPath=".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']",description="Cluster that this belongs to"
// +kubebuilder:printcolumn:name="CPU",type="integer",JSONPath=".spec.template.spec.cpu",description="Virtual CPU cores of a machine"
// +kubebuilder:printcolumn:name="Memory",type="string",JSONPath=".spec.template.spec.memory",description="Memory of a machine"
// +kubebuilder:printcolumn:name="Image",type="string",JSONPath=".spec.template.spec.volumes[0].imageName",description="Image of a machine's first disk",priority=1
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type HarvesterMachineTemplate struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what HarvesterMachines are made from.
	// +required
	Spec HarvesterMachineTemplateSpec `json:"spec,omitzero"`

	// status tells what a node made from the template will offer.
	// +optional
	Status HarvesterMachineTemplateStatus `json:"status,omitempty,omitzero"`
}

// HarvesterMachineTemplateList is a list of HarvesterMachineTemplates.
//
// +kubebuilder:object:root=true
type HarvesterMachineTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the HarvesterMachineTemplates.
	Items []HarvesterMachineTemplate `json:"items"`
}
