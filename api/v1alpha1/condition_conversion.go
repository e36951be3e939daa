package v1alpha1

import (
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// noReason stands for the empty reason, which v1beta1 does not allow. Cluster API uses the same word.
	noReason = "NoReasonReported"
	// severityOfFalse is the severity of a False that v1beta1 reported: it knows none.
	severityOfFalse = "Warning"

	// maxReason and maxMessage are what the schema of metav1.Condition allows, in characters.
	maxReason, maxMessage = 1024, 32768
)

// validReason is the pattern of a reason in the schema of metav1.Condition.
var validReason = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`)

// conditionsUp makes conditions that the schema of v1beta1 takes, or the object's status could not be written any more.
func conditionsUp(src []Condition) []metav1.Condition {
	if src == nil {
		return nil
	}
	dst := make([]metav1.Condition, 0, len(src))
	seen := map[string]bool{}
	for _, condition := range src {
		if seen[condition.Type] {
			continue
		}
		seen[condition.Type] = true
		dst = append(dst, conditionUp(condition))
	}
	return dst
}

func conditionUp(src Condition) metav1.Condition {
	dst := metav1.Condition{
		Type: src.Type, Status: metav1.ConditionStatus(src.Status), LastTransitionTime: src.LastTransitionTime,
		Reason: reasonUp(src.Reason), Message: truncate(src.Message, maxMessage),
		ObservedGeneration: src.ObservedGeneration,
	}
	switch src.Status {
	case corev1.ConditionTrue, corev1.ConditionFalse:
	default:
		dst.Status = metav1.ConditionUnknown
	}
	if dst.LastTransitionTime.IsZero() {
		dst.LastTransitionTime = metav1.NewTime(time.Unix(0, 0))
	}
	if src.Message == "" && src.Reason != "" && dst.Reason != src.Reason {
		dst.Message = truncate(src.Reason, maxMessage)
	}
	return dst
}

// reasonUp makes a reason in CamelCase of free text.
func reasonUp(text string) string {
	if text == "" {
		return noReason
	}
	if len(text) <= maxReason && validReason.MatchString(text) {
		return text
	}
	var reason strings.Builder
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !isLetter(r) && (r < '0' || r > '9') }) {
		reason.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	made := truncate(strings.TrimLeft(reason.String(), "0123456789"), maxReason)
	if made == "" {
		return noReason
	}
	return made
}

func isLetter(r rune) bool { return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') }

func truncate(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	runes := []rune(text)
	return string(runes[:min(limit, len(runes))])
}

func conditionsDown(src []metav1.Condition) []Condition { return each(src, conditionDown) }

func conditionDown(src metav1.Condition) Condition {
	dst := Condition{
		Type: src.Type, Status: corev1.ConditionStatus(src.Status), LastTransitionTime: src.LastTransitionTime,
		Reason: src.Reason, Message: src.Message, ObservedGeneration: src.ObservedGeneration,
	}
	if src.Status == metav1.ConditionFalse {
		dst.Severity = severityOfFalse
	}
	if src.Reason == noReason {
		dst.Reason = ""
	}
	return dst
}
