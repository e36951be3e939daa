package doctor

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// The conditions of our kinds, in the order of the steps that they belong to.
var (
	clusterSteps = []string{
		infrav1.HarvesterConnectionReadyCondition, infrav1.TargetNamespaceReadyCondition,
		infrav1.IPPoolsReadyCondition, infrav1.LoadBalancerReadyCondition,
	}
	// clusterWarnings do not keep a cluster from being ready.
	clusterWarnings = []string{infrav1.CredentialsValidCondition, infrav1.CloudProviderConfigReadyCondition}

	machineSteps = []string{
		infrav1.AddressReadyCondition, infrav1.BootstrapReadyCondition, infrav1.VMProvisionedCondition,
		infrav1.VMRunningCondition, infrav1.AddressesReportedCondition, infrav1.NodeInitializedCondition,
	}
	deletionSteps = []string{infrav1.EtcdMemberRemovedCondition, infrav1.DeletingCondition}
)

// unmet is a condition that is not as it should be.
type unmet struct {
	metav1.Condition

	answer Answer
	step   int
}

// firstUnmet finds the condition that says why, among those of the given types: the first that is not met and does not
// merely follow from another, else the first that is not met.
func firstUnmet(conditions []metav1.Condition, types []string, answers map[string]Answer) (unmet, bool) {
	all := allUnmet(conditions, types, answers)
	for _, one := range all {
		if one.answer.Kind != KindFollows {
			return one, true
		}
	}
	if len(all) == 0 {
		return unmet{}, false
	}
	return all[0], true
}

func allUnmet(conditions []metav1.Condition, types []string, answers map[string]Answer) []unmet {
	var all []unmet
	for step, conditionType := range types {
		condition := meta.FindStatusCondition(conditions, conditionType)
		if condition == nil || condition.Status == wanted(conditionType) {
			continue
		}
		answer, known := answers[condition.Reason]
		if !known || answer.Kind == KindFine {
			answer = unknownReason()
		}
		all = append(all, unmet{Condition: *condition, answer: answer, step: step})
	}
	return all
}

// wanted is the status of a condition that asks nothing of anyone.
func wanted(conditionType string) metav1.ConditionStatus {
	if conditionType == infrav1.DeletingCondition {
		return metav1.ConditionFalse
	}
	return metav1.ConditionTrue
}

// connectionReasons are those that a step of a machine shares with the cluster's connection.
var connectionReasons = []string{
	infrav1.IdentitySecretNotFoundReason, infrav1.IdentitySecretInvalidReason, infrav1.IdentityNotAllowedReason,
	infrav1.HarvesterMismatchReason, infrav1.CredentialsRejectedReason, infrav1.HarvesterUnreachableReason,
	infrav1.HarvesterVersionUnsupportedReason,
}

func isConnection(reason string) bool { return slices.Contains(connectionReasons, reason) }

// at is a time as findings hold it; nil for the zero time.
func at(t metav1.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
