package kubevirt

import (
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
		case vmi == nil && around.UnboundClaims && Decide(vm, vmi).Step == Create:
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

// mirrored are the instance's conditions that a VM repeats.
var mirrored = []kubevirtv1.VirtualMachineInstanceConditionType{
	kubevirtv1.VirtualMachineInstanceReady, kubevirtv1.VirtualMachineInstanceAgentConnected,
	kubevirtv1.VirtualMachineInstanceIsMigratable, kubevirtv1.VirtualMachineInstancePaused,
	kubevirtv1.VirtualMachineInstanceSynchronized, podScheduled,
}

// SetStatus writes everything that a VM's status says of its instance. What others keep there, such as requests and
// snapshots, stays.
func SetStatus(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, around Surroundings, now metav1.Time) {
	status := &vm.Status
	status.Created = vmi != nil
	status.Ready = vmi != nil && has(vmi, kubevirtv1.VirtualMachineInstanceReady, corev1.ConditionTrue, "")
	status.PrintableStatus = PrintableStatus(vm, vmi, around)
	status.RunStrategy = Strategy(vm)
	status.ObservedGeneration, status.DesiredGeneration = vm.Generation, vm.Generation
	status.Conditions = conditionsOf(vm, vmi, now)
}

// conditionsOf are a VM's conditions: those of its instance, or the news that there is none.
func conditionsOf(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, now metav1.Time) []kubevirtv1.VirtualMachineCondition {
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
	if vmi == nil {
		add(kubevirtv1.VirtualMachineCondition{Type: kubevirtv1.VirtualMachineReady, Status: corev1.ConditionFalse, Reason: "VMINotExists", Message: "VMI does not exist"})
		// KubeVirt leaves standing whether the last instance could be migrated.
		if last, known := former[kubevirtv1.VirtualMachineConditionType(kubevirtv1.VirtualMachineInstanceIsMigratable)]; known {
			add(last)
		}
		return list
	}
	for _, kind := range mirrored {
		if condition, ok := findCondition(vmi, kind); ok {
			add(kubevirtv1.VirtualMachineCondition{Type: kubevirtv1.VirtualMachineConditionType(kind), Status: condition.Status, Reason: condition.Reason, Message: condition.Message})
		}
	}
	return list
}
