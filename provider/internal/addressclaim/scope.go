package addressclaim

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/cluster-api/util/annotations"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// poolKind is the kind that claims refer to.
const poolKind = "HarvesterIPPool"

// scope is what one reconcile of one claim knows.
type scope struct {
	// claim is the object being reconciled; phases change it in memory, and it is written once at the end.
	claim *ipamv1.IPAddressClaim
	// pool is what the claim refers to. Nil when it does not exist.
	pool *infrav1.HarvesterIPPool
	// address is the claim's IPAddress as the cache has it. Nil when there is none.
	address *ipamv1.IPAddress
	// harvester is the connection. Nil until the connect phase has made it.
	harvester *harvesterclient.Connection
	// lease is the address. Zero until the allocate phase.
	lease ipam.Lease
	// fresh tells that this very reconcile took the address.
	fresh bool
}

// owner is the id under which a pool holds the claim's address.
func (s *scope) owner() string { return s.claim.Annotations[infrav1.AddressOwnerAnnotation] }

// poolStays tells whether the pool is there, and will be as long as the claim needs it.
func (s *scope) poolStays() bool {
	return s.pool != nil && s.pool.DeletionTimestamp.IsZero() && controllerutil.ContainsFinalizer(s.pool, infrav1.IPPoolFinalizer)
}

// isServed tells whether a claim refers to a pool of ours.
func isServed(claim *ipamv1.IPAddressClaim) bool {
	return claim.Spec.PoolRef.APIGroup == infrav1.GroupVersion.Group && claim.Spec.PoolRef.Kind == poolKind
}

// clusterNameOf is the name of the Cluster that a claim belongs to; empty when it belongs to none.
func clusterNameOf(claim *ipamv1.IPAddressClaim) string {
	if claim.Spec.ClusterName != "" {
		return claim.Spec.ClusterName
	}
	return claim.Labels[clusterv1.ClusterNameLabel]
}

// newScope gathers the objects around a claim in the management cluster.
func (r *ClaimReconciler) newScope(ctx context.Context, claim *ipamv1.IPAddressClaim) (*scope, error) {
	s := &scope{claim: claim}
	pool, address := &infrav1.HarvesterIPPool{}, &ipamv1.IPAddress{}
	found, err := r.find(ctx, client.ObjectKey{Namespace: claim.Namespace, Name: claim.Spec.PoolRef.Name}, pool)
	if err != nil {
		return nil, err
	}
	if found {
		s.pool = pool
	}
	if found, err = r.find(ctx, client.ObjectKeyFromObject(claim), address); err != nil {
		return nil, err
	}
	if found {
		s.address = address
	}
	return s, nil
}

func (r *ClaimReconciler) find(ctx context.Context, key client.ObjectKey, object client.Object) (bool, error) {
	err := r.Client.Get(ctx, key, object)
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("read %T %s: %w", object, key, err)
	}
	return err == nil, nil
}

// suspended tells whether the claim is to be left alone: it, its pool or its Cluster is paused, or the Cluster that could
// be paused is not there (yet). The claim of a Cluster that is gone may go.
func (r *ClaimReconciler) suspended(ctx context.Context, s *scope) (bool, error) {
	if annotations.HasPaused(s.claim) || (s.pool != nil && annotations.HasPaused(s.pool)) {
		return true, nil
	}
	name := clusterNameOf(s.claim)
	if name == "" {
		return false, nil
	}
	cluster := &clusterv1.Cluster{}
	found, err := r.find(ctx, client.ObjectKey{Namespace: s.claim.Namespace, Name: name}, cluster)
	if err != nil {
		return true, err
	}
	if !found {
		return s.claim.DeletionTimestamp.IsZero(), nil
	}
	return annotations.IsPaused(cluster, cluster), nil
}
