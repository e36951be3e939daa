package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HarvesterMachineTemplateSpec is what HarvesterMachines are made from.
type HarvesterMachineTemplateSpec struct {
	// template is what a HarvesterMachine is made from.
	// +required
	Template HarvesterMachineTemplateResource `json:"template"`
}

// HarvesterMachineTemplateResource is the part of a HarvesterMachineTemplate that is copied.
type HarvesterMachineTemplateResource struct {
	// metadata holds labels and annotations to give to each HarvesterMachine.
	// +optional
	ObjectMeta ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the spec to give to each HarvesterMachine. It may leave gaps for a ClusterClass to fill.
	// +required
	Spec HarvesterMachineSpec `json:"spec"`
}

// HarvesterMachineTemplate is what HarvesterMachines are made from.
//
// +kubebuilder:object:root=true
// +kubebuilder:deprecatedversion:warning="infrastructure.cluster.x-k8s.io/v1alpha1 HarvesterMachineTemplate is deprecated; use infrastructure.cluster.x-k8s.io/v1beta1"
// +kubebuilder:resource:path=harvestermachinetemplates,scope=Namespaced,categories=cluster-api
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type HarvesterMachineTemplate struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what HarvesterMachines are made from.
	// +optional
	Spec HarvesterMachineTemplateSpec `json:"spec,omitempty,omitzero"`
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
