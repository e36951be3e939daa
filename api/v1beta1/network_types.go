package v1beta1

// APIEndpoint is where the API server of a guest cluster answers.
//
// It has the fields of Cluster API's type of that name (a Go conversion between the two is allowed), but lets host be
// empty and port be 0: objects written by older releases store an endpoint that is not known yet in that form.
type APIEndpoint struct {
	// host is a DNS name or an IP address. Empty: not known yet.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Host string `json:"host,omitempty"`

	// port is a TCP port, 1 to 65535. 0: not known yet.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
}

// IsZero tells that neither host nor port is known.
func (e APIEndpoint) IsZero() bool { return e == APIEndpoint{} }

// IsValid tells that both host and port are known.
func (e APIEndpoint) IsValid() bool { return e.Host != "" && e.Port != 0 }

// IPPool describes an address pool that is to be created on Harvester, with a single range.
type IPPool struct {
	// vmNetwork is the VM network on Harvester whose addresses these are, as "namespace/name" or "name".
	// +required
	// +kubebuilder:validation:MaxLength=317
	VMNetwork string `json:"vmNetwork"`

	// subnet is the range's subnet in CIDR form, such as 172.16.0.0/16.
	// +required
	// +kubebuilder:validation:MaxLength=43
	Subnet string `json:"subnet"`

	// gateway is the IP address of the subnet's router.
	// +required
	// +kubebuilder:validation:MaxLength=39
	Gateway string `json:"gateway"`

	// rangeStart is the first address to give out. Default: the first one of the subnet.
	// +optional
	// +kubebuilder:validation:MaxLength=39
	RangeStart string `json:"rangeStart,omitempty"`

	// rangeEnd is the last address to give out, itself included. Default: the last one of the subnet.
	// +optional
	// +kubebuilder:validation:MaxLength=39
	RangeEnd string `json:"rangeEnd,omitempty"`
}

// VMNetworkConfig says where the VMs of a cluster get their addresses. Without it they use DHCP.
type VMNetworkConfig struct {
	// ipPoolRef is the name of one address pool (ippools.loadbalancer.harvesterhci.io) on Harvester.
	// It is not read when ipPoolRefs is set.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	IPPoolRef string `json:"ipPoolRef,omitempty"`

	// ipPoolRefs are the names of address pools on Harvester, in the order in which they are tried:
	// a machine takes its address from the first pool that has one left.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=253
	IPPoolRefs []string `json:"ipPoolRefs,omitempty"`

	// ipPool describes a pool to create on Harvester for this cluster, when no pool is referred to.
	// +optional
	IPPool *IPPool `json:"ipPool,omitempty"`

	// gateway is the IP address of the VMs' default router.
	// +required
	// +kubebuilder:validation:MaxLength=39
	Gateway string `json:"gateway"`

	// subnetMask is the VMs' network mask in dotted form, such as 255.255.0.0.
	// +required
	// +kubebuilder:validation:MaxLength=39
	SubnetMask string `json:"subnetMask"`

	// dnsServers are the IP addresses of the name servers that VMs use, in the order in which they are asked.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=39
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearch are the domains that VMs append to a name that has no dot.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	DNSSearch []string `json:"dnsSearch,omitempty"`
}

// PoolRefs returns the names of the pools to try, in order: ipPoolRefs, else ipPoolRef, else none.
func (c *VMNetworkConfig) PoolRefs() []string {
	if c == nil {
		return nil
	}
	return poolRefs(c.IPPoolRefs, c.IPPoolRef)
}

// MachineVMNetworkConfig says where the VM of one machine gets its address, in place of what its cluster says.
type MachineVMNetworkConfig struct {
	// ipPoolRef is the name of one address pool (ippools.loadbalancer.harvesterhci.io) on Harvester.
	// It is not read when ipPoolRefs is set.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	IPPoolRef string `json:"ipPoolRef,omitempty"`

	// ipPoolRefs are the names of address pools on Harvester, in the order in which they are tried.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=253
	IPPoolRefs []string `json:"ipPoolRefs,omitempty"`

	// gateway is the IP address of the VM's default router.
	// +optional
	// +kubebuilder:validation:MaxLength=39
	Gateway string `json:"gateway,omitempty"`

	// subnetMask is the VM's network mask in dotted form, such as 255.255.0.0.
	// +optional
	// +kubebuilder:validation:MaxLength=39
	SubnetMask string `json:"subnetMask,omitempty"`

	// dnsServers are the IP addresses of the name servers that the VM uses, in the order in which they are asked.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=39
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearch are the domains that the VM appends to a name that has no dot.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	DNSSearch []string `json:"dnsSearch,omitempty"`
}

// PoolRefs returns the names of the pools to try, in order: ipPoolRefs, else ipPoolRef, else none.
func (c *MachineVMNetworkConfig) PoolRefs() []string {
	if c == nil {
		return nil
	}
	return poolRefs(c.IPPoolRefs, c.IPPoolRef)
}

func poolRefs(ordered []string, single string) []string {
	if len(ordered) > 0 {
		return append([]string(nil), ordered...)
	}
	if single != "" {
		return []string{single}
	}
	return nil
}

// NetworkConfig gives a machine one fixed address. It is for single machines: machines made from one template would
// all get the same address.
type NetworkConfig struct {
	// address is the VM's IP address, with a prefix length (172.16.3.10/16) or without one; without one the mask of
	// the cluster's vmNetworkConfig holds.
	// +required
	// +kubebuilder:validation:MaxLength=43
	Address string `json:"address"`

	// gateway is the IP address of the VM's default router.
	// +required
	// +kubebuilder:validation:MaxLength=39
	Gateway string `json:"gateway"`

	// dnsServers are the IP addresses of the name servers that the VM uses, in the order in which they are asked.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=39
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearch are the domains that the VM appends to a name that has no dot.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	DNSSearch []string `json:"dnsSearch,omitempty"`
}
