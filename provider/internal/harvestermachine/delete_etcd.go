package harvestermachine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// etcdRecheck is how soon etcd is asked again; nothing announces a change of its members.
const etcdRecheck = 5 * time.Second

// leaveEtcd verifies that the machine's etcd member has left, and removes it if it is still there. The control-plane
// provider removes it first as a rule, after the drain. An etcd that cannot be asked is waited for until a deadline; a
// removal that would cost the quorum waits for a person to confirm the deletion.
func (r *Reconciler) leaveEtcd(ctx context.Context, s *scope) phase.Outcome {
	if r.etcdSettled(s) {
		return phase.Unchanged()
	}
	if why := etcdNotNeeded(s); why != "" {
		return phase.Done(infrav1.EtcdRemovalNotNeededReason, why)
	}
	plan, acted, err := r.Etcd.Leave(ctx, guest.Leaving{
		Cluster: s.clusterKey(), Machine: client.ObjectKeyFromObject(s.machine), Node: nodeName(s),
		ControlPlaneKind: s.cluster.Spec.ControlPlaneRef.Kind,
		DesiredVoters:    r.desiredVoters(ctx, s),
		Wake:             func() { r.wake.Wake(s.request()) },
	})
	if errors.Is(err, guest.ErrEtcdAsking) {
		return phase.Outcome{Stop: true, RequeueAfter: guest.MaxAttempt + etcdRecheck} // The answer wakes this machine.
	}
	outcome := etcdOutcome(plan, err, r.etcdDeadline(s), s.machine.Annotations[infrav1.ConfirmDeletionAnnotation] == confirmed)
	gaveUp := !outcome.Stop && outcome.Reason != infrav1.EtcdMemberRemovedReason
	if outcome.Reason == infrav1.EtcdMemberRemovedReason && s.vm == nil {
		outcome.Reason = infrav1.EtcdMemberRemovalVerifiedReason
	}
	if acted || gaveUp {
		r.Metrics.RecordEtcdMemberRemove(etcdFailure(err, outcome, gaveUp))
	}
	if outcome.Stop {
		phase.Set(s.machine, infrav1.DeletingCondition, busy(infrav1.RemovingEtcdMemberReason, outcome.Message))
	} else if gaveUp {
		r.warning(ctx, s, outcome.Reason, "Delete", "The VM is deleted although its etcd member may still be there: %s", outcome.Message)
	}
	return outcome
}

// nodeName is the name of the machine's Node: the one that the Machine names, else the VM's.
func nodeName(s *scope) string {
	if s.owner != nil && s.owner.Status.NodeRef.Name != "" {
		return s.owner.Status.NodeRef.Name
	}
	return s.vmName
}

// etcdFailure is what the metrics hear: a member that is left behind is a failure even when nothing was tried.
func etcdFailure(err error, outcome phase.Outcome, gaveUp bool) error {
	if err == nil && gaveUp {
		return errors.New(outcome.Message)
	}
	return err
}

// etcdSettled tells that etcd has been seen to, or given up: it is not asked again while the VM goes away. When the VM is
// gone it is asked once more, as a guest that was just joining may have become a member after the first look.
func (r *Reconciler) etcdSettled(s *scope) bool {
	if s.vm != nil && !s.vm.DeletionTimestamp.IsZero() {
		return true
	}
	switch conditions.GetReason(s.machine, infrav1.EtcdMemberRemovedCondition) {
	case infrav1.EtcdMemberRemovalVerifiedReason, infrav1.EtcdRemovalNotNeededReason:
		return true
	case infrav1.EtcdMemberRemovedReason:
		return s.vm != nil
	case infrav1.EtcdUnreachableReason, infrav1.EtcdMemberRemovalFailedReason:
		return s.vm == nil && r.etcdDeadline(s) <= 0
	default:
		return false
	}
}

// etcdNotNeeded says why there is no etcd member to care about; the empty string means that there may be one.
func etcdNotNeeded(s *scope) string {
	switch {
	case !s.controlPlane():
		return "The machine is no control-plane machine"
	case s.cluster == nil || !s.cluster.DeletionTimestamp.IsZero():
		return "The whole cluster is being deleted"
	case s.machine.Spec.ProviderID == "":
		return "The machine never had a VM"
	case !ptr.Deref(s.cluster.Status.Initialization.ControlPlaneInitialized, false):
		return "The control plane was never initialised"
	}
	return ""
}

// etcdOutcome turns what etcd said into how the deletion goes on. left is the time until the deadline.
func etcdOutcome(plan etcdops.Plan, err error, left time.Duration, confirmed bool) phase.Outcome {
	var outcome phase.Outcome
	switch {
	case err == nil && plan.Action == etcdops.ActionNone:
		return phase.Done(infrav1.EtcdMemberRemovedReason, plan.Reason)
	case err == nil && plan.Action == etcdops.ActionRefuse:
		outcome = phase.Until(etcdRecheck, infrav1.EtcdQuorumAtRiskReason,
			fmt.Sprintf("%s; or confirm the deletion with the annotation %s=true", plan.Reason, infrav1.ConfirmDeletionAnnotation))
		if confirmed {
			return outcome.Continue()
		}
		return outcome
	case err == nil:
		outcome = phase.Until(etcdRecheck, infrav1.EtcdMemberRemovalFailedReason, plan.Reason)
	case isAny(err, guest.ErrEtcdBusy):
		return phase.Until(etcdRecheck, infrav1.EtcdMemberRemovalFailedReason, "Another machine of the cluster is leaving etcd; this one's turn comes next")
	case isAny(err, guest.ErrUnreachable):
		outcome = phase.Until(etcdRecheck, infrav1.EtcdUnreachableReason, "The guest cluster's API server does not answer")
	default:
		outcome = phase.Fail(err, infrav1.EtcdMemberRemovalFailedReason)
		outcome.Err, outcome.RequeueAfter = nil, etcdRecheck
	}
	if confirmed || left <= 0 {
		outcome.RequeueAfter = 0
		return outcome.Continue()
	}
	return outcome
}

// etcdDeadline is the time left for etcd, counted from the deletion.
func (r *Reconciler) etcdDeadline(s *scope) time.Duration {
	return s.machine.DeletionTimestamp.Add(r.EtcdTimeout).Sub(r.Clock.Now())
}
