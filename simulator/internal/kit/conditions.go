package kit

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Condition is a condition in Harvester's own form, of either of its API groups.
type Condition interface {
	lbv1.Condition | hciv1.Condition
}

// SetCondition returns the list with one condition set. Times move only when something else changed, so that setting
// the same twice is no change. As upstream's, conditions of pools and load balancers have no lastTransitionTime.
func SetCondition[C Condition](list []C, kind string, status corev1.ConditionStatus, reason, message string, now time.Time) []C {
	stamp := now.UTC().Format(time.RFC3339)
	_, withoutTransition := any(*new(C)).(lbv1.Condition)
	next := make([]C, 0, len(list)+1)
	found := false
	for _, item := range list {
		current := lbv1.Condition(item)
		if current.Type == kind {
			found = true
			item = C(updated(current, status, reason, message, stamp, withoutTransition))
		}
		next = append(next, item)
	}
	if !found {
		next = append(next, C(updated(lbv1.Condition{Type: kind}, status, reason, message, stamp, withoutTransition)))
	}
	return next
}

func updated(current lbv1.Condition, status corev1.ConditionStatus, reason, message, stamp string, withoutTransition bool) lbv1.Condition {
	if current.Status == status && current.Reason == reason && current.Message == message {
		return current
	}
	if current.Status != status && !withoutTransition {
		current.LastTransitionTime = stamp
	}
	current.Status, current.Reason, current.Message, current.LastUpdateTime = status, reason, message, stamp
	return current
}

// IsTrue tells whether a condition is True.
func IsTrue[C Condition](list []C, kind string) bool {
	for _, item := range list {
		if current := lbv1.Condition(item); current.Type == kind {
			return current.Status == corev1.ConditionTrue
		}
	}
	return false
}
