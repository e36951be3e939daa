package harvesterclient

import (
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// phaseReason is a phase with the reason that goes with it.
type phaseReason struct {
	phase  VMPhase
	reason string
}

// phaseOf decides the phase. What the instance says of a running guest counts most, because the machine's own
// status follows it with a delay; before and after that the machine's status knows better.
func phaseOf(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) (VMPhase, string, string) {
	switch {
	case vm.DeletionTimestamp != nil:
		return PhaseDeleting, "Deleting", ""
	case vmi != nil && vmi.DeletionTimestamp == nil && vmi.Status.Phase == kubevirtv1.Running:
		return runningPhase(vmi)
	case vmi != nil && vmi.DeletionTimestamp != nil:
		return PhaseStopping, "Stopping", ""
	case isHalted(vm):
		return haltedPhase(vm, vmi)
	}
	status := vm.Status.PrintableStatus
	if trouble, found := troubles[status]; found {
		return trouble.phase, trouble.reason, troubleMessage(vm, vmi)
	}
	if vmi != nil {
		if found, known := instancePhases[vmi.Status.Phase]; known {
			return found.phase, found.reason, ""
		}
	}
	if found, known := machinePhases[status]; known {
		return found.phase, found.reason, ""
	}

	return PhaseUnknown, "UnknownStatus", "the virtual machine's status is " + string(status)
}

func runningPhase(vmi *kubevirtv1.VirtualMachineInstance) (VMPhase, string, string) {
	migration := vmi.Status.MigrationState
	switch {
	case instanceCondition(vmi, kubevirtv1.VirtualMachineInstancePaused).isTrue():
		return PhasePaused, "Paused", instanceCondition(vmi, kubevirtv1.VirtualMachineInstancePaused).message
	case migration != nil && !migration.Completed && !migration.Failed:
		return PhaseRunning, "Migrating", "moving from host " + migration.SourceNode + " to " + migration.TargetNode
	default:
		return PhaseRunning, "Running", ""
	}
}

func isHalted(vm *kubevirtv1.VirtualMachine) bool {
	strategy, err := vm.RunStrategy()

	return err == nil && strategy == kubevirtv1.RunStrategyHalted
}

func haltedPhase(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) (VMPhase, string, string) {
	quota := vm.Annotations[AnnotationQuota]
	switch {
	case vmi != nil && !vmi.IsFinal():
		return PhaseStopping, "Stopping", quota
	case quota != "":
		return PhaseHalted, "InsufficientResourceQuota", quota
	default:
		return PhaseHalted, "Halted", "the run strategy is Halted: someone switched the virtual machine off"
	}
}

// troubles are what KubeVirt says of a machine that cannot run, whether or not it has an instance.
var troubles = map[kubevirtv1.VirtualMachinePrintableStatus]phaseReason{
	kubevirtv1.VirtualMachineStatusUnschedulable:    {PhaseUnschedulable, "Unschedulable"},
	kubevirtv1.VirtualMachineStatusCrashLoopBackOff: {PhaseCrashed, "CrashLoopBackOff"},
	kubevirtv1.VirtualMachineStatusErrImagePull:     {PhaseFailed, "ErrImagePull"},
	kubevirtv1.VirtualMachineStatusImagePullBackOff: {PhaseFailed, "ImagePullBackOff"},
	kubevirtv1.VirtualMachineStatusDataVolumeError:  {PhaseFailed, "DataVolumeError"},
}

// instancePhases say where an instance is that does not run.
var instancePhases = map[kubevirtv1.VirtualMachineInstancePhase]phaseReason{
	kubevirtv1.VmPhaseUnset:   {PhaseStarting, "InstanceCreated"},
	kubevirtv1.Pending:        {PhaseStarting, "Pending"},
	kubevirtv1.Scheduling:     {PhaseStarting, "Scheduling"},
	kubevirtv1.Scheduled:      {PhaseStarting, "Scheduled"},
	kubevirtv1.WaitingForSync: {PhaseStarting, "WaitingForSync"},
	kubevirtv1.Succeeded:      {PhaseStopped, "GuestShutDown"},
	kubevirtv1.Failed:         {PhaseCrashed, "InstanceFailed"},
	kubevirtv1.Unknown:        {PhaseUnknown, "InstanceUnknown"},
}

// machinePhases say where a machine without instance is. Claims are made after the machine, so a missing one is normal
// at first.
var machinePhases = map[kubevirtv1.VirtualMachinePrintableStatus]phaseReason{
	"": {PhaseCreating, "Created"},
	kubevirtv1.VirtualMachineStatusPvcNotFound:             {PhaseCreating, "WaitingForVolumes"},
	kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding: {PhaseCreating, "WaitingForVolumeBinding"},
	kubevirtv1.VirtualMachineStatusProvisioning:            {PhaseCreating, "Provisioning"},
	kubevirtv1.VirtualMachineStatusStarting:                {PhaseStarting, "Starting"},
	kubevirtv1.VirtualMachineStatusWaitingForReceiver:      {PhaseStarting, "WaitingForReceiver"},
	kubevirtv1.VirtualMachineStatusRunning:                 {PhaseRunning, "Running"},
	kubevirtv1.VirtualMachineStatusMigrating:               {PhaseRunning, "Migrating"},
	kubevirtv1.VirtualMachineStatusPaused:                  {PhasePaused, "Paused"},
	kubevirtv1.VirtualMachineStatusStopping:                {PhaseStopping, "Stopping"},
	kubevirtv1.VirtualMachineStatusTerminating:             {PhaseDeleting, "Deleting"},
	kubevirtv1.VirtualMachineStatusUnknown:                 {PhaseUnknown, "InstanceUnknown"},
	// KubeVirt's default before its first look at a machine is Stopped too; then no condition is there.
	kubevirtv1.VirtualMachineStatusStopped: {PhaseStopped, "Stopped"},
}

// troubleMessage finds what KubeVirt has to say about a trouble: the failure condition, else why the pod has no host.
func troubleMessage(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) string {
	if message, found := machineCondition(vm, kubevirtv1.VirtualMachineFailure, corev1.ConditionTrue); found {
		return message
	}
	podScheduled := kubevirtv1.VirtualMachineConditionType(corev1.PodScheduled)
	if message, found := machineCondition(vm, podScheduled, corev1.ConditionFalse); found {
		return message
	}
	if vmi != nil {
		if c := instanceCondition(vmi, kubevirtv1.VirtualMachineInstanceConditionType(corev1.PodScheduled)); c.isFalse() {
			return c.message
		}
	}

	return ""
}
