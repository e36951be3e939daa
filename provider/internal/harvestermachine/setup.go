package harvestermachine

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/cluster-api/util"
	"sigs.k8s.io/cluster-api/util/predicates"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// ControllerName names the controller in logs and metrics.
const ControllerName = "harvestermachine"

// Sources are where the events from outside the management cluster come from.
type Sources struct {
	// Harvester watches the VMs, their instances and volumes, and the pools on every Harvester.
	Harvester *harvesterclient.Connections
	// Guests tells when a guest cluster can be reached.
	Guests clustercache.ClusterCache
}

// SetupWithManager starts the controller with its watches. Everything that a reconcile may wait for is watched; what it
// requeues for is a deadline.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, sources Sources, options controller.Options) error {
	log := mgr.GetLogger().WithValues("controller", ControllerName)
	built, err := ctrl.NewControllerManagedBy(mgr).
		Named(ControllerName).
		For(&infrav1.HarvesterMachine{}, builder.WithPredicates(write.ExceptStatus(), predicates.ResourceHasFilterLabel(mgr.GetScheme(), log, string(r.WatchFilter)))).
		WithOptions(options).
		Watches(&ipamv1.IPAddressClaim{}, handler.EnqueueRequestsFromMapFunc(claimToMachine)).
		Watches(&clusterv1.Machine{}, handler.EnqueueRequestsFromMapFunc(
			util.MachineToInfrastructureMapFunc(infrav1.GroupVersion.WithKind("HarvesterMachine")))).
		Watches(&clusterv1.Cluster{}, handler.EnqueueRequestsFromMapFunc(r.clusterToMachines),
			builder.WithPredicates(clusterMatters())).
		Watches(&infrav1.HarvesterCluster{}, handler.EnqueueRequestsFromMapFunc(r.infraClusterToMachines),
			builder.WithPredicates(infraClusterMatters())).
		WatchesRawSource(sources.Harvester.Source(&kubevirtv1.VirtualMachine{}, labelledMachine)).
		WatchesRawSource(sources.Harvester.Source(&kubevirtv1.VirtualMachineInstance{}, labelledMachine)).
		WatchesRawSource(sources.Harvester.Source(&corev1.PersistentVolumeClaim{}, r.volumeToMachine)).
		WatchesRawSource(r.wake.Source()).
		WatchesRawSource(sources.Harvester.Source(&lbv1.IPPool{}, r.poolToMachines, ippool.Frees())).
		WatchesRawSource(sources.Guests.GetClusterSource(ControllerName, r.clusterToMachines)).
		Build(phase.InTurn(r))
	if err != nil {
		return fmt.Errorf("set up the %s controller: %w", ControllerName, err)
	}
	r.controller = built
	return nil
}
