package harvestermachine

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// deletionPhases undo the normal ones backwards. Each is verified before the next begins: the address goes back to its
// pool only when nothing can use it any more, and the finalizer last of all.
func (r *Reconciler) deletionPhases() []phase.Phase[*scope] {
	return []phase.Phase[*scope]{
		{Condition: infrav1.DeletingCondition, Run: r.find},
		{Condition: infrav1.DeletingCondition, Run: r.guard},
		{Condition: infrav1.EtcdMemberRemovedCondition, Run: r.leaveEtcd},
		{Condition: infrav1.DeletingCondition, Run: r.deleteVM},
		{Condition: infrav1.DeletingCondition, Run: r.deleteVolumes},
		{Condition: infrav1.DeletingCondition, Run: r.deleteBootstrap},
		{Condition: infrav1.DeletingCondition, Run: r.releaseAddress},
		{Condition: infrav1.DeletingCondition, Run: r.letGo},
	}
}

// find connects and looks for the VM. Without a HarvesterCluster there is no way to Harvester; a machine that never had
// anything there may go all the same.
func (r *Reconciler) find(ctx context.Context, s *scope) phase.Outcome {
	if err := r.findLostOwner(ctx, s); err != nil {
		return failed("find out who ordered the deletion", err)
	}
	if s.infraCluster == nil {
		if s.machine.Spec.ProviderID == "" && !holdsAddress(s.machine) {
			return r.letGo(ctx, s)
		}
		if orphanGuard(s) != "" {
			return r.guard(ctx, s)
		}
		return busy(infrav1.WaitingForClusterInfrastructureReason,
			fmt.Sprintf("The HarvesterCluster of Cluster %s is not there, so Harvester cannot be reached; restore it", s.clusterName()))
	}
	if err := r.connect(ctx, s); err != nil {
		if s.harvester == nil && s.vmName == "" {
			return r.letGo(ctx, s) // The name can never have been that of a VM.
		}
		if orphanGuard(s) != "" { // Restored backups may lack the identity, too; why the VM is kept matters more.
			return r.guard(ctx, s)
		}
		if identity.Abandoned(s.infraCluster) {
			return r.abandon(ctx, s, err)
		}
		return failedToConnect(err)
	}
	if _, err := r.observe(ctx, s); err != nil {
		return failed("look for the VM", err)
	}
	return phase.Unchanged()
}

// abandon lets a machine go whose Harvester is gone for good, as the user has said, and tells what would be left there.
func (r *Reconciler) abandon(ctx context.Context, s *scope, cause error) phase.Outcome {
	r.warning(ctx, s, infrav1.HarvesterAbandonedReason, "Delete",
		"Harvester cannot be reached and annotation %s says that it is gone: VM %s, its volumes, its Secret and its address %q are not cleaned up (%v)",
		infrav1.AbandonHarvesterAnnotation, s.vmKey(), s.machine.Status.AllocatedIPAddress, cause)
	return r.letGo(ctx, s)
}

// failedToConnect says so, and how to go on when there is no Harvester any more.
func failedToConnect(err error) phase.Outcome {
	outcome := failed("connect to Harvester", err)
	outcome.Message += fmt.Sprintf(". If this Harvester is gone for good, annotate the HarvesterCluster with %s=true", infrav1.AbandonHarvesterAnnotation)
	return outcome
}

// guard blocks a deletion that nobody ordered.
func (r *Reconciler) guard(ctx context.Context, s *scope) phase.Outcome {
	blocked := orphanGuard(s)
	if blocked == "" {
		return phase.Unchanged()
	}
	if !r.reported(s, infrav1.OwnerNotDeletingReason) {
		r.warning(ctx, s, infrav1.OwnerNotDeletingReason, "Delete", "%s", blocked)
	}
	return busy(infrav1.OwnerNotDeletingReason, blocked)
}

// letGo drops the finalizer, in both of its forms, when the claims in the management cluster are gone as well.
func (r *Reconciler) letGo(ctx context.Context, s *scope) phase.Outcome {
	if waiting := r.releaseClaims(ctx, s); waiting.Stop {
		return waiting
	}
	controllerutil.RemoveFinalizer(s.machine, infrav1.MachineFinalizer)
	controllerutil.RemoveFinalizer(s.machine, infrav1.LegacyMachineFinalizer)
	r.Metrics.ForgetMachine(s.machine.Namespace, s.machine.Name)
	if remediated(s.owner) {
		r.Metrics.RecordMachineRemediation(s.measured())
	}
	return phase.Outcome{Stop: true}
}

// busy says what the deletion is waiting for: Deleting is True until the object is gone.
func busy(reason, message string) phase.Outcome {
	outcome := phase.Wait(reason, message)
	outcome.Status = "True"
	return outcome
}

// failed says which step of the deletion failed; the finalizer stays.
func failed(step string, err error) phase.Outcome {
	outcome := phase.Fail(fmt.Errorf("%s: %w", step, err), infrav1.DeletionFailedReason)
	if outcome.Reason != "" { // Else someone wrote first: there is nothing to say, and another look in a moment.
		outcome.Status = "True"
	}
	return outcome
}
