package kubevirt

import (
	"context"
	"net/netip"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// LeaseNetwork goes with every DHCP lease.
type LeaseNetwork struct {
	Bits    int
	Gateway netip.Addr
}

// leaseTimeout bounds how long a guest waits for a lease.
const leaseTimeout = 10 * time.Second

// powerOn boots what runs inside an instance; when it is on, the controller is woken.
func (c *InstanceController) powerOn(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) error {
	documents, err := readCloudInit(ctx, c.Known(), vmi)
	if err != nil {
		return err
	}
	boot := guestapi.VMBoot{
		Namespace: vmi.Namespace, Name: vmi.Name, UID: string(ownerUID(vmi)), InstanceUID: string(vmi.UID),
		UserData: documents.user, NetworkData: documents.network,
		LeaseBits: c.Network.Bits, LeaseGateway: c.Network.Gateway,
		CPU: cpus(vmi), MemoryBytes: memory(vmi), Labels: vmi.Labels, Annotations: vmi.Annotations, Host: vmi.Status.NodeName,
	}
	macs := map[string]string{}
	for _, nic := range vmi.Spec.Domain.Devices.Interfaces {
		mac := macOf(vmi, nic)
		macs[nic.Name] = mac
		boot.NICs = append(boot.NICs, guestapi.NIC{Name: nic.Name, MAC: mac, Network: multusNetwork(vmi, nic.Name)})
	}
	vm := client.ObjectKeyFromObject(vmi)
	boot.Lease = func(nic string) netip.Addr { return c.lease(vm, macs[nic]) }
	c.Power.On(boot)
	return nil
}

// lease asks the network's DHCP server for the address of a MAC.
func (c *InstanceController) lease(vm types.NamespacedName, mac string) netip.Addr {
	if mac == "" || c.Faults.lacksAddress(vm) {
		return netip.Addr{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaseTimeout)
	defer cancel()
	addr, err := c.Leases.Lease(ctx, "mac."+strings.ReplaceAll(mac, ":", "-"))
	if err != nil {
		c.Log.Error(err, "no DHCP lease", "vm", vm.String())
	}
	return addr
}

// report brings what the agent says into the status, and returns when to look again.
func (c *InstanceController) report(vmi *kubevirtv1.VirtualMachineInstance, view View) time.Duration {
	vm := client.ObjectKeyFromObject(vmi)
	_, connected := findCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected)
	if left := c.Delays.Agent - c.Clock.Since(view.Since); !connected && left > 0 {
		return left
	}
	if !view.Reported && connected && !c.Faults.lacksAgent(vm) {
		return 0 // picked up again after a restart: what was reported before holds until the first report
	}
	addresses := view.Addresses
	if c.Faults.lacksAddress(vm) {
		addresses = nil
	}
	if len(view.Addresses) == 0 || c.Faults.lacksAgent(vm) {
		c.disconnect(vmi)
		return 0
	}
	setCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected, corev1.ConditionTrue, "", "", c.now())
	vmi.Status.GuestOSInfo = kubevirtv1.VirtualMachineInstanceGuestOSInfo{ID: "sles", Name: "SLES", PrettyName: "Guest of the sandbox", KernelRelease: "6.4.0"}
	if c.Faults.isHostile(vm) {
		vmi.Status.GuestOSInfo, addresses = exaggeratedOS(), exaggerate(string(ownerUID(vmi)), addresses)
	}
	c.setInterfaces(vmi, Interfaces(vmi, addresses))
	return 0
}

// disconnect takes away what only an agent can know.
func (c *InstanceController) disconnect(vmi *kubevirtv1.VirtualMachineInstance) {
	dropCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected)
	vmi.Status.GuestOSInfo = kubevirtv1.VirtualMachineInstanceGuestOSInfo{}
	c.setInterfaces(vmi, Interfaces(vmi, nil))
}

// setInterfaces replaces the interfaces and notes a change of addresses.
func (c *InstanceController) setInterfaces(vmi *kubevirtv1.VirtualMachineInstance, next []kubevirtv1.VirtualMachineInstanceNetworkInterface) {
	before, after := addressesOf(vmi.Status.Interfaces), addressesOf(next)
	vmi.Status.Interfaces = next
	if reflect.DeepEqual(before, after) {
		return
	}
	c.History.Record(history.Event{
		Kind: history.MachineAddresses, Namespace: vmi.Namespace, Name: vmi.Name,
		UID: string(ownerUID(vmi)), InstanceUID: string(vmi.UID), Addresses: after,
	})
}

func addressesOf(interfaces []kubevirtv1.VirtualMachineInstanceNetworkInterface) []string {
	var list []string
	for _, nic := range interfaces {
		list = append(list, nic.IPs...)
	}
	return list
}

// ownerUID is the UID of the instance's VM; an instance without one stands for itself.
func ownerUID(vmi *kubevirtv1.VirtualMachineInstance) types.UID {
	for _, owner := range vmi.OwnerReferences {
		if owner.Kind == "VirtualMachine" {
			return owner.UID
		}
	}
	return vmi.UID
}

func cpus(vmi *kubevirtv1.VirtualMachineInstance) uint32 {
	cpu := vmi.Spec.Domain.CPU
	if cpu == nil {
		return 1
	}
	return max(cpu.Cores, 1) * max(cpu.Sockets, 1) * max(cpu.Threads, 1)
}

func memory(vmi *kubevirtv1.VirtualMachineInstance) int64 {
	if memory := vmi.Spec.Domain.Memory; memory != nil && memory.Guest != nil {
		return memory.Guest.Value()
	}
	return vmi.Spec.Domain.Resources.Limits.Memory().Value()
}
