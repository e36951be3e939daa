package controllers

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What Kubernetes' controller manager writes about a silent kubelet.
const (
	reasonSilent  = "NodeStatusUnknown"
	messageSilent = "Kubelet stopped posting node status."
)

// health is what the node lifecycle makes of a node.
type health struct {
	// silent is true when its heartbeat is overdue.
	silent bool
	// taints are all the node's taints, as they should be.
	taints []corev1.Taint
	// changed is true when the taints differ from the node's.
	changed bool
}

// judge decides from a node and the time of its last heartbeat. Kubernetes'
// own rules: an overdue heartbeat makes the conditions Unknown, and the Ready
// condition decides the taints.
func judge(node *corev1.Node, renewed time.Time, now time.Time, grace time.Duration) health {
	ready := readyStatus(node)
	silent := now.Sub(renewed) > grace
	if silent {
		ready = corev1.ConditionUnknown
	}
	var wanted []corev1.Taint
	switch ready {
	case corev1.ConditionFalse:
		wanted = taintsFor(corev1.TaintNodeNotReady)
	case corev1.ConditionUnknown:
		wanted = taintsFor(corev1.TaintNodeUnreachable)
	case corev1.ConditionTrue: // none
	}
	taints, changed := withTaints(node.Spec.Taints, wanted)
	return health{silent: silent && readyStatus(node) != corev1.ConditionUnknown, taints: taints, changed: changed}
}

func readyStatus(node *corev1.Node) corev1.ConditionStatus {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status
		}
	}
	return corev1.ConditionUnknown
}

func taintsFor(key string) []corev1.Taint {
	return []corev1.Taint{{Key: key, Effect: corev1.TaintEffectNoSchedule}, {Key: key, Effect: corev1.TaintEffectNoExecute}}
}

// withTaints replaces the taints that the node lifecycle owns; a wanted taint
// that is there keeps its time.
func withTaints(current, wanted []corev1.Taint) (taints []corev1.Taint, changed bool) {
	owned := func(taint corev1.Taint) bool {
		return taint.Key == corev1.TaintNodeNotReady || taint.Key == corev1.TaintNodeUnreachable
	}
	for _, taint := range current {
		if owned(taint) && !slices.ContainsFunc(wanted, func(w corev1.Taint) bool { return w.MatchTaint(&taint) }) {
			changed = true
			continue
		}
		taints = append(taints, taint)
	}
	for _, taint := range wanted {
		if !slices.ContainsFunc(taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) }) {
			changed = true
			taints = append(taints, taint)
		}
	}
	return taints, changed
}

// unknownConditions are a node's conditions after its kubelet fell silent.
func unknownConditions(conditions []corev1.NodeCondition, now time.Time) []corev1.NodeCondition {
	unknown := slices.Clone(conditions)
	for i := range unknown {
		if unknown[i].Status == corev1.ConditionUnknown {
			continue
		}
		unknown[i].Status = corev1.ConditionUnknown
		unknown[i].Reason, unknown[i].Message = reasonSilent, messageSilent
		unknown[i].LastTransitionTime = metav1.NewTime(now)
	}
	return unknown
}
