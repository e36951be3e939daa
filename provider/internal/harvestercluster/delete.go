package harvestercluster

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// deletionPhases undo the normal ones backwards, once no machine is left.
func (r *Reconciler) deletionPhases() []phase.Phase[*scope] {
	return []phase.Phase[*scope]{
		{Condition: infrav1.DeletingCondition, Run: r.guard},
		{Condition: infrav1.DeletingCondition, Run: r.awaitMachines},
		{Condition: infrav1.DeletingCondition, Run: r.reconnect},
		{Condition: infrav1.DeletingCondition, Run: r.deleteServices},
		{Condition: infrav1.DeletingCondition, Run: r.deleteLoadBalancer},
		{Condition: infrav1.DeletingCondition, Run: r.reclaimAddress},
		{Condition: infrav1.DeletingCondition, Run: r.deletePools},
		{Condition: infrav1.DeletingCondition, Run: r.deleteCloudProviderAccess},
		{Condition: infrav1.DeletingCondition, Run: r.deleteNamespace},
		{Condition: infrav1.DeletingCondition, Run: r.letGo},
	}
}

// awaitMachines waits for the cluster's machines: they need the connection that this object describes.
func (r *Reconciler) awaitMachines(ctx context.Context, s *scope) phase.Outcome {
	machines := &infrav1.HarvesterMachineList{}
	err := r.Client.List(ctx, machines, client.InNamespace(s.infra.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: s.clusterName()})
	if err != nil {
		return failed("list the machines", err)
	}
	if len(machines.Items) > 0 {
		return busy(infrav1.WaitingForMachinesReason, fmt.Sprintf("Waits for %d HarvesterMachines to be gone", len(machines.Items)))
	}
	return phase.Unchanged()
}

// reconnect connects to Harvester. A cluster that never got as far as to make anything there may go without.
func (r *Reconciler) reconnect(ctx context.Context, s *scope) phase.Outcome {
	harvester, err := r.Identities.Connect(ctx, s.infra)
	switch {
	case err == nil:
		s.harvester = harvester
		if err := identify(ctx, s); err != nil {
			return failed("find what was made for the cluster", err)
		}
		return phase.Unchanged()
	case !conditions.IsTrue(s.infra, infrav1.TargetNamespaceReadyCondition) && !hasEndpoint(s.infra):
		return r.letGo(ctx, s)
	case identity.Abandoned(s.infra):
		r.warning(ctx, s, infrav1.HarvesterAbandonedReason, "Delete",
			"Harvester cannot be reached and annotation %s says that it is gone: load balancer %s, the pools and the namespace that were made for the cluster are not cleaned up (%v)",
			infrav1.AbandonHarvesterAnnotation, s.identity().LoadBalancer(), err)
		return r.letGo(ctx, s)
	default:
		return failedToConnect(err)
	}
}

// deleteLoadBalancer deletes the load balancer and waits until it is gone, which is when Harvester has taken its address
// back.
func (r *Reconciler) deleteLoadBalancer(ctx context.Context, s *scope) phase.Outcome {
	key := client.ObjectKey{Namespace: s.targetNamespace(), Name: s.identity().LoadBalancer()}
	balancer := &lbv1.LoadBalancer{}
	err := s.harvester.Client().Get(ctx, key, balancer)
	switch {
	case apierrors.IsNotFound(err):
		return r.deletePlaceholder(ctx, s, key)
	case err != nil:
		return failed("look for the load balancer", err)
	case !ours(s, balancer):
		return phase.Unchanged()
	}
	if err := adoptLoadBalancer(ctx, s, balancer); apierrors.IsNotFound(err) {
		return phase.Again()
	} else if err != nil {
		return failed("label the load balancer", err)
	}
	outcome := busy(infrav1.DeletingLoadBalancerReason, fmt.Sprintf("Waits for load balancer %s to be gone", key))
	if !balancer.DeletionTimestamp.IsZero() {
		return outcome
	}
	err = s.harvester.Client().Delete(ctx, balancer, write.Exactly(balancer))
	if client.IgnoreNotFound(err) != nil {
		return failed("delete the load balancer", err)
	}
	r.event(ctx, s, infrav1.LoadBalancerDeletedEvent, "Delete", "Deleted load balancer %s", key)
	return outcome
}

// adoptLoadBalancer labels a load balancer of v0.2.x that was never adopted, so that its going is an event.
func adoptLoadBalancer(ctx context.Context, s *scope, balancer *lbv1.LoadBalancer) error {
	if s.owns(balancer.Labels) {
		return nil
	}
	base := write.IfUnchanged(balancer)
	balancer.Labels = names.Merged(balancer.Labels, s.labels())
	return s.harvester.Client().Patch(ctx, balancer, base)
}

// deletePlaceholder removes the Service that v0.2.x created beside its load balancer. One that belongs to the load
// balancer goes with it; only one without an owner is left behind for ever.
func (r *Reconciler) deletePlaceholder(ctx context.Context, s *scope, key client.ObjectKey) phase.Outcome {
	if s.infra.Annotations[endpointFromAnnotation] != fromLoadBalancer {
		return phase.Unchanged()
	}
	service := &corev1.Service{}
	err := s.harvester.Client().Get(ctx, key, service)
	switch {
	case apierrors.IsNotFound(err):
		return phase.Unchanged()
	case err != nil:
		return failed("look for the placeholder Service", err)
	case len(service.OwnerReferences) > 0 || service.Spec.Type != corev1.ServiceTypeLoadBalancer || !service.DeletionTimestamp.IsZero():
		return phase.Unchanged()
	}
	err = s.harvester.Client().Delete(ctx, service, write.Exactly(service))
	if client.IgnoreNotFound(err) != nil {
		return failed("delete the placeholder Service", err)
	}
	return phase.Unchanged()
}

// reclaimAddress gives back an address that Harvester left with the load balancer, as it does for one whose ipam is not
// spelt out. The load balancer is gone by now.
func (r *Reconciler) reclaimAddress(ctx context.Context, s *scope) phase.Outcome {
	owner := names.LoadBalancerOwner(s.targetNamespace(), s.identity().LoadBalancer())
	pools := &lbv1.IPPoolList{}
	if err := s.harvester.Cache().List(ctx, pools); err != nil {
		return failed("list the pools", err)
	}
	if s.infra.Annotations[endpointFromAnnotation] != fromLoadBalancer {
		return phase.Unchanged()
	}
	for _, pool := range pools.Items {
		for text, holder := range pool.Status.Allocated {
			address, err := netip.ParseAddr(text)
			if holder != owner || err != nil {
				continue
			}
			allocator := r.allocators.For(identity.Key(s.infra), s.harvester, ippool.NewStore)
			if err := allocator.Release(ctx, pool.Name, address, owner); err != nil {
				return failed("take the load balancer's address back", err)
			}
		}
	}
	return phase.Unchanged()
}

// letGo drops the finalizer, in both of its forms, and closes the connection if nobody else uses it.
func (r *Reconciler) letGo(ctx context.Context, s *scope) phase.Outcome {
	clusters, pools := &infrav1.HarvesterClusterList{}, &infrav1.HarvesterIPPoolList{}
	if err := errors.Join(r.Client.List(ctx, clusters), r.Client.List(ctx, pools)); err != nil {
		return failed("list the clusters and pools", err)
	}
	shared := slices.ContainsFunc(pools.Items, func(pool infrav1.HarvesterIPPool) bool { return identity.PoolKey(&pool) == identity.Key(s.infra) })
	for i := range clusters.Items {
		other := &clusters.Items[i]
		shared = shared || (other.UID != s.infra.UID && identity.Key(other) == identity.Key(s.infra))
	}
	if !shared {
		r.Identities.Forget(identity.Key(s.infra))
	}
	controllerutil.RemoveFinalizer(s.infra, infrav1.ClusterFinalizer)
	controllerutil.RemoveFinalizer(s.infra, infrav1.LegacyClusterFinalizer)
	r.forgetMeasured(client.ObjectKeyFromObject(s.infra))
	r.verified.forget(s.infra.UID)
	return phase.Outcome{Stop: true}
}

// busy says what the deletion is waiting for: Deleting is True until the object is gone.
func busy(reason, message string) phase.Outcome {
	outcome := phase.Wait(reason, message)
	outcome.Status = "True"
	return outcome
}

// failedToConnect says so, and how to go on when there is no Harvester any more.
func failedToConnect(err error) phase.Outcome {
	outcome := failed("connect to Harvester", err)
	outcome.Message += fmt.Sprintf(". If this Harvester is gone for good, annotate the HarvesterCluster with %s=true", infrav1.AbandonHarvesterAnnotation)
	return outcome
}

// failed says which step of the deletion failed; the finalizer stays.
func failed(step string, err error) phase.Outcome {
	outcome := phase.Fail(fmt.Errorf("%s: %w", step, err), infrav1.DeletionFailedReason)
	if outcome.Reason != "" { // Else someone wrote first: there is nothing to say, and another look in a moment.
		outcome.Status = "True"
	}
	return outcome
}
