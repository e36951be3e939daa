package harvestercluster

import (
	"context"
	"fmt"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// undoVanished takes back what was made for a HarvesterCluster that does not exist any more, if this process made
// something. Every event that leads to a cluster leads to it too.
func (r *Reconciler) undoVanished(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	return r.vanished.Undo(ctx, request.NamespacedName, r.staysMade, func(ctx context.Context, s *scope) (bool, ctrl.Result, error) {
		result, err := phase.Settle(phase.Run(ctx, s.infra, s, r.undoPhases()))
		return !hasFinalizer(s.infra), result, err
	})
}

// staysMade tells whether nothing may be taken back: another HarvesterCluster uses it, or this one was moved.
func (r *Reconciler) staysMade(ctx context.Context, s *scope) (bool, error) {
	if succeeded, err := r.hasSuccessor(ctx, s); err != nil || succeeded {
		return succeeded, err
	}
	return write.StaysMade(ctx, r.Live, s.cluster)
}

// hasSuccessor tells whether a HarvesterCluster of the same Cluster and id exists, as after a restore: by its labels it finds
// what was made, whatever the name of the object. One that may be such, but does not say so yet, counts. It asks the API server, as the cache may not have a new one yet.
func (r *Reconciler) hasSuccessor(ctx context.Context, s *scope) (bool, error) {
	clusters := &infrav1.HarvesterClusterList{}
	err := r.Live.List(ctx, clusters, client.InNamespace(s.infra.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: s.clusterName()})
	if err != nil {
		return false, fmt.Errorf("see whether Cluster %s/%s has a HarvesterCluster: %w", s.infra.Namespace, s.clusterName(), err)
	}
	for i := range clusters.Items {
		infra := &clusters.Items[i]
		id := names.ClusterOf(infra, infra.Namespace, s.clusterName()).ID
		if id == s.identity().ID || (id == "" && mayHaveThings(infra)) {
			return true, nil
		}
	}
	return false, nil
}

// inherit gives a new HarvesterCluster the id of a vanished one of its name, so that it goes on with what was made.
func (r *Reconciler) inherit(infra *infrav1.HarvesterCluster) {
	vanished, found := r.vanished.Get(client.ObjectKeyFromObject(infra))
	if !found || vanished.infra.UID == infra.UID || infra.Annotations[infrav1.ClusterSeedAnnotation] != "" {
		return
	}
	for _, key := range []string{infrav1.ClusterSeedAnnotation, infrav1.AdoptedAnnotation} {
		if value := vanished.infra.Annotations[key]; value != "" {
			annotate(infra, key, value)
		}
	}
}

// undoPhases are those of a deletion, without asking who ordered it, over the connection that made everything: the
// identity may be gone with the cluster.
func (r *Reconciler) undoPhases() []phase.Phase[*scope] {
	return []phase.Phase[*scope]{
		{Condition: infrav1.DeletingCondition, Run: r.awaitMachines},
		{Condition: infrav1.DeletingCondition, Run: r.deleteServices},
		{Condition: infrav1.DeletingCondition, Run: r.deleteLoadBalancer},
		{Condition: infrav1.DeletingCondition, Run: r.reclaimAddress},
		{Condition: infrav1.DeletingCondition, Run: r.deletePools},
		{Condition: infrav1.DeletingCondition, Run: r.deleteCloudProviderAccess},
		{Condition: infrav1.DeletingCondition, Run: r.deleteNamespace},
		{Condition: infrav1.DeletingCondition, Run: r.letGo},
	}
}
