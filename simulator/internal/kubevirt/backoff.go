package kubevirt

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// Delays between starts that fail before the machine runs: they grow with the square of the failures in a row.
const (
	backoffUnit = time.Second
	backoffMax  = 30 * time.Second
)

// StartFailure counts starts that failed before the machine was running. A machine that crashes while it runs is started
// again at once and resets the count.
func StartFailure(former *kubevirtv1.VirtualMachineStartFailure, vmi *kubevirtv1.VirtualMachineInstance, now time.Time) *kubevirtv1.VirtualMachineStartFailure {
	if vmi == nil {
		return former
	}
	if reached(vmi, kubevirtv1.Running) {
		return nil
	}
	if vmi.Status.Phase != kubevirtv1.Failed || former != nil && former.LastFailedVMIUID == vmi.UID {
		return former
	}
	failures := 1
	if former != nil {
		failures = former.ConsecutiveFailCount + 1
	}
	retry := metav1.NewTime(now.Add(min(time.Duration(failures*failures)*backoffUnit, backoffMax)))
	return &kubevirtv1.VirtualMachineStartFailure{ConsecutiveFailCount: failures, LastFailedVMIUID: vmi.UID, RetryAfterTimestamp: &retry}
}

// BackoffLeft is how long the next start has to wait.
func BackoffLeft(failure *kubevirtv1.VirtualMachineStartFailure, now time.Time) time.Duration {
	if failure == nil || failure.RetryAfterTimestamp == nil {
		return 0
	}
	return max(failure.RetryAfterTimestamp.Sub(now), 0)
}

// reached tells whether an instance was ever in a phase.
func reached(vmi *kubevirtv1.VirtualMachineInstance, phase kubevirtv1.VirtualMachineInstancePhase) bool {
	for _, transition := range vmi.Status.PhaseTransitionTimestamps {
		if transition.Phase == phase {
			return true
		}
	}
	return vmi.Status.Phase == phase
}
