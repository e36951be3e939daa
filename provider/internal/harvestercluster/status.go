package harvestercluster

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// summedUp are the conditions that Ready sums up, in the order of the phases. Machines can be made without the cloud
// provider's configuration, and with credentials that expire soon, so those are not among them.
var summedUp = []string{
	infrav1.HarvesterConnectionReadyCondition,
	infrav1.TargetNamespaceReadyCondition,
	infrav1.IPPoolsReadyCondition,
	infrav1.LoadBalancerReadyCondition,
	infrav1.DeletingCondition,
}

// finishStatus derives what follows from the conditions: the summary, and what the contracts of Cluster API read.
// Provisioned is never taken back: Cluster API reads it as "was provisioned once".
func finishStatus(infra *infrav1.HarvesterCluster) error {
	endpoint := conditions.IsTrue(infra, infrav1.LoadBalancerReadyCondition) && hasEndpoint(infra)
	if endpoint && !infra.Status.Initialization.IsProvisioned() {
		infra.Status.Initialization = &infrav1.Initialization{Provisioned: ptr.To(true)}
	}
	infra.Status.Ready = endpoint && conditions.IsTrue(infra, infrav1.HarvesterConnectionReadyCondition)
	infrastructure := metav1.Condition{
		Type: infrav1.InfrastructureReadyCondition, Status: metav1.ConditionFalse, Reason: infrav1.NotReadyReason,
		Message: "The control plane has no endpoint yet",
	}
	if infra.Status.Initialization.IsProvisioned() {
		infrastructure.Status, infrastructure.Reason, infrastructure.Message = metav1.ConditionTrue, infrav1.ReadyReason, ""
	}
	conditions.Set(infra, infrastructure)
	return phase.SumUp(infra, summedUp)
}
