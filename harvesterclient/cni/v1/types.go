package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Labels and annotations that Harvester's network controller puts on a network.
const (
	// LabelClusterNetwork names the cluster network (the set of uplinks) that carries the network.
	LabelClusterNetwork = "network.harvesterhci.io/clusternetwork"
	// LabelType is L2VlanNetwork, L2VlanTrunkNetwork, UntaggedNetwork or OverlayNetwork.
	LabelType = "network.harvesterhci.io/type"
	// LabelVLANID is the VLAN number of an L2VlanNetwork.
	LabelVLANID = "network.harvesterhci.io/vlan-id"
	// LabelReady is "true" when hosts carry the network.
	LabelReady = "network.harvesterhci.io/ready"
	// AnnotationRoute is JSON that tells the network's CIDR and gateway when they are known.
	AnnotationRoute = "network.harvesterhci.io/route"
)

// NetworkAttachmentDefinition is a network that virtual machines can attach to.
//
// +kubebuilder:object:root=true
type NetworkAttachmentDefinition struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec NetworkAttachmentDefinitionSpec `json:"spec"`
}

// NetworkAttachmentDefinitionSpec is what a user declares.
type NetworkAttachmentDefinitionSpec struct {
	// Config is a CNI configuration in JSON.
	Config string `json:"config"`
}

// NetworkAttachmentDefinitionList is a list of networks.
//
// +kubebuilder:object:root=true
type NetworkAttachmentDefinitionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []NetworkAttachmentDefinition `json:"items"`
}
