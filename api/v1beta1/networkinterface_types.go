package v1beta1

import ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"

// NetworkInterface says where one network card of a VM gets its addresses from. Cards without one ask DHCP, apart from the
// first card, for which vmNetworkConfig and networkConfig speak.
type NetworkInterface struct {
	// index is the card's place in networks, from 0.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=31
	Index *int32 `json:"index,omitempty"`

	// ipPoolRefs are the names of address pools (ippools.loadbalancer.harvesterhci.io) on Harvester, in the order in
	// which they are tried: the card takes one address from the first pool that has one left.
	// Not together with addressesFromPools.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=253
	IPPoolRefs []string `json:"ipPoolRefs,omitempty"`

	// addressesFromPools are pools of any provider of Cluster API's IPAM contract, in the namespace of the machine. The
	// card takes one address from each of them, by an IPAddressClaim; two pools make a card with IPv4 and IPv6.
	// Not together with ipPoolRefs.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	AddressesFromPools []ipamv1.IPPoolReference `json:"addressesFromPools,omitempty"`

	// gateway is the IP address of the default router that this card leads to. Default: for the first card what its
	// pools say; for other cards none, as a guest wants one default route.
	// +optional
	// +kubebuilder:validation:MaxLength=39
	Gateway string `json:"gateway,omitempty"`

	// dnsServers are the IP addresses of the name servers that the VM uses, in the order in which they are asked.
	// Default: for the first card those of the cluster's vmNetworkConfig.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=39
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearch are the domains that the VM appends to a name that has no dot.
	// Default: for the first card those of the cluster's vmNetworkConfig.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	DNSSearch []string `json:"dnsSearch,omitempty"`
}

// AllocatedAddress is one address that a network card of spec.networkInterfaces holds.
type AllocatedAddress struct {
	// index is the card's place in networks, from 0.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=31
	Index *int32 `json:"index,omitempty"`

	// address is the IP address.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=39
	Address string `json:"address,omitempty"`

	// poolRef is the name of the pool that the address comes from: on Harvester, or, with claimRef, in the machine's
	// namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	PoolRef string `json:"poolRef,omitempty"`

	// claimRef is the name of the IPAddressClaim that the address was given to. Absent for a pool on Harvester.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClaimRef string `json:"claimRef,omitempty"`
}
