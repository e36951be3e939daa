package harvestermachine

import (
	"fmt"
	"slices"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

const (
	// confirmAnnotation lifts the orphan guard when its value is confirmed.
	confirmAnnotation = infrav1.ConfirmDeletionAnnotation
	confirmed         = "true"
)

// orphanGuard says why the deletion of a machine is blocked; the empty string means that it may go on.
//
// In an orderly deletion Cluster API deletes the Machine first and waits for us. If the owner is not being deleted, or
// is not there, the deletion most likely comes from the garbage collector, which follows the stale owner references of
// a restored backup, and the VM is in use. The same holds for a Machine that is being deleted because its own owners, or
// theirs, are lost. A machine that never got as far as a VM or an address has nothing to lose.
func orphanGuard(s *scope) string {
	switch {
	case s.machine.Annotations[infrav1.ConfirmDeletionAnnotation] == confirmed:
		return ""
	case s.owner != nil && !s.owner.DeletionTimestamp.IsZero() && s.lostOwner == "":
		return ""
	case s.cluster != nil && !s.cluster.DeletionTimestamp.IsZero():
		return ""
	case s.machine.Spec.ProviderID == "" && !holdsAddress(s.machine) && s.vm == nil:
		return ""
	}
	why := "the Machine that owns it does not exist"
	if s.lostOwner != "" {
		why = fmt.Sprintf("Machine %s is being deleted for the sake of an owner that does not exist (%s), as Kubernetes' garbage collector does after a restore", s.owner.Name, s.lostOwner)
	} else if s.owner != nil {
		why = fmt.Sprintf("Machine %s, which owns it, is not being deleted", s.owner.Name)
	}
	return fmt.Sprintf("The VM is kept, because %s. Restore the Machine, or confirm the deletion with: kubectl annotate -n %s harvestermachine %s %s=%s",
		why, s.machine.Namespace, s.machine.Name, infrav1.ConfirmDeletionAnnotation, confirmed)
}

// holdsAddress tells whether the machine has taken an address of a pool on Harvester.
func holdsAddress(machine *infrav1.HarvesterMachine) bool {
	return machine.Status.AllocatedIPAddress != "" || slices.ContainsFunc(machine.Status.AllocatedAddresses,
		func(held infrav1.AllocatedAddress) bool { return held.ClaimRef == "" })
}
