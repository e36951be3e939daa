package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// Names of what is prepared on Harvester for clusters to use; those of the
// operations guide's examples.
const (
	Image       = "default/sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2"
	KeyPair     = "default/capi-ssh-key"
	VMNetwork   = "default/production"
	MachinePool = "prod-ip-pool"
	LBPool      = "lb-ip-pool"
)

// Network is the part of 127.0.0.0/8 that one sandbox uses. Linux lets every
// process bind all of it, so that two sandboxes on one machine must share it
// out.
type Network struct {
	// Machines is the VM network, Gateway its router, which answers nothing.
	Machines netip.Prefix
	Gateway  netip.Addr
	// Management is Harvester's virtual address: its API answers there on port 6443, without faults.
	Management netip.Addr
	// PoolStart and PoolEnd bound the pool for machines.
	PoolStart, PoolEnd netip.Addr
	// MachineLeases is what the VM network's DHCP server leases.
	MachineLeases netip.Prefix
	// LBPool is the pool for load balancers, LBLeases what DHCP leases to them.
	LBPool, LBLeases netip.Prefix
}

// slots is how many sandboxes find room on one machine: each takes the second
// octets 50, 60 and 61, or 20 more, and so on up to 241.
const slots = 10

// networkOf is the network of a slot from 0 to slots-1.
func networkOf(slot int) Network {
	octet := func(base int) byte { return byte(base + 20*slot) }
	machines := func(c, d byte) netip.Addr { return netip.AddrFrom4([4]byte{127, octet(50), c, d}) }
	return Network{
		Machines:      netip.PrefixFrom(machines(0, 0), 16),
		Gateway:       machines(0, 1),
		Management:    machines(0, 2),
		PoolStart:     machines(1, 10),
		PoolEnd:       machines(1, 99),
		MachineLeases: netip.PrefixFrom(machines(200, 0), 24),
		LBPool:        netip.PrefixFrom(netip.AddrFrom4([4]byte{127, octet(60), 0, 0}), 24),
		LBLeases:      netip.PrefixFrom(netip.AddrFrom4([4]byte{127, octet(61), 0, 0}), 24),
	}
}

// errNoSlot means that as many sandboxes run as one machine has room for.
var errNoSlot = errors.New("as many sandboxes run on this machine as there are addresses for; stop one with `caphv-sandbox down`")

// takeSlot finds a network no other sandbox uses. The claim is a socket in
// Linux' abstract namespace, which ends with the process.
func takeSlot() (network Network, release func(), err error) {
	var config net.ListenConfig
	for slot := range slots {
		claim, err := config.Listen(context.Background(), "unix", fmt.Sprintf("@caphv-sandbox-network-%d", slot))
		if err == nil {
			return networkOf(slot), func() { claim.Close() }, nil
		}
	}
	return Network{}, nil, errNoSlot
}

// Seed is what an operator would have prepared on Harvester: an image, a key
// pair, a VM network, a pool for machines and one for load balancers.
func (n Network) Seed() simulator.Seed {
	return simulator.Seed{
		Namespaces: []string{"default"},
		Images:     []simulator.Image{{Namespace: "default", Name: "image-sles15", DisplayName: "sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2"}},
		KeyPairs:   []simulator.KeyPair{{Namespace: "default", Name: "capi-ssh-key"}},
		Networks:   []simulator.Network{{Namespace: "default", Name: "production"}},
		Pools: []simulator.Pool{
			{Name: MachinePool, Network: VMNetwork, Subnet: n.Machines, Start: n.PoolStart, End: n.PoolEnd, Gateway: n.Gateway},
			{Name: LBPool, Subnet: n.LBPool},
		},
	}
}
