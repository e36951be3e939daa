// Package guestapi is the seam between the Harvester simulator, which decides when a virtual machine starts and stops,
// and the guest, which is what runs inside it. It holds types only, so that neither side imports the other.
package guestapi

import (
	"context"
	"net/netip"
)

// Guests boots virtual machines. Implementations must be safe for concurrent use: machines boot side by side.
type Guests interface {
	// Boot starts what runs inside one virtual machine and returns once it is powered on, which is long before it
	// answers. The context governs Boot only, not the life of the guest.
	// It is called once per VirtualMachineInstance, and again with the same InstanceUID when the simulator itself was
	// restarted; a guest that still lives from before is then to be returned rather than started twice.
	Boot(ctx context.Context, boot VMBoot) (Guest, error)
}

// Guest is one powered-on machine. Its methods are safe for concurrent use.
type Guest interface {
	// Addresses returns what the guest agent reports now. It is empty until the agent answers, and may change later,
	// for example when a virtual address is added to an interface. It must not block.
	Addresses() []GuestAddress
	// Stop powers the machine off. A graceful stop lets it shut down in order, bounded by ctx; otherwise the power is
	// cut. Disks survive: a later Boot of the same VM UID finds them.
	Stop(ctx context.Context, graceful bool) error
	// Done is closed when the machine is off, for whatever reason. Being closed without a call of Stop is a crash,
	// unless ExitedCleanly says that the guest shut itself down.
	Done() <-chan struct{}
}

// SelfStopper may be implemented by a Guest that can tell a shutdown from inside from a crash.
type SelfStopper interface {
	// ExitedCleanly reports, once Done is closed, whether the guest shut itself down in order.
	ExitedCleanly() bool
}

// Forgetter may be implemented by Guests that keep disks for stopped machines.
type Forgetter interface {
	// Forget drops everything kept for the VM of this UID. It is called once the VM object is gone; an unknown UID is
	// no error.
	Forget(vmUID string)
}

// VMBoot is what a machine sees when it is powered on.
type VMBoot struct {
	// Namespace and Name are those of the VM (and of its instance).
	Namespace, Name string
	// UID is the VirtualMachine's: constant over restarts, and the key of the machine's disks.
	UID string
	// InstanceUID is the VirtualMachineInstance's: new at every start.
	InstanceUID string
	// UserData and NetworkData are the cloud-init NoCloud documents as the instance's Secret holds them now. They may
	// hold credentials: never log them. NetworkData is empty when none was given.
	UserData, NetworkData []byte
	// NICs are the machine's interfaces in the order of the VM's spec.
	NICs []NIC
	// Lease asks the network's DHCP server for an address for the named NIC. The same MAC always gets the same
	// address. The zero Addr means that no server answered.
	Lease func(nic string) netip.Addr
	// LeaseBits is the prefix length that goes with leased addresses, LeaseGateway their router (zero = none).
	LeaseBits    int
	LeaseGateway netip.Addr
	// CPU is the number of virtual CPUs.
	CPU uint32
	// MemoryBytes is the memory the guest sees.
	MemoryBytes int64
	// Labels are the instance's labels, Annotations its annotations (the host's zone appears here).
	Labels, Annotations map[string]string
	// Host is the Harvester node the machine starts on.
	Host string
}

// NIC is one network interface of a machine.
type NIC struct {
	// Name is the interface's name in the VM's spec, such as nic-0.
	Name string
	// MAC is in colon form, lower case.
	MAC string
	// Network is the NetworkAttachmentDefinition as <namespace>/<name>; empty for the pod network.
	Network string
}

// GuestAddress is one interface as the guest agent reports it.
type GuestAddress struct {
	// NIC is the interface's name in the VM's spec; empty for one that only the guest knows, such as a bridge.
	NIC string
	// MAC is in colon form, lower case.
	MAC string
	// Interface is the name inside the guest, such as eth0.
	Interface string
	// IPs are the interface's addresses, the primary first.
	IPs []netip.Addr
}
