package harvestercluster

import (
	"context"
	"fmt"

	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// guard blocks a deletion that nobody ordered.
func (r *Reconciler) guard(ctx context.Context, s *scope) phase.Outcome {
	blocked := orphanGuard(s)
	if blocked == "" {
		return phase.Unchanged()
	}
	if conditions.GetReason(s.infra, infrav1.DeletingCondition) != infrav1.OwnerNotDeletingReason {
		r.warning(ctx, s, infrav1.OwnerNotDeletingReason, "Delete", "%s", blocked)
	}
	return busy(infrav1.OwnerNotDeletingReason, blocked)
}

// orphanGuard says why the deletion of a cluster is blocked; the empty string means that it may go on. In an orderly
// deletion the Cluster is being deleted and waits for this object. Otherwise Kubernetes' garbage collector most likely
// follows the stale owner reference of a restored backup, and the load balancer is in use.
func orphanGuard(s *scope) string {
	switch {
	case s.infra.Annotations[infrav1.ConfirmDeletionAnnotation] == "true":
		return ""
	case s.cluster != nil && !s.cluster.DeletionTimestamp.IsZero():
		return ""
	case !hasEndpoint(s.infra) && !conditions.IsTrue(s.infra, infrav1.TargetNamespaceReadyCondition):
		return "" // Nothing was made for it.
	}
	why := "the Cluster that owns it does not exist"
	if s.cluster != nil {
		why = fmt.Sprintf("Cluster %s, which owns it, is not being deleted", s.cluster.Name)
	}
	return fmt.Sprintf("The load balancer is kept, because %s. Restore the Cluster, or confirm the deletion with: kubectl annotate -n %s harvestercluster %s %s=true",
		why, s.infra.Namespace, s.infra.Name, infrav1.ConfirmDeletionAnnotation)
}
