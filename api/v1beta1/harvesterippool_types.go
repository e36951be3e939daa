package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HarvesterIPPoolSpec says which address pools on which Harvester an IPAddressClaim is served from.
type HarvesterIPPoolSpec struct {
	// identitySecret names the Secret whose key "kubeconfig" holds the kubeconfig for Harvester.
	// +required
	IdentitySecret SecretReference `json:"identitySecret"`

	// ipPoolRefs are the names of address pools (ippools.loadbalancer.harvesterhci.io) on Harvester, in the order in
	// which they are tried: a claim gets its address from the first pool that has one left.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	IPPoolRefs []string `json:"ipPoolRefs,omitempty"`
}

// HarvesterIPPoolStatus is what was observed of the pools.
type HarvesterIPPoolStatus struct {
	// conditions are the latest observations: Ready tells whether Harvester answers and has every pool.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// HarvesterIPPool stands for address pools on Harvester, so that IPAddressClaims of Cluster API's IPAM contract can refer to
// them. Claims are in its namespace. It stays, when it is deleted, until no claim refers to it any more.
//
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=harvesterippools,scope=Namespaced,categories=cluster-api
// +kubebuilder:printcolumn:name="Pools",type="string",JSONPath=".spec.ipPoolRefs",description="Address pools on Harvester"
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status",description="Harvester answers and has every pool"
// +kubebuilder:printcolumn:name="Reason",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].reason",description="Why the pool is ready or not",priority=1
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type HarvesterIPPool struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user wants.
	// +required
	Spec HarvesterIPPoolSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +optional
	Status HarvesterIPPoolStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions in the status, for Cluster API's condition helpers.
func (p *HarvesterIPPool) GetConditions() []metav1.Condition { return p.Status.Conditions }

// SetConditions replaces the conditions in the status, for Cluster API's condition helpers.
func (p *HarvesterIPPool) SetConditions(conditions []metav1.Condition) {
	p.Status.Conditions = conditions
}

// HarvesterIPPoolList is a list of HarvesterIPPools.
//
// +kubebuilder:object:root=true
type HarvesterIPPoolList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the HarvesterIPPools.
	Items []HarvesterIPPool `json:"items"`
}
