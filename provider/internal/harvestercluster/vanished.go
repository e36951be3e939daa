package harvestercluster

import (
	"context"
	"fmt"
	"time"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// vanishedRecheck is how soon what a vanished cluster left is looked at again: its events lead to no object any more.
const vanishedRecheck = time.Second

// undoVanished takes back what was made for a HarvesterCluster that does not exist any more, if this process made
// something.
func (r *Reconciler) undoVanished(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	s, found := r.vanished.Get(request.NamespacedName)
	if !found {
		return ctrl.Result{}, nil
	}
	succeeded, err := r.hasSuccessor(ctx, s)
	if err != nil {
		return ctrl.Result{}, err
	}
	if succeeded {
		r.vanished.Drop(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	result, err := phase.Settle(phase.Run(ctx, s.infra, s, r.undoPhases()))
	if err == nil && !hasFinalizer(s.infra) {
		r.vanished.Drop(request.NamespacedName)
		ctrl.LoggerFrom(ctx).Info("Took back what was made for a cluster that was deleted meanwhile", "cluster", s.clusterName())
		return ctrl.Result{}, nil
	}
	if err == nil && result.RequeueAfter == 0 {
		result.RequeueAfter = vanishedRecheck
	}
	return result, err
}

// hasSuccessor tells whether a HarvesterCluster of the same Cluster exists: by its labels it finds what was made, whatever
// the name of the object. It asks the API server, as the cache may not have a new one yet.
func (r *Reconciler) hasSuccessor(ctx context.Context, s *scope) (bool, error) {
	clusters := &infrav1.HarvesterClusterList{}
	err := r.Live.List(ctx, clusters, client.InNamespace(s.infra.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: s.clusterName()})
	if err != nil {
		return false, fmt.Errorf("see whether Cluster %s/%s has a HarvesterCluster: %w", s.infra.Namespace, s.clusterName(), err)
	}
	return len(clusters.Items) > 0, nil
}

// undoPhases are those of a deletion, without asking who ordered it, over the connection that made everything: the
// identity may be gone with the cluster.
func (r *Reconciler) undoPhases() []phase.Phase[*scope] {
	return []phase.Phase[*scope]{
		{Condition: infrav1.DeletingCondition, Run: r.awaitMachines},
		{Condition: infrav1.DeletingCondition, Run: r.deleteLoadBalancer},
		{Condition: infrav1.DeletingCondition, Run: r.reclaimAddress},
		{Condition: infrav1.DeletingCondition, Run: r.deletePools},
		{Condition: infrav1.DeletingCondition, Run: r.deleteCloudProviderAccess},
		{Condition: infrav1.DeletingCondition, Run: r.deleteNamespace},
		{Condition: infrav1.DeletingCondition, Run: r.letGo},
	}
}
