package harvestercluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/cluster-api/util/predicates"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// ControllerName names the controller in logs and metrics.
const ControllerName = "harvestercluster"

// Sources are where the events from outside the management cluster come from.
type Sources struct {
	// Harvester watches the load balancers and the pools on every Harvester, and whether it can be reached.
	Harvester *harvesterclient.Connections
}

// SetupWithManager starts the controller with its watches. The identity Secrets are among them, so that a missing one
// that is mended, or one that is rotated, takes effect at once.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, sources Sources, options controller.Options) error {
	log := mgr.GetLogger().WithValues("controller", ControllerName)
	kind := infrav1.GroupVersion.WithKind("HarvesterCluster")
	err := ctrl.NewControllerManagedBy(mgr).
		Named(ControllerName).
		For(&infrav1.HarvesterCluster{}, builder.WithPredicates(write.ExceptStatus(), predicates.ResourceHasFilterLabel(mgr.GetScheme(), log, string(r.WatchFilter)))).
		WithOptions(options).
		Watches(&clusterv1.Cluster{}, handler.EnqueueRequestsFromMapFunc(
			util.ClusterToInfrastructureMapFunc(ctx, kind, mgr.GetClient(), &infrav1.HarvesterCluster{})),
			builder.WithPredicates(predicate.Or(predicates.ClusterPausedTransitions(mgr.GetScheme(), log), endpointChanges()))).
		Watches(&infrav1.HarvesterMachine{}, handler.EnqueueRequestsFromMapFunc(r.machineToCluster), builder.WithPredicates(deletions())).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.identityToClusters), builder.OnlyMetadata).
		Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.manifestToClusters), builder.OnlyMetadata).
		WatchesRawSource(sources.Harvester.Source(&lbv1.LoadBalancer{}, r.loadBalancerToCluster)).
		WatchesRawSource(sources.Harvester.Source(&kubevirtv1.VirtualMachineInstance{}, r.instanceToAdoptedCluster, labelChanges())).
		WatchesRawSource(sources.Harvester.Source(&lbv1.IPPool{}, r.poolToWaitingClusters, ippool.Frees())).
		WatchesRawSource(sources.Harvester.ConnectionEvents(r.identityToClusters)).
		WatchesRawSource(r.wake.Source()).
		Complete(phase.InTurn(r))
	if err != nil {
		return fmt.Errorf("set up the %s controller: %w", ControllerName, err)
	}
	return nil
}

// identityToClusters leads from an identity Secret to the clusters that use it.
func (r *Reconciler) identityToClusters(ctx context.Context, secret client.Object) []ctrl.Request {
	key := client.ObjectKeyFromObject(secret)
	return r.clusters(ctx, func(cluster *infrav1.HarvesterCluster) bool { return identity.Key(cluster) == key })
}

// manifestToClusters leads from a ConfigMap to the clusters whose cloud provider's manifest it holds.
func (r *Reconciler) manifestToClusters(ctx context.Context, manifest client.Object) []ctrl.Request {
	key := client.ObjectKeyFromObject(manifest)
	return r.clusters(ctx, func(cluster *infrav1.HarvesterCluster) bool {
		return cluster.Spec.UpdateCloudProviderConfig != nil && manifestKey(cluster) == key
	})
}

// poolToWaitingClusters leads from a pool to the clusters that may wait for one. Those that have all they need are left in
// peace.
func (r *Reconciler) poolToWaitingClusters(ctx context.Context, _ client.Object) []ctrl.Request {
	key, _ := harvesterclient.IdentityFrom(ctx)
	return r.clusters(ctx, func(cluster *infrav1.HarvesterCluster) bool {
		waits := !cluster.DeletionTimestamp.IsZero() || !conditions.IsTrue(cluster, infrav1.ReadyCondition)
		return waits && identity.Key(cluster) == key
	})
}

// loadBalancerToCluster leads from a load balancer to the cluster that its labels name.
func (r *Reconciler) loadBalancerToCluster(ctx context.Context, balancer client.Object) []ctrl.Request {
	namespace, name := balancer.GetLabels()[infrav1.ClusterNamespaceLabel], balancer.GetLabels()[clusterv1.ClusterNameLabel]
	return r.clusters(ctx, func(cluster *infrav1.HarvesterCluster) bool {
		return cluster.Namespace == namespace && cluster.Labels[clusterv1.ClusterNameLabel] == name
	})
}

// machineToCluster leads from a machine to its cluster, which may be waiting for it to be gone.
func (r *Reconciler) machineToCluster(ctx context.Context, machine client.Object) []ctrl.Request {
	return r.clusters(ctx, func(cluster *infrav1.HarvesterCluster) bool {
		return !cluster.DeletionTimestamp.IsZero() && cluster.Namespace == machine.GetNamespace() &&
			cluster.Labels[clusterv1.ClusterNameLabel] == machine.GetLabels()[clusterv1.ClusterNameLabel]
	})
}

// clusters are those that are wanted, and all that vanished while something was made for them.
func (r *Reconciler) clusters(ctx context.Context, wanted func(*infrav1.HarvesterCluster) bool) []ctrl.Request {
	all := &infrav1.HarvesterClusterList{}
	if err := r.Client.List(ctx, all, client.UnsafeDisableDeepCopy); err != nil { // They are looked at only.
		ctrl.LoggerFrom(ctx).Error(err, "Could not list HarvesterClusters for an event")
		return nil
	}
	var requests []ctrl.Request
	for i := range all.Items {
		if wanted(&all.Items[i]) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&all.Items[i])})
		}
	}
	for _, key := range r.vanished.Keys() {
		requests = append(requests, ctrl.Request{NamespacedName: key})
	}
	return requests
}

// endpointChanges lets pass what a Cluster says about its endpoint.
func endpointChanges() predicate.Predicate {
	type view struct {
		endpoint clusterv1.APIEndpoint
		port     int32
		kind     string
	}
	look := func(object client.Object) view {
		cluster, ok := object.(*clusterv1.Cluster)
		if !ok {
			return view{}
		}
		return view{cluster.Spec.ControlPlaneEndpoint, cluster.Spec.ClusterNetwork.APIServerPort, cluster.Spec.ControlPlaneRef.Kind}
	}
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(e event.UpdateEvent) bool { return look(e.ObjectOld) != look(e.ObjectNew) },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// deletions lets pass only that an object is gone.
func deletions() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}
