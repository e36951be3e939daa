package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HarvesterClusterTemplateSpec is what HarvesterClusters are made from.
type HarvesterClusterTemplateSpec struct {
	// template is what a HarvesterCluster is made from.
	// +required
	Template HarvesterClusterTemplateResource `json:"template"`
}

// HarvesterClusterTemplateResource is the part of a HarvesterClusterTemplate that is copied.
type HarvesterClusterTemplateResource struct {
	// metadata holds labels and annotations to give to each HarvesterCluster.
	// +optional
	ObjectMeta ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the spec to give to each HarvesterCluster. It may leave gaps for a ClusterClass to fill.
	// +required
	Spec HarvesterClusterSpec `json:"spec"`
}

// HarvesterClusterTemplate is what HarvesterClusters are made from.
//
// +kubebuilder:object:root=true
// +kubebuilder:deprecatedversion:warning="infrastructure.cluster.x-k8s.io/v1alpha1 HarvesterClusterTemplate is deprecated; use infrastructure.cluster.x-k8s.io/v1beta1"
// +kubebuilder:resource:path=harvesterclustertemplates,scope=Namespaced,categories=cluster-api
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type HarvesterClusterTemplate struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what HarvesterClusters are made from.
	// +optional
	Spec HarvesterClusterTemplateSpec `json:"spec,omitempty,omitzero"`
}

// HarvesterClusterTemplateList is a list of HarvesterClusterTemplates.
//
// +kubebuilder:object:root=true
type HarvesterClusterTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the HarvesterClusterTemplates.
	Items []HarvesterClusterTemplate `json:"items"`
}
