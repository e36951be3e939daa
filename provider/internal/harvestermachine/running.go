package harvestermachine

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// runningReasons say, for every phase of a VM, what the condition says.
var runningReasons = map[harvesterclient.VMPhase]string{
	harvesterclient.PhaseCreating:      infrav1.VMStartingReason,
	harvesterclient.PhaseStarting:      infrav1.VMStartingReason,
	harvesterclient.PhaseRunning:       infrav1.VMRunningReason,
	harvesterclient.PhasePaused:        infrav1.VMPausedReason,
	harvesterclient.PhaseStopping:      infrav1.VMStoppingReason,
	harvesterclient.PhaseStopped:       infrav1.VMStoppedReason,
	harvesterclient.PhaseHalted:        infrav1.VMHaltedReason,
	harvesterclient.PhaseCrashed:       infrav1.VMCrashedReason,
	harvesterclient.PhaseUnschedulable: infrav1.VMUnschedulableReason,
	harvesterclient.PhaseFailed:        infrav1.VMFailedReason,
	harvesterclient.PhaseDeleting:      infrav1.VMStoppingReason,
	harvesterclient.PhaseUnknown:       infrav1.VMUnknownReason,
}

// starting are the phases of a VM that somebody wants to run and that does not yet.
var starting = []harvesterclient.VMPhase{
	harvesterclient.PhaseCreating, harvesterclient.PhaseStarting, harvesterclient.PhaseUnschedulable, harvesterclient.PhaseFailed,
}

// ofTheVM are the conditions that speak of a VM that runs. They hold no more when it does not, or is gone.
var ofTheVM = []string{infrav1.VMRunningCondition, infrav1.AddressesReportedCondition, infrav1.NodeInitializedCondition}

// running follows the VM. It never starts or stops one: whoever switched a VM off had a reason, and a
// MachineHealthCheck decides when to replace it.
func (r *Reconciler) running(ctx context.Context, s *scope) phase.Outcome {
	state := harvesterclient.DescribeVM(s.vm, s.vmi)
	reason, known := runningReasons[state.Phase]
	if !known {
		reason = infrav1.VMUnknownReason
	}
	if state.Phase == harvesterclient.PhaseRunning {
		return phase.Done(reason, "")
	}
	if slices.Contains(starting, state.Phase) {
		return r.awaitStart(ctx, s, reason, state)
	}

	return phase.Wait(reason, runningMessage(s, state)).Outdating(ofTheVM...)
}

// runningMessage says what keeps a VM from running. The steps of an ordinary start are not told one by one: each would be
// a write, and none of them asks anything of anybody.
func runningMessage(s *scope, state harvesterclient.VMState) string {
	if state.Message == "" && (state.Phase == harvesterclient.PhaseCreating || state.Phase == harvesterclient.PhaseStarting) {
		return fmt.Sprintf("Waits for VM %s to run", s.vmKey())
	}
	if state.Message == "" {
		return state.Reason
	}
	return state.Reason + ": " + state.Message
}

// addresses publishes where the machine can be reached: the addresses its network cards report, and the one it was
// given, which needs no guest agent to be known.
func (r *Reconciler) addresses(_ context.Context, s *scope) phase.Outcome {
	state := harvesterclient.DescribeVM(s.vm, s.vmi)
	assigned := assignedAddresses(s)
	found := machineAddresses(s.vmName, interfaceNames(s), assigned, state.Addresses, s.infraCluster.Spec.ControlPlaneEndpoint.Host)
	switch {
	case len(found) > 1:
		s.machine.Status.Addresses = found
	case len(s.machine.Status.Addresses) > 1:
		// The guest agent fell silent; the VM still runs, and has the addresses that it had.
	default:
		return phase.Wait(infrav1.WaitingForGuestAddressesReason,
			"Waits for the guest agent to report an address; the image may lack qemu-guest-agent")
	}
	s.machine.Status.FailureDomain = observedZone(s)
	return phase.Done(infrav1.AddressesReportedReason, "")
}

// observedZone is the zone the VM runs in: Harvester copies it from the host to the instance. Without it the zone that
// was asked for holds, as it is required of the host.
func observedZone(s *scope) string {
	if s.vmi != nil {
		if zone := s.vmi.Annotations[corev1.LabelTopologyZone]; zone != "" {
			return zone
		}
	}
	if zone := s.failureDomain(); zone != "" {
		return zone
	}
	return s.machine.Status.FailureDomain
}

// observedRegion is the region the VM runs in, as Harvester copies it from the host; empty when the host has none.
func observedRegion(s *scope) string {
	if s.vmi == nil {
		return ""
	}
	return s.vmi.Annotations[corev1.LabelTopologyRegion]
}
