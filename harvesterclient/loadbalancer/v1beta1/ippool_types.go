package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// IPPoolReady is the condition Harvester's load balancer controller sets once it has counted a pool.
const IPPoolReady = "Ready"

// Labels and annotations that Harvester puts on pools or reads from them.
const (
	// IPPoolVIDLabel holds the VLAN of the pool's network, "0" when it names none. Written by the mutating webhook.
	IPPoolVIDLabel = "loadbalancer.harvesterhci.io/vid"
	// IPPoolGlobalLabel is "true" on the one pool whose single scope matches everything. Written by the mutating webhook.
	IPPoolGlobalLabel = "loadbalancer.harvesterhci.io/global-ip-pool"
	// IPPoolManualReleaseAnnotation asks Harvester (1.5 and later) to release one allocation: "<ip>: <namespace>/<name>".
	IPPoolManualReleaseAnnotation = "loadbalancer.harvesterhci.io/manuallyReleaseIP"
)

// IPPool is a cluster-scoped set of address ranges from which load balancers, and we, take addresses.
//
// +kubebuilder:object:root=true
type IPPool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   IPPoolSpec   `json:"spec"`
	Status IPPoolStatus `json:"status,omitempty"`
}

// IPPoolSpec is what an administrator declares.
type IPPoolSpec struct {
	// Description is free text.
	Description string `json:"description,omitempty"`
	// Ranges are the address ranges, in order of use. At least one; they may not overlap those of any pool.
	Ranges []Range `json:"ranges"`
	// Selector says which load balancers may use the pool without naming it.
	Selector Selector `json:"selector"`
}

// Range is one contiguous run of addresses of one subnet.
type Range struct {
	// RangeStart is the first address, inclusive. Empty means the subnet's network address plus one.
	RangeStart string `json:"rangeStart,omitempty"`
	// RangeEnd is the last address, inclusive. Empty means the IPv4 broadcast address minus one, or the last IPv6 address.
	RangeEnd string `json:"rangeEnd,omitempty"`
	// Subnet is the CIDR that holds the range and the gateway.
	Subnet string `json:"subnet"`
	// Gateway is never allocated. Empty means the subnet's network address plus one.
	Gateway string `json:"gateway,omitempty"`
}

// Selector limits who gets addresses from a pool that is not asked for by name.
type Selector struct {
	// Priority decides between matching pools, the highest wins. Unique among pools unless zero.
	Priority uint32 `json:"priority,omitempty"`
	// Network is a NetworkAttachmentDefinition as "<namespace>/<name>", or empty.
	Network string `json:"network,omitempty"`
	// Scope lists who matches. An empty list matches no one.
	Scope []Tuple `json:"scope,omitempty"`
}

// Tuple is one scope; "*" in a field matches anything.
type Tuple struct {
	Project      string `json:"project,omitempty"`
	Namespace    string `json:"namespace,omitempty"`
	GuestCluster string `json:"guestCluster,omitempty"`
}

// IPPoolStatus is the pool's ledger. Two parties write it: Harvester's controller and CAPHV.
// When a status is present, the first three fields are required by the schema, so they are always encoded.
type IPPoolStatus struct {
	// Total is the number of addresses in the ranges, gateways excluded.
	Total int64 `json:"total"`
	// Available is the number of addresses no one holds.
	Available int64 `json:"available"`
	// LastAllocated is the address handed out last; allocation goes on from the one after it.
	LastAllocated string `json:"lastAllocated"`
	// Allocated maps an address to the id of its holder.
	Allocated map[string]string `json:"allocated,omitempty"`
	// AllocatedHistory maps an address no one holds to the id that released it last.
	AllocatedHistory map[string]string `json:"allocatedHistory,omitempty"`
	// Conditions of the pool; the only type in use is IPPoolReady.
	Conditions []Condition `json:"conditions,omitempty"`
}

// IPPoolList is a list of pools.
//
// +kubebuilder:object:root=true
type IPPoolList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []IPPool `json:"items"`
}
