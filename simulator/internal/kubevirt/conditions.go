package kubevirt

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// Reasons of conditions that decide a VM's printable status.
const (
	reasonClaimNotFound = "FailedPvcNotFound"
	reasonUnschedulable = "Unschedulable"
	// podScheduled is copied from the launcher pod.
	podScheduled = kubevirtv1.VirtualMachineInstanceConditionType(corev1.PodScheduled)
)

// setCondition sets one condition of an instance; times move only when the status does.
func setCondition(vmi *kubevirtv1.VirtualMachineInstance, kind kubevirtv1.VirtualMachineInstanceConditionType, status corev1.ConditionStatus, reason, message string, now metav1.Time) {
	condition := kubevirtv1.VirtualMachineInstanceCondition{Type: kind, Status: status, Reason: reason, Message: message, LastTransitionTime: now}
	for i := range vmi.Status.Conditions {
		if current := &vmi.Status.Conditions[i]; current.Type == kind {
			if current.Status == status {
				condition.LastTransitionTime = current.LastTransitionTime
			}
			*current = condition
			return
		}
	}
	vmi.Status.Conditions = append(vmi.Status.Conditions, condition)
}

// dropCondition removes one: several of KubeVirt's are never False, only absent.
func dropCondition(vmi *kubevirtv1.VirtualMachineInstance, kind kubevirtv1.VirtualMachineInstanceConditionType) {
	vmi.Status.Conditions = slices.DeleteFunc(vmi.Status.Conditions, func(condition kubevirtv1.VirtualMachineInstanceCondition) bool {
		return condition.Type == kind
	})
}

// findCondition returns a condition of an instance.
func findCondition(vmi *kubevirtv1.VirtualMachineInstance, kind kubevirtv1.VirtualMachineInstanceConditionType) (kubevirtv1.VirtualMachineInstanceCondition, bool) {
	for _, condition := range vmi.Status.Conditions {
		if condition.Type == kind {
			return condition, true
		}
	}
	return kubevirtv1.VirtualMachineInstanceCondition{}, false
}

// has tells whether a condition has a status and, unless empty, a reason.
func has(vmi *kubevirtv1.VirtualMachineInstance, kind kubevirtv1.VirtualMachineInstanceConditionType, status corev1.ConditionStatus, reason string) bool {
	condition, ok := findCondition(vmi, kind)
	return ok && condition.Status == status && (reason == "" || condition.Reason == reason)
}
