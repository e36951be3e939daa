package phase

import (
	"fmt"

	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// maxSummary is the schema's limit for a condition's message, in bytes to be safe. Each message that a summary repeats is
// bounded; those of older releases may not be.
const maxSummary = 32768

// SumUp sets Ready from the conditions of the given types, in their order, as Cluster API sums up its own. A type
// that was never reported counts as unknown, except those that only a deletion has. What is well is not repeated in the
// message.
func SumUp(object conditions.Setter, types []string) error {
	negative := infrav1.DeletingCondition
	strategy := conditions.DefaultMergeStrategy(
		conditions.GetPriorityFunc(conditions.GetDefaultMergePriorityFunc(negative)),
		conditions.ComputeReasonFunc(conditions.GetDefaultComputeMergeReasonFunc(
			infrav1.NotReadyReason, infrav1.ReadyUnknownReason, infrav1.ReadyReason)),
	)
	summary, err := conditions.NewSummaryCondition(object, infrav1.ReadyCondition,
		conditions.ForConditionTypes(types),
		conditions.IgnoreTypesIfMissing{infrav1.DeletingCondition, infrav1.EtcdMemberRemovedCondition},
		conditions.NegativePolarityConditionTypes{negative},
		conditions.CustomMergeStrategy{MergeStrategy: strategy},
	)
	if err != nil {
		return fmt.Errorf("sum up the conditions: %w", err)
	}
	if summary.Reason == infrav1.ReadyReason {
		summary.Message = ""
	}
	if len(summary.Message) > maxSummary {
		summary.Message = limit(summary.Message)
	}
	conditions.Set(object, *summary)
	return nil
}
