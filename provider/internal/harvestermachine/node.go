package harvestermachine

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// node initialises the machine's Node in the workload cluster: its provider id, its zone and region, and the taint of
// uninitialised nodes. The
// guest's cloud provider may be faster; what it has done is left alone. The wait for the Node ends with a deadline that
// changes what the condition says, and nothing else.
func (r *Reconciler) node(ctx context.Context, s *scope) phase.Outcome {
	started := r.Clock.Now()
	if err := r.watchNodes(ctx, s.clusterKey()); err != nil {
		return r.waitForNode(ctx, s, fmt.Errorf("%w: %w", guest.ErrUnreachable, err))
	}
	changed, err := guest.InitializeNode(ctx, r.Guests, s.clusterKey(), guest.Identity{
		Name: s.vmName, ProviderID: s.machine.Spec.ProviderID, Zone: observedZone(s), Region: observedRegion(s),
	})
	if changed || (err != nil && !apierrors.IsConflict(err) && !isAny(err, guest.ErrUnreachable, guest.ErrNodeNotFound)) {
		r.Metrics.RecordNodeInit(err)
	}
	if err != nil {
		return r.waitForNode(ctx, s, err)
	}
	if changed {
		r.Metrics.ObserveNodeInit(r.Clock.Since(started))
		r.event(ctx, s, infrav1.NodeInitializedReason, "Initialize", "Initialised Node %s", s.vmName)
	}
	return phase.Done(infrav1.NodeInitializedReason, "")
}

// waitForNode says what the Node is waited for. A Node that was initialised once stays so in our eyes while the guest
// cannot be asked.
func (r *Reconciler) waitForNode(ctx context.Context, s *scope, err error) phase.Outcome {
	switch {
	case errors.Is(err, guest.ErrNodeConflict):
		return phase.Wait(infrav1.NodeProviderIDConflictReason, err.Error())
	case errors.Is(err, guest.ErrUnreachable):
		if conditions.IsTrue(s.machine, infrav1.NodeInitializedCondition) {
			return phase.Unchanged()
		}
		return r.untilNodeDeadline(ctx, s, infrav1.GuestClusterUnreachableReason, fmt.Sprintf("Waits for the API server of Cluster %s", s.clusterName()))
	case errors.Is(err, guest.ErrNodeNotFound):
		return r.untilNodeDeadline(ctx, s, infrav1.WaitingForNodeReason, fmt.Sprintf("Waits for the guest to register Node %s", s.vmName))
	case apierrors.IsConflict(err):
		return phase.Again() // The Node has just changed; the cache will show it in a moment.
	default:
		outcome := phase.Fail(phase.Because(infrav1.NodeInitializationFailedReason, err), infrav1.NodeInitializationFailedReason)
		outcome.Err = err
		return outcome
	}
}

// untilNodeDeadline waits until the Node's deadline, and says so when it has passed.
func (r *Reconciler) untilNodeDeadline(ctx context.Context, s *scope, reason, waiting string) phase.Outcome {
	left := r.nodeDeadline(s)
	if left > 0 {
		return phase.Until(left, reason, waiting)
	}
	if conditions.GetReason(s.machine, infrav1.NodeInitializedCondition) != infrav1.NodeInitializationTimedOutReason {
		r.Metrics.RecordNodeInit(fmt.Errorf("node %s did not register in time", s.vmName))
		r.warning(ctx, s, infrav1.NodeInitializationTimedOutReason, "Initialize", "Node %s did not register within %s", s.vmName, r.NodeTimeout)
	}
	return phase.Wait(infrav1.NodeInitializationTimedOutReason,
		fmt.Sprintf("Node %s did not register within %s of the VM running; look at the guest's cloud-init log", s.vmName, r.NodeTimeout))
}

// nodeDeadline is the time left for the Node to appear, counted from when the VM was first seen running.
func (r *Reconciler) nodeDeadline(s *scope) time.Duration {
	since := conditions.GetLastTransitionTime(s.machine, infrav1.VMRunningCondition)
	if since == nil {
		return r.NodeTimeout
	}
	return since.Add(r.NodeTimeout).Sub(r.Clock.Now())
}
