package harvestercluster

import (
	"context"
	"fmt"
	"maps"
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// switchSelector lets the load balancer of an adopted cluster select by the cluster's id as soon as every control-plane
// instance that runs carries it, so that there is no moment in which it selects none. It asks Harvester itself: instances of
// v0.2.x are not in the cache.
func (r *Reconciler) switchSelector(ctx context.Context, s *scope) error {
	if !s.identity().OldSelector {
		return nil
	}
	instances := &kubevirtv1.VirtualMachineInstanceList{}
	err := s.harvester.Client().List(ctx, instances, client.InNamespace(s.targetNamespace()),
		client.MatchingLabels{infrav1.MachineTypeLabel: names.ControlPlaneMachineType(s.clusterName())})
	if err != nil {
		return fmt.Errorf("list the instances that the load balancer selects: %w", err)
	}
	objects := make([]client.Object, 0, len(instances.Items))
	for i := range instances.Items {
		objects = append(objects, &instances.Items[i])
	}
	if missed := unlabeled(objects, s.identity()); len(missed) > 0 {
		ctrl.LoggerFrom(ctx).V(1).Info("The load balancer keeps its selector until these instances carry the cluster's id", "instances", strings.Join(missed, ", "))
		return nil
	}
	annotate(s.infra, infrav1.AdoptedAnnotation, infrav1.AdoptedValue)
	return nil
}

// instanceToAdoptedCluster leads from a VM instance to its cluster, if that waits for its instances' labels.
func (r *Reconciler) instanceToAdoptedCluster(ctx context.Context, instance client.Object) []ctrl.Request {
	labels := instance.GetLabels()
	return r.clusters(ctx, func(cluster *infrav1.HarvesterCluster) bool {
		return cluster.Annotations[infrav1.AdoptedAnnotation] == infrav1.AdoptedOldSelector &&
			cluster.Namespace == labels[infrav1.ClusterNamespaceLabel] &&
			cluster.Labels[clusterv1.ClusterNameLabel] == labels[clusterv1.ClusterNameLabel]
	})
}

// labelChanges lets pass what may change by which labels an object is selected.
func labelChanges() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return !maps.Equal(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels())
	}}
}
