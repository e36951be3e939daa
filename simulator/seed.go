package simulator

import (
	"net/netip"
)

// Seed lists what an operator would have prepared on Harvester before the first cluster. Every call adds; what exists
// already is left as it is.
type Seed struct {
	// Namespaces are created first; those of the other entries are created too.
	Namespaces []string
	// Images are VM images; they import over ImageDelay.
	Images []Image
	// KeyPairs are SSH key pairs.
	KeyPairs []KeyPair
	// Networks are NetworkAttachmentDefinitions of VLAN type.
	Networks []Network
	// Pools are Harvester IPPools.
	Pools []Pool
}

// Image describes a VM image.
type Image struct {
	// Namespace holds it; Name is the object's name; DisplayName what people call it (a file name, often).
	Namespace, Name, DisplayName string
	// Backend is backingimage (also when empty) or cdi.
	Backend string
	// VirtualSize is the disk's size in bytes; zero means 10 GiB.
	VirtualSize int64
}

// KeyPair describes an SSH key pair.
type KeyPair struct {
	Namespace, Name string
	// PublicKey is in OpenSSH form; empty means a freshly made one.
	PublicKey string
}

// Network describes a NetworkAttachmentDefinition.
type Network struct {
	Namespace, Name string
	// ClusterNetwork is the Harvester cluster network that carries it; empty means production.
	ClusterNetwork string
	// VLAN is its id, 1 to 4094; zero means 100.
	VLAN int
}

// Pool describes an IPPool.
type Pool struct {
	Name string
	// Network is <namespace>/<name> of a NetworkAttachmentDefinition; empty for load balancer pools.
	Network string
	// Subnet holds the addresses; Start, End and Gateway may be zero (Harvester's defaults apply).
	Subnet              netip.Prefix
	Start, End, Gateway netip.Addr
	// Priority is 0 or unique among pools.
	Priority uint32
}

// DefaultSeed is what the operations guide's examples name: image default/sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2,
// key pair default/capi-ssh-key, network default/production, a pool for VMs on it and one for load balancers.
func DefaultSeed() Seed {
	return Seed{
		Namespaces: []string{"default"},
		Images:     []Image{{Namespace: "default", Name: "image-sles15", DisplayName: "sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2"}},
		KeyPairs:   []KeyPair{{Namespace: "default", Name: "capi-ssh-key"}},
		Networks:   []Network{{Namespace: "default", Name: "production"}},
		Pools: []Pool{
			{
				Name: "capi-vm-pool", Network: "default/production", Subnet: netip.MustParsePrefix("127.50.0.0/16"),
				Start: netip.MustParseAddr("127.50.1.10"), End: netip.MustParseAddr("127.50.1.99"), Gateway: netip.MustParseAddr("127.50.0.1"),
			},
			{
				Name: "capi-lb-pool", Subnet: netip.MustParsePrefix("127.60.0.0/24"),
				Start: netip.MustParseAddr("127.60.0.10"), End: netip.MustParseAddr("127.60.0.99"), Gateway: netip.MustParseAddr("127.60.0.1"),
			},
		},
	}
}
