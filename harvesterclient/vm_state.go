package harvesterclient

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// VMPhase is where a virtual machine is in its life.
type VMPhase string

// The phases.
const (
	// PhaseCreating means that disks are still being made, or that nothing happened yet.
	PhaseCreating VMPhase = "Creating"
	// PhaseStarting means that an instance exists but its guest does not run yet.
	PhaseStarting VMPhase = "Starting"
	// PhaseRunning means that the guest runs; it may be moving to another host meanwhile.
	PhaseRunning VMPhase = "Running"
	// PhasePaused means that the guest is held.
	PhasePaused VMPhase = "Paused"
	// PhaseStopping means that the guest is shutting down.
	PhaseStopping VMPhase = "Stopping"
	// PhaseStopped means that the guest was shut down, from inside or by someone, and stays down until it is started.
	PhaseStopped VMPhase = "Stopped"
	// PhaseHalted means that the machine is switched off by its run strategy: by someone, or by Harvester for a quota.
	PhaseHalted VMPhase = "Halted"
	// PhaseCrashed means that the instance failed, once or again and again.
	PhaseCrashed VMPhase = "Crashed"
	// PhaseUnschedulable means that no host can take the machine.
	PhaseUnschedulable VMPhase = "Unschedulable"
	// PhaseFailed means that something the machine needs cannot be had, and that waiting does not fix it.
	PhaseFailed VMPhase = "Failed"
	// PhaseDeleting means that the machine is going away.
	PhaseDeleting VMPhase = "Deleting"
	// PhaseUnknown means that Harvester lost sight of the instance, as when its host is gone.
	PhaseUnknown VMPhase = "Unknown"
)

// VMState is what a provider needs to know of a virtual machine.
type VMState struct {
	Phase VMPhase
	// Reason is CamelCase and never empty.
	Reason string
	// Message is for people; it may be empty.
	Message string
	// Addresses of the machine's own interfaces, in the order of its spec. Addresses that only the guest
	// knows of, such as those of its container network, are not among them, nor are link-local ones.
	Addresses []Address
	// NodeName is the host that runs the machine, empty when none does.
	NodeName string
	// AgentConnected tells whether the guest agent answers. Without it no address shows.
	AgentConnected bool
}

// Address is one address of one interface. An interface may have several: a virtual address that the guest took over is
// among them.
type Address struct {
	// NIC is the interface's name in the machine's spec.
	NIC string
	// MAC is the interface's hardware address as reported.
	MAC string
	IP  netip.Addr
}

// DescribeVM tells the state of a machine from the two objects that show it. The instance may be nil, and an instance that
// belongs to another machine of the same name counts as nil. It is pure.
func DescribeVM(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) VMState {
	if vmi != nil && !instanceOf(vm, vmi) {
		vmi = nil
	}
	state := VMState{}
	state.Phase, state.Reason, state.Message = phaseOf(vm, vmi)
	if vmi != nil {
		state.NodeName = vmi.Status.NodeName
		state.Addresses = addressesOf(vm, vmi)
		state.AgentConnected = instanceCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected).isTrue()
	}

	return state
}

// instanceOf is false only when the instance says that its owner is someone else.
func instanceOf(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) bool {
	owner := metav1.GetControllerOf(vmi)

	return vmi.Name == vm.Name && vmi.Namespace == vm.Namespace && (owner == nil || owner.UID == vm.UID)
}

func addressesOf(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) []Address {
	if vm.Spec.Template == nil {
		return nil
	}
	var addresses []Address
	for _, nic := range vm.Spec.Template.Spec.Domain.Devices.Interfaces {
		for _, reported := range vmi.Status.Interfaces {
			if reported.Name == nic.Name {
				addresses = append(addresses, interfaceAddresses(reported)...)
			}
		}
	}

	return addresses
}

func interfaceAddresses(reported kubevirtv1.VirtualMachineInstanceNetworkInterface) []Address {
	var addresses []Address
	seen := map[netip.Addr]bool{}
	for _, value := range append([]string{reported.IP}, reported.IPs...) {
		ip, err := netip.ParseAddr(value)
		if err != nil || seen[ip] || ip.IsLinkLocalUnicast() || ip.IsUnspecified() {
			continue
		}
		seen[ip] = true
		addresses = append(addresses, Address{NIC: reported.Name, MAC: reported.MAC, IP: ip})
	}

	return addresses
}

func instanceCondition(vmi *kubevirtv1.VirtualMachineInstance, conditionType kubevirtv1.VirtualMachineInstanceConditionType) condition {
	for _, c := range vmi.Status.Conditions {
		if c.Type == conditionType {
			return condition{status: c.Status, message: c.Message}
		}
	}

	return condition{}
}

func machineCondition(vm *kubevirtv1.VirtualMachine, conditionType kubevirtv1.VirtualMachineConditionType, status corev1.ConditionStatus) (string, bool) {
	for _, c := range vm.Status.Conditions {
		if c.Type == conditionType && c.Status == status {
			return c.Message, true
		}
	}

	return "", false
}
