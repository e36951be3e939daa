package poolwatch

import (
	"context"
	"fmt"

	kubevirtv1 "kubevirt.io/api/core/v1"
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
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// ControllerName names the controller in logs and metrics.
const ControllerName = "poolwatch"

// SetupWithManager starts the controller. It wakes up when a pool changes, and when a machine or its VM is gone.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, harvester *harvesterclient.Connections, options controller.Options) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named(ControllerName).
		For(&infrav1.HarvesterCluster{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(options).
		Watches(&infrav1.HarvesterMachine{}, handler.EnqueueRequestsFromMapFunc(r.machineToClusters), builder.WithPredicates(gone())).
		WatchesRawSource(harvester.Source(&lbv1.IPPool{}, r.identityToClusters)).
		WatchesRawSource(harvester.Source(&kubevirtv1.VirtualMachine{}, r.goingVMToClusters)).
		Complete(phase.InTurn(r))
	if err != nil {
		return fmt.Errorf("set up the %s controller: %w", ControllerName, err)
	}
	return nil
}

// gone lets pass only that an object is gone.
func gone() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

func (r *Reconciler) machineToClusters(ctx context.Context, machine client.Object) []ctrl.Request {
	return r.clusters(ctx, func(cluster *infrav1.HarvesterCluster) bool { return cluster.Namespace == machine.GetNamespace() })
}

// identityToClusters leads from an object on a Harvester to the clusters on it.
func (r *Reconciler) identityToClusters(ctx context.Context, _ client.Object) []ctrl.Request {
	key, _ := harvesterclient.IdentityFrom(ctx)
	return r.clusters(ctx, func(cluster *infrav1.HarvesterCluster) bool { return identity.Key(cluster) == key })
}

func (r *Reconciler) goingVMToClusters(ctx context.Context, vm client.Object) []ctrl.Request {
	if vm.GetDeletionTimestamp().IsZero() {
		return nil
	}
	return r.identityToClusters(ctx, vm)
}

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
	return requests
}
