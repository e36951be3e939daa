package harvestermachine

import (
	"k8s.io/utils/ptr"
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
