package harvestermachine

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// summedUp are the conditions that Ready sums up, in the order of the phases.
var summedUp = []string{
	infrav1.AddressReadyCondition,
	infrav1.BootstrapReadyCondition,
	infrav1.VMProvisionedCondition,
	infrav1.VMRunningCondition,
	infrav1.AddressesReportedCondition,
	infrav1.NodeInitializedCondition,
	infrav1.EtcdMemberRemovedCondition,
	infrav1.DeletingCondition,
}

// finishStatus derives what follows from the conditions: the summary, and what the contracts of Cluster API read.
// Provisioned is never taken back: Cluster API reads it as "was provisioned once".
func finishStatus(machine *infrav1.HarvesterMachine) error {
	running := conditions.IsTrue(machine, infrav1.VMRunningCondition) && conditions.IsTrue(machine, infrav1.AddressesReportedCondition)
	machine.Status.Ready = running
	if running && machine.Spec.ProviderID != "" && !machine.Status.Initialization.IsProvisioned() {
		machine.Status.Initialization = &infrav1.Initialization{Provisioned: ptr.To(true)}
	}
	return phase.SumUp(machine, summedUp)
}

// waitsFor is the reason of the first condition that keeps the machine from being ready, in the order of the phases, and
// since when it does; the zero time when the machine waits for nothing. A deletion has conditions of its own: what the
// machine lacked before does not matter any more.
func waitsFor(machine *infrav1.HarvesterMachine) (reason string, since time.Time) {
	if conditions.IsTrue(machine, infrav1.ReadyCondition) {
		return "", time.Time{}
	}
	types := summedUp
	if !machine.DeletionTimestamp.IsZero() {
		types = []string{infrav1.EtcdMemberRemovedCondition, infrav1.DeletingCondition}
	}
	for _, conditionType := range types {
		condition := conditions.Get(machine, conditionType)
		if condition == nil {
			continue
		}
		met := metav1.ConditionTrue
		if conditionType == infrav1.DeletingCondition {
			met = metav1.ConditionFalse
		}
		if condition.Status != met {
			return condition.Reason, condition.LastTransitionTime.Time
		}
	}
	return "", time.Time{}
}

// remediated tells whether a MachineHealthCheck found the Machine unhealthy, which is then why it is deleted.
func remediated(owner *clusterv1.Machine) bool {
	return owner != nil && conditions.IsFalse(owner, clusterv1.MachineHealthCheckSucceededCondition)
}
