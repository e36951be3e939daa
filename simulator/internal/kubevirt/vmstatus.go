package kubevirt

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// Surroundings is what a VM's status depends on beside the VM and its instance.
type Surroundings struct {
	// UnboundClaims tells that a claim of the VM exists but is not bound yet.
	UnboundClaims bool
	// BackingOff tells that the next start waits because the last one failed.
	BackingOff bool
	// RestartRequired tells that the VM's template has changed in a way that its instance cannot follow.
	RestartRequired bool
}

// PrintableStatus is the one word by which people know a VM's state: the first that applies, in KubeVirt's order.
func PrintableStatus(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, around Surroundings) kubevirtv1.VirtualMachinePrintableStatus {
	if !vm.DeletionTimestamp.IsZero() {
		return kubevirtv1.VirtualMachineStatusTerminating
	}
	if vmi == nil || vmi.IsFinal() {
		switch {
		case around.BackingOff:
			return kubevirtv1.VirtualMachineStatusCrashLoopBackOff
		case vmi == nil && around.UnboundClaims && setToStart(vm):
			return kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding
		}
		return kubevirtv1.VirtualMachineStatusStopped
	}
	starting := vmi.Status.Phase != kubevirtv1.Running
	switch {
	case !vmi.DeletionTimestamp.IsZero():
		return kubevirtv1.VirtualMachineStatusStopping
	case vmi.Status.MigrationState != nil && !vmi.Status.MigrationState.Completed && !vmi.Status.MigrationState.Failed:
		return kubevirtv1.VirtualMachineStatusMigrating
	case has(vmi, kubevirtv1.VirtualMachineInstancePaused, corev1.ConditionTrue, ""):
		return kubevirtv1.VirtualMachineStatusPaused
	case !starting:
		return kubevirtv1.VirtualMachineStatusRunning
	case has(vmi, kubevirtv1.VirtualMachineInstanceSynchronized, corev1.ConditionFalse, reasonClaimNotFound):
		return kubevirtv1.VirtualMachineStatusPvcNotFound
	case has(vmi, podScheduled, corev1.ConditionFalse, reasonUnschedulable):
		return kubevirtv1.VirtualMachineStatusUnschedulable
	case around.UnboundClaims && (vmi.Status.Phase == kubevirtv1.VmPhaseUnset || vmi.Status.Phase == kubevirtv1.Pending || vmi.Status.Phase == kubevirtv1.Scheduling):
		return kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding
	}
	return kubevirtv1.VirtualMachineStatusStarting
}

// SetStatus writes everything that a VM's status says of its instance. What others keep there, such as requests and
// snapshots, stays.
func SetStatus(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, around Surroundings, now metav1.Time) {
	status := &vm.Status
	status.Created = vmi != nil
	status.Ready = vmi != nil && has(vmi, kubevirtv1.VirtualMachineInstanceReady, corev1.ConditionTrue, "")
	status.PrintableStatus = PrintableStatus(vm, vmi, around)
	if status.RunStrategy != "" || status.Created {
		status.RunStrategy = Strategy(vm) // it tells whether the VM was ever started
	}
	status.ObservedGeneration, status.DesiredGeneration = vm.Generation, vm.Generation
	status.Conditions = conditionsOf(vm, vmi, around.RestartRequired, now)
}

// restartMessage is that of condition RestartRequired.
const restartMessage = "a non-live-updatable field was changed in the template spec"

// conditionsOf are a VM's conditions: those of its instance, or the news that there is none, beside which all that was said
// of the last instance stands.
func conditionsOf(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, restart bool, now metav1.Time) []kubevirtv1.VirtualMachineCondition {
	former := map[kubevirtv1.VirtualMachineConditionType]kubevirtv1.VirtualMachineCondition{}
	for _, condition := range vm.Status.Conditions {
		former[condition.Type] = condition
	}
	var list []kubevirtv1.VirtualMachineCondition
	add := func(condition kubevirtv1.VirtualMachineCondition) {
		condition.LastTransitionTime = now
		if was, ok := former[condition.Type]; ok && was.Status == condition.Status {
			condition.LastTransitionTime = was.LastTransitionTime
		}
		list = append(list, condition)
	}

	add(readyOf(vmi))
	if vmi == nil {
		for _, condition := range vm.Status.Conditions {
			if condition.Type != kubevirtv1.VirtualMachineReady {
				add(condition)
			}
		}
		return list
	}
	for _, condition := range vmi.Status.Conditions {
		if condition.Type == kubevirtv1.VirtualMachineInstanceReady {
			continue
		}
		add(kubevirtv1.VirtualMachineCondition{
			Type: kubevirtv1.VirtualMachineConditionType(condition.Type), Status: condition.Status, Reason: condition.Reason, Message: condition.Message,
		})
	}
	if last, stands := former[kubevirtv1.VirtualMachineRestartRequired]; stands {
		add(last)
	} else if restart {
		add(kubevirtv1.VirtualMachineCondition{Type: kubevirtv1.VirtualMachineRestartRequired, Status: corev1.ConditionTrue, Message: restartMessage})
	}
	return list
}

// readyOf is condition Ready, which a VM has at all times.
func readyOf(vmi *kubevirtv1.VirtualMachineInstance) kubevirtv1.VirtualMachineCondition {
	ready := kubevirtv1.VirtualMachineCondition{Type: kubevirtv1.VirtualMachineReady, Status: corev1.ConditionFalse}
	if vmi == nil {
		ready.Reason, ready.Message = "VMINotExists", "VMI does not exist"
		return ready
	}
	condition, ok := findCondition(vmi, kubevirtv1.VirtualMachineInstanceReady)
	if !ok {
		ready.Reason, ready.Message = "VMIConditionMissing", "VMI is missing the Ready condition"
		return ready
	}
	ready.Status, ready.Reason, ready.Message = condition.Status, condition.Reason, condition.Message
	return ready
}

// dropRestartRequired forgets that a restart is due: the VM is being stopped or started.
func dropRestartRequired(vm *kubevirtv1.VirtualMachine) {
	vm.Status.Conditions = slices.DeleteFunc(vm.Status.Conditions, func(condition kubevirtv1.VirtualMachineCondition) bool {
		return condition.Type == kubevirtv1.VirtualMachineRestartRequired
	})
}
