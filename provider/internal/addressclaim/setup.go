package addressclaim

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/cluster-api/util/annotations"
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
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/holdings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// ClaimControllerName and PoolControllerName name the controllers in logs and metrics.
const (
	ClaimControllerName = "ipaddressclaim"
	PoolControllerName  = "harvesterippool"
)

// Sources are where the events from outside the management cluster come from.
type Sources struct {
	// Harvester watches the pools on every Harvester, and whether it can be reached.
	Harvester *harvesterclient.Connections
}

// SetupWithManager starts the controller of claims with its watches.
func (r *ClaimReconciler) SetupWithManager(mgr ctrl.Manager, sources Sources, options controller.Options) error {
	log := mgr.GetLogger().WithValues("controller", ClaimControllerName)
	filter := predicates.ResourceHasFilterLabel(mgr.GetScheme(), log, string(r.WatchFilter))
	err := ctrl.NewControllerManagedBy(mgr).
		Named(ClaimControllerName).
		For(&ipamv1.IPAddressClaim{}, builder.WithPredicates(filter, served(), write.ExceptStatus())).
		WithOptions(options).
		Watches(&ipamv1.IPAddress{}, handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), &ipamv1.IPAddressClaim{}, handler.OnlyControllerOwner())).
		Watches(&infrav1.HarvesterIPPool{}, handler.EnqueueRequestsFromMapFunc(r.poolToClaims)).
		Watches(&clusterv1.Cluster{}, handler.EnqueueRequestsFromMapFunc(r.clusterToClaims), builder.WithPredicates(resumed())).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.identityToClaims), builder.OnlyMetadata).
		WatchesRawSource(sources.Harvester.Source(&lbv1.IPPool{}, r.harvesterPoolToClaims)).
		WatchesRawSource(sources.Harvester.ConnectionEvents(r.identityToClaims)).
		Complete(phase.InTurn(r))
	if err != nil {
		return fmt.Errorf("set up the %s controller: %w", ClaimControllerName, err)
	}
	return nil
}

// SetupWithManager starts the controller of pools with its watches.
func (r *PoolReconciler) SetupWithManager(mgr ctrl.Manager, sources Sources, options controller.Options) error {
	log := mgr.GetLogger().WithValues("controller", PoolControllerName)
	filter := predicates.ResourceHasFilterLabel(mgr.GetScheme(), log, string(r.WatchFilter))
	err := ctrl.NewControllerManagedBy(mgr).
		Named(PoolControllerName).
		For(&infrav1.HarvesterIPPool{}, builder.WithPredicates(filter, write.ExceptStatus())).
		WithOptions(options).
		Watches(&ipamv1.IPAddressClaim{}, handler.EnqueueRequestsFromMapFunc(r.claimToPool), builder.WithPredicates(served(), goingOrGone())).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.identityToPools), builder.OnlyMetadata).
		WatchesRawSource(sources.Harvester.Source(&lbv1.IPPool{}, r.harvesterPoolToPools)).
		WatchesRawSource(sources.Harvester.ConnectionEvents(r.identityToPools)).
		Complete(phase.InTurn(r))
	if err != nil {
		return fmt.Errorf("set up the %s controller: %w", PoolControllerName, err)
	}
	return nil
}

// served lets pass the claims that refer to a pool of ours.
func served() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(object client.Object) bool {
		claim, ok := object.(*ipamv1.IPAddressClaim)
		return ok && isServed(claim)
	})
}

// goingOrGone lets pass what is being deleted, and that it is gone.
func goingOrGone() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(e event.UpdateEvent) bool { return !e.ObjectNew.GetDeletionTimestamp().IsZero() },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// resumed lets pass Clusters that are there, and no longer paused, or gone.
func resumed() predicate.Predicate {
	paused := func(object client.Object) bool {
		cluster, ok := object.(*clusterv1.Cluster)
		return ok && annotations.IsPaused(cluster, cluster)
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return paused(e.ObjectOld) && !paused(e.ObjectNew) }}
}

// unserved tells whether a claim waits for something.
func unserved(claim *ipamv1.IPAddressClaim) bool {
	return !claim.DeletionTimestamp.IsZero() || !conditions.IsTrue(claim, ipamv1.IPAddressClaimReadyCondition)
}

// poolToClaims leads from a HarvesterIPPool to the claims that wait for it.
func (r *ClaimReconciler) poolToClaims(ctx context.Context, object client.Object) []ctrl.Request {
	pool, ok := object.(*infrav1.HarvesterIPPool)
	if !ok {
		return nil
	}
	return claims(ctx, r.Client, pool.Namespace, func(claim *ipamv1.IPAddressClaim) bool { return refersTo(claim, pool) && unserved(claim) })
}

func (r *ClaimReconciler) clusterToClaims(ctx context.Context, cluster client.Object) []ctrl.Request {
	return claims(ctx, r.Client, cluster.GetNamespace(), func(claim *ipamv1.IPAddressClaim) bool {
		return isServed(claim) && clusterNameOf(claim) == cluster.GetName()
	})
}

// harvesterPoolToClaims leads from a pool on Harvester to the claims that wait for an address of it, and to those whose
// entry it has lost. A pool changes with every allocation, so claims that have theirs are left in peace.
func (r *ClaimReconciler) harvesterPoolToClaims(ctx context.Context, object client.Object) []ctrl.Request {
	changed, _ := harvesterclient.IdentityFrom(ctx)
	requests := r.claimsOf(ctx, func(pool *infrav1.HarvesterIPPool) bool {
		return identity.PoolKey(pool) == changed && slices.Contains(pool.Spec.IPPoolRefs, object.GetName())
	})
	return append(requests, r.losers(ctx, object, changed)...)
}

// losers are the claims of an identity whose address the pool does not hold for them any more.
func (r *ClaimReconciler) losers(ctx context.Context, object client.Object, changed client.ObjectKey) []ctrl.Request {
	pool, ok := object.(*lbv1.IPPool)
	if !ok {
		return nil
	}
	known, err := holdings.Source{Client: r.Client, Identities: r.Identities}.OfClaims(ctx, changed)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not look for the claims that lost their address", "pool", pool.Name)
	}
	var requests []ctrl.Request
	for _, lost := range ippool.Lost(pool, known) {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(lost.Object)})
	}
	return requests
}

// identityToClaims leads from an identity Secret to the claims that wait for the way to Harvester.
func (r *ClaimReconciler) identityToClaims(ctx context.Context, secret client.Object) []ctrl.Request {
	key := client.ObjectKeyFromObject(secret)
	return r.claimsOf(ctx, func(pool *infrav1.HarvesterIPPool) bool { return identity.PoolKey(pool) == key })
}

// claimsOf are the claims that wait for one of the wanted pools.
func (r *ClaimReconciler) claimsOf(ctx context.Context, wanted func(*infrav1.HarvesterIPPool) bool) []ctrl.Request {
	var requests []ctrl.Request
	for _, pool := range pools(ctx, r.Client, wanted) {
		requests = append(requests, r.poolToClaims(ctx, &pool)...)
	}
	return requests
}

// claimToPool leads from a claim that goes to its pool, if that waits for it.
func (r *PoolReconciler) claimToPool(ctx context.Context, object client.Object) []ctrl.Request {
	claim, ok := object.(*ipamv1.IPAddressClaim)
	if !ok {
		return nil
	}
	return requestsFor(pools(ctx, r.Client, func(pool *infrav1.HarvesterIPPool) bool {
		return refersTo(claim, pool) && !pool.DeletionTimestamp.IsZero()
	}))
}

// identityToPools leads from an identity Secret to the pools that use it.
func (r *PoolReconciler) identityToPools(ctx context.Context, secret client.Object) []ctrl.Request {
	key := client.ObjectKeyFromObject(secret)
	return requestsFor(pools(ctx, r.Client, func(pool *infrav1.HarvesterIPPool) bool { return identity.PoolKey(pool) == key }))
}

// harvesterPoolToPools leads from a pool on Harvester to those that refer to it.
func (r *PoolReconciler) harvesterPoolToPools(ctx context.Context, object client.Object) []ctrl.Request {
	changed, _ := harvesterclient.IdentityFrom(ctx)
	return requestsFor(pools(ctx, r.Client, func(pool *infrav1.HarvesterIPPool) bool {
		return identity.PoolKey(pool) == changed && slices.Contains(pool.Spec.IPPoolRefs, object.GetName())
	}))
}

func requestsFor(pools []infrav1.HarvesterIPPool) []ctrl.Request {
	requests := make([]ctrl.Request, 0, len(pools))
	for i := range pools {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&pools[i])})
	}
	return requests
}

func pools(ctx context.Context, c client.Reader, wanted func(*infrav1.HarvesterIPPool) bool) []infrav1.HarvesterIPPool {
	all := &infrav1.HarvesterIPPoolList{}
	if err := c.List(ctx, all); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not list HarvesterIPPools for an event")
	}
	return slices.DeleteFunc(all.Items, func(pool infrav1.HarvesterIPPool) bool { return !wanted(&pool) })
}

func claims(ctx context.Context, c client.Reader, namespace string, wanted func(*ipamv1.IPAddressClaim) bool) []ctrl.Request {
	all := &ipamv1.IPAddressClaimList{}
	if err := c.List(ctx, all, client.InNamespace(namespace)); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not list IPAddressClaims for an event")
	}
	var requests []ctrl.Request
	for i := range all.Items {
		if wanted(&all.Items[i]) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&all.Items[i])})
		}
	}
	return requests
}
