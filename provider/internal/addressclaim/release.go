package addressclaim

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
)

// awaitUsers waits while a machine uses the address. The garbage collector may delete a machine's claims before the machine.
func (r *ClaimReconciler) awaitUsers(_ context.Context, s *scope) phase.Outcome {
	if controllerutil.ContainsFinalizer(s.claim, infrav1.AddressInUseFinalizer) {
		return phase.Wait(clusterv1.DeletingReason, "Waits for the VM that uses the address to be gone")
	}
	return phase.Unchanged()
}

// withdraw removes the IPAddress, and waits until nobody holds on to it: after that nobody reads an address that may be
// somebody else's.
func (r *ClaimReconciler) withdraw(ctx context.Context, s *scope) phase.Outcome {
	address := &ipamv1.IPAddress{}
	err := r.Live.Get(ctx, client.ObjectKeyFromObject(s.claim), address)
	if apierrors.IsNotFound(err) || (err == nil && !isOwn(address, s.claim)) {
		return phase.Unchanged()
	}
	if err == nil && address.DeletionTimestamp.IsZero() {
		err = client.IgnoreNotFound(r.Client.Delete(ctx, address, client.Preconditions{UID: &address.UID}))
	}
	if err == nil {
		err = r.unprotect(ctx, client.ObjectKeyFromObject(address))
	}
	if err != nil {
		return fail(fmt.Errorf("delete IPAddress %s: %w", client.ObjectKeyFromObject(s.claim), err), infrav1.DeletionFailedReason)
	}
	if err = r.Live.Get(ctx, client.ObjectKeyFromObject(s.claim), address); apierrors.IsNotFound(err) {
		return phase.Unchanged()
	}
	return phase.Wait(clusterv1.DeletingReason, fmt.Sprintf("Waits for IPAddress %s to be gone", address.Name))
}

// isOwn tells whether an IPAddress is that of a claim which goes.
func isOwn(address *ipamv1.IPAddress, claim *ipamv1.IPAddressClaim) bool {
	return address.Spec.ClaimRef.Name == claim.Name && address.Spec.PoolRef == claim.Spec.PoolRef
}

func (r *ClaimReconciler) unprotect(ctx context.Context, key client.ObjectKey) error {
	address := &ipamv1.IPAddress{}
	if err := r.Live.Get(ctx, key, address); err != nil {
		return client.IgnoreNotFound(err)
	}
	base := client.MergeFromWithOptions(address.DeepCopy(), client.MergeFromWithOptimisticLock{})
	if !controllerutil.RemoveFinalizer(address, infrav1.ProtectAddressFinalizer) {
		return nil
	}
	return client.IgnoreNotFound(r.Client.Patch(ctx, address, base))
}

// release gives back every address that a pool holds for the claim, and lets the claim go.
func (r *ClaimReconciler) release(ctx context.Context, s *scope) phase.Outcome {
	if s.pool == nil {
		return phase.Wait(ipamv1.IPAddressClaimReadyPoolNotReadyReason, fmt.Sprintf(
			"HarvesterIPPool %s/%s is gone, so Harvester cannot be reached; make it anew, or remove finalizer %s and release the address by caphv-ipam repair",
			s.claim.Namespace, s.claim.Spec.PoolRef.Name, infrav1.ReleaseAddressFinalizer))
	}
	var err error
	if s.harvester, err = r.Identities.ConnectPool(ctx, s.pool); err != nil {
		if s.pool.Annotations[infrav1.AbandonHarvesterAnnotation] == "true" {
			tell.Event(r.Recorder, s.claim, corev1.EventTypeWarning, infrav1.HarvesterAbandonedReason, "Delete",
				"Harvester cannot be reached and annotation %s says that it is gone: the address is not given back (%v)", infrav1.AbandonHarvesterAnnotation, err)
			return letGo(s)
		}
		outcome := fail(err, infrav1.DeletionFailedReason)
		outcome.Message += fmt.Sprintf(". If this Harvester is gone for good, annotate the HarvesterIPPool with %s=true", infrav1.AbandonHarvesterAnnotation)
		return outcome
	}
	if err := r.releaseAll(ctx, s); err != nil {
		return fail(fmt.Errorf("release the address: %w", err), infrav1.DeletionFailedReason)
	}
	return letGo(s)
}

// releaseAll goes by the owner, never by the address alone, so that doing it twice does no harm. The pools are those of
// the spec, and any other that the cache shows to hold an address of the claim, as the spec may have changed since.
func (r *ClaimReconciler) releaseAll(ctx context.Context, s *scope) error {
	pools, cached := append([]string(nil), s.pool.Spec.IPPoolRefs...), &lbv1.IPPoolList{}
	if err := s.harvester.Cache().List(ctx, cached); err != nil {
		return fmt.Errorf("list the pools: %w", err)
	}
	for _, pool := range cached.Items {
		for _, owner := range pool.Status.Allocated {
			if owner == s.owner() {
				pools = append(pools, pool.Name)
			}
		}
	}
	allocator := r.allocatorFor(s)
	for {
		lease, found, err := allocator.Find(ctx, pools, s.owner())
		if err != nil || !found {
			return err
		}
		if err := allocator.Release(ctx, lease.Pool, lease.Address, s.owner()); err != nil {
			return err
		}
		r.Metrics.RecordIPRelease()
		r.event(s, infrav1.AddressReleasedEvent, "Release", "Released %s to pool %s", lease.Address, lease.Pool)
	}
}

func letGo(s *scope) phase.Outcome {
	controllerutil.RemoveFinalizer(s.claim, infrav1.ReleaseAddressFinalizer)
	return phase.Outcome{Status: metav1.ConditionFalse, Reason: clusterv1.DeletingReason, Stop: true}
}
