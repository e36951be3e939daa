package v1beta1

import corev1 "k8s.io/api/core/v1"

// Condition is Harvester's own condition form. Its times are RFC 3339 strings and its reason is rarely set:
// the message carries the diagnosis.
type Condition struct {
	Type               string                 `json:"type"`
	Status             corev1.ConditionStatus `json:"status"`
	LastUpdateTime     string                 `json:"lastUpdateTime,omitempty"`
	LastTransitionTime string                 `json:"lastTransitionTime,omitempty"`
	Reason             string                 `json:"reason,omitempty"`
	Message            string                 `json:"message,omitempty"`
}
