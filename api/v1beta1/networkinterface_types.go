package v1beta1

import ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"

// Addressing is how a network interface gets its addresses.
type Addressing string

const (
	// AddressingStatic is for addresses from pools, or those that the spec lists.
	AddressingStatic Addressing = "static"
	// AddressingDHCP is for an address that the guest asks the network for.
	AddressingDHCP Addressing = "dhcp"
	// AddressingNone leaves the interface without addresses, for software in the guest that configures it.
	AddressingNone Addressing = "none"
)

// NetworkInterface says where one network interface of a VM gets its addresses from. Interfaces without one ask DHCP, apart
// from the first one, for which vmNetworkConfig and networkConfig speak.
type NetworkInterface struct {
	// index is the interface's place in networks, from 0.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=31
	Index *int32 `json:"index,omitempty"`

	// addressing is how the interface gets its addresses: "static" from ipPoolRefs, addressesFromPools or addresses, of which
	// one is set; "dhcp" from the network; "none" not at all. Default: static.
	// +optional
	// +kubebuilder:validation:Enum=static;dhcp;none
	Addressing Addressing `json:"addressing,omitempty"`

	// ipPoolRefs are the names of address pools (ippools.loadbalancer.harvesterhci.io) on Harvester, in the order in
	// which they are tried: the interface takes one address from the first pool that has one left.
	// Not together with addressesFromPools or addresses.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=253
	IPPoolRefs []string `json:"ipPoolRefs,omitempty"`

	// addressesFromPools are pools of any provider of Cluster API's IPAM contract, in the namespace of the machine. The
	// interface takes one address from each of them, by an IPAddressClaim; two pools make an interface with IPv4 and IPv6.
	// Not together with ipPoolRefs or addresses.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	AddressesFromPools []ipamv1.IPPoolReference `json:"addressesFromPools,omitempty"`

	// addresses are fixed IP addresses, each with its prefix length, such as 10.20.0.7/24. They are for single machines:
	// machines made from one template would all get the same. Not together with ipPoolRefs or addressesFromPools.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=43
	Addresses []string `json:"addresses,omitempty"`

	// dhcpRoutes says whether the guest takes routes from DHCP on this interface, the default one included. Default: true for
	// the first interface that asks DHCP, if no interface has an IPv4 gateway or sets it to true; else false, as a guest wants
	// one default route. With networkDataVersion v1, which cannot say it, always true.
	// +optional
	DHCPRoutes *bool `json:"dhcpRoutes,omitempty"`

	// dhcpDNS says whether the guest takes name servers from DHCP on this interface. Default: as dhcpRoutes.
	// +optional
	DHCPDNS *bool `json:"dhcpDNS,omitempty"`

	// optional lets the guest finish its boot although this interface is not configured yet, or has no link. Not with
	// networkDataVersion v1. Default: false.
	// +optional
	Optional *bool `json:"optional,omitempty"`

	// gateway is the IP address of the default router that this interface leads to. For addressing static. Default: for the
	// first interface what its pools say; for other interfaces none, as a guest wants one default route.
	// +optional
	// +kubebuilder:validation:MaxLength=39
	Gateway string `json:"gateway,omitempty"`

	// dnsServers are the IP addresses of the name servers that the VM uses, in the order in which they are asked.
	// Default: for the first interface those of the cluster's vmNetworkConfig.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=39
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearch are the domains that the VM appends to a name that has no dot.
	// Default: for the first interface those of the cluster's vmNetworkConfig.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	DNSSearch []string `json:"dnsSearch,omitempty"`
}

// AllocatedAddress is one address that a network interface of spec.networkInterfaces holds.
type AllocatedAddress struct {
	// index is the interface's place in networks, from 0.
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
