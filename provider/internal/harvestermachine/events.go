package harvestermachine

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/cluster-api/util/conditions"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/holdings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// labelledMachine leads from something on Harvester to the machine that its labels name.
func labelledMachine(_ context.Context, object client.Object) []ctrl.Request {
	key := types.NamespacedName{
		Namespace: object.GetLabels()[infrav1.ClusterNamespaceLabel],
		Name:      object.GetLabels()[infrav1.MachineNameLabel],
	}
	if key.Namespace == "" || key.Name == "" {
		return nil
	}
	return []ctrl.Request{{NamespacedName: key}}
}

// volumeToMachine leads from a volume to the machine that its labels name if that waits for volumes: it is being deleted, or
// its VM does not start because of one. An ordinary start is told by the VM alone.
func (r *Reconciler) volumeToMachine(ctx context.Context, volume client.Object) []ctrl.Request {
	return slices.DeleteFunc(labelledMachine(ctx, volume), func(request ctrl.Request) bool {
		machine := &infrav1.HarvesterMachine{}
		return r.Client.Get(ctx, request.NamespacedName, machine) == nil && machine.DeletionTimestamp.IsZero() && !waitsForVolumes(machine)
	})
}

// claimToMachine leads from an IPAddressClaim to the machine that it is for.
func claimToMachine(_ context.Context, claim client.Object) []ctrl.Request {
	name := claimOwner(claim)
	if name == "" {
		return nil
	}
	return []ctrl.Request{{NamespacedName: types.NamespacedName{Namespace: claim.GetNamespace(), Name: name}}}
}

// clusterToMachines leads from a Cluster to all its machines.
func (r *Reconciler) clusterToMachines(ctx context.Context, cluster client.Object) []ctrl.Request {
	return r.machinesOf(ctx, cluster.GetNamespace(), cluster.GetName(), func(*infrav1.HarvesterMachine) bool { return true })
}

// infraClusterToMachines leads from a HarvesterCluster to all machines of its Cluster.
func (r *Reconciler) infraClusterToMachines(ctx context.Context, infraCluster client.Object) []ctrl.Request {
	name := infraCluster.GetLabels()[clusterv1.ClusterNameLabel]
	for _, owner := range infraCluster.GetOwnerReferences() {
		if owner.Kind == "Cluster" {
			name = owner.Name
		}
	}
	if name == "" {
		return nil
	}
	return r.machinesOf(ctx, infraCluster.GetNamespace(), name, func(*infrav1.HarvesterMachine) bool { return true })
}

// poolToMachines leads from a pool to the machines that wait for an address of it, and to those whose entry it has lost.
// Those that have theirs are left in peace.
func (r *Reconciler) poolToMachines(ctx context.Context, object client.Object) []ctrl.Request {
	pool, ok := object.(*lbv1.IPPool)
	if !ok {
		return nil
	}
	clusters := &infrav1.HarvesterClusterList{}
	if err := r.Client.List(ctx, clusters, client.UnsafeDisableDeepCopy); err != nil { // They are looked at only.
		ctrl.LoggerFrom(ctx).Error(err, "Could not list HarvesterClusters for an event of a pool")
		return nil
	}
	changed, _ := harvesterclient.IdentityFrom(ctx)
	var requests []ctrl.Request
	for i := range clusters.Items {
		cluster := &clusters.Items[i]
		if identity.Key(cluster) == changed {
			requests = append(requests, r.machinesOf(ctx, cluster.Namespace, cluster.Labels[clusterv1.ClusterNameLabel], func(machine *infrav1.HarvesterMachine) bool {
				return waitsForAddress(machine, cluster, pool.Name) || lostAddress(machine, cluster, pool)
			})...)
		}
	}
	return requests
}

// waitsForAddress is so of a machine that was found to wait for the pool, and of one that is just being found to: nothing
// tells it of the address later that comes free before it has said that it waits.
func waitsForAddress(machine *infrav1.HarvesterMachine, cluster *infrav1.HarvesterCluster, pool string) bool {
	if conditions.IsTrue(machine, infrav1.AddressReadyCondition) {
		return false
	}
	s := &scope{machine: machine, infraCluster: cluster}
	return machine.Status.AllocatedPoolRef == pool ||
		slices.ContainsFunc(cards(s), func(c card) bool { return slices.Contains(c.pools, pool) })
}

// lostAddress tells whether the pool does not hold an address for the machine any more that the machine's status records.
func lostAddress(machine *infrav1.HarvesterMachine, cluster *infrav1.HarvesterCluster, pool *lbv1.IPPool) bool {
	lost := ippool.Lost(pool, holdings.OfMachine(machine, cluster.Spec.TargetNamespace))
	legacy := names.LegacyAddressOwner(machine.Namespace, machine.Name)
	return slices.ContainsFunc(lost, func(h ippool.Holding) bool { return pool.Status.Allocated[h.Address.String()] != legacy })
}

func (r *Reconciler) machinesOf(ctx context.Context, namespace, cluster string, wanted func(*infrav1.HarvesterMachine) bool) []ctrl.Request {
	machines := &infrav1.HarvesterMachineList{}
	err := r.Client.List(ctx, machines, client.UnsafeDisableDeepCopy, // They are looked at only.
		client.InNamespace(namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: cluster})
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not list HarvesterMachines", "cluster", types.NamespacedName{Namespace: namespace, Name: cluster})
		return nil
	}
	var requests []ctrl.Request
	for i := range machines.Items {
		if wanted(&machines.Items[i]) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&machines.Items[i])})
		}
	}
	return requests
}

// clusterMatters lets pass what a machine looks at in its Cluster: pause, progress of the initialisation, deletion.
func clusterMatters() predicate.Predicate {
	type view struct{ paused, provisioned, initialized, deleting bool }
	look := func(object client.Object) view {
		cluster, ok := object.(*clusterv1.Cluster)
		if !ok {
			return view{}
		}
		return view{
			paused:      ptr.Deref(cluster.Spec.Paused, false),
			provisioned: ptr.Deref(cluster.Status.Initialization.InfrastructureProvisioned, false),
			initialized: ptr.Deref(cluster.Status.Initialization.ControlPlaneInitialized, false),
			deleting:    !cluster.DeletionTimestamp.IsZero(),
		}
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return look(e.ObjectOld) != look(e.ObjectNew) }}
}

// infraClusterMatters lets pass what a machine looks at in its HarvesterCluster: the spec, whether Harvester can be reached,
// and the cluster's id.
func infraClusterMatters() predicate.Predicate {
	whose := func(object client.Object) names.Cluster { return names.ClusterOf(object, object.GetNamespace(), "") }
	connected := func(object client.Object) bool {
		cluster, ok := object.(*infrav1.HarvesterCluster)
		return ok && conditions.IsTrue(cluster, infrav1.HarvesterConnectionReadyCondition)
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || connected(e.ObjectOld) != connected(e.ObjectNew) ||
			whose(e.ObjectOld) != whose(e.ObjectNew)
	}}
}

// watchNodes makes sure that the guest's Nodes are watched, those that still need something. Where there is no
// connection to the guest yet, its coming is an event.
func (r *Reconciler) watchNodes(ctx context.Context, cluster client.ObjectKey) error {
	if r.controller == nil {
		return nil
	}
	return r.Guests.Watch(ctx, cluster, clustercache.NewWatcher(clustercache.WatcherOptions{
		Name:    ControllerName + "-nodes",
		Watcher: r.controller,
		Kind:    &corev1.Node{},
		EventHandler: handler.EnqueueRequestsFromMapFunc(func(_ context.Context, node client.Object) []ctrl.Request {
			return []ctrl.Request{{NamespacedName: types.NamespacedName{Namespace: cluster.Namespace, Name: node.GetName()}}}
		}),
		Predicates: []predicate.TypedPredicate[client.Object]{nodeMatters()},
	}))
}

// nodeMatters lets pass Nodes that need to be initialised, or have just been; heartbeats of all others are ignored.
func nodeMatters() predicate.Predicate {
	needs := func(object client.Object) bool {
		node, ok := object.(*corev1.Node)
		return ok && guest.NeedsInitialization(node)
	}
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return true },
		UpdateFunc:  func(e event.UpdateEvent) bool { return needs(e.ObjectOld) || needs(e.ObjectNew) },
		DeleteFunc:  func(event.DeleteEvent) bool { return true },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}
