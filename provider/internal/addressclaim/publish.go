package addressclaim

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// publish makes the IPAddress and names it in the claim. There is one IPAddress of the claim's name, so of two managers
// that work at once one makes it, and the other takes what it finds.
func (r *ClaimReconciler) publish(ctx context.Context, s *scope) phase.Outcome {
	if s.address == nil {
		if outcome := r.create(ctx, s); outcome.Stop {
			return outcome
		}
	}
	switch {
	case !isFor(s.address, s.claim):
		return phase.Wait(ipamv1.IPAddressClaimReadyAllocationFailedReason,
			fmt.Sprintf("IPAddress %s exists and is not this claim's; delete it", client.ObjectKeyFromObject(s.address)))
	case s.address.Spec.Address != s.lease.Address.String():
		return r.giveBack(ctx, s)
	}
	if err := r.align(ctx, s); err != nil {
		return fail(err, ipamv1.IPAddressClaimReadyAllocationFailedReason)
	}
	if s.fresh && s.claim.Status.AddressRef.Name == "" {
		r.Metrics.RecordIPAllocation(nil)
		r.event(s, infrav1.AddressAllocatedReason, "Allocate", "Allocated %s from pool %s", s.lease.Address, s.lease.Pool)
	}
	s.claim.Status.AddressRef = ipamv1.IPAddressReference{Name: s.address.Name}
	return phase.Done(infrav1.ReadyReason, "")
}

func (r *ClaimReconciler) create(ctx context.Context, s *scope) phase.Outcome {
	s.address = s.newAddress()
	err := r.Client.Create(ctx, s.address)
	if apierrors.IsAlreadyExists(err) { // The cache lags, or somebody else works on the same claim.
		s.address = &ipamv1.IPAddress{}
		err = r.Live.Get(ctx, client.ObjectKeyFromObject(s.claim), s.address)
	}
	if apierrors.IsNotFound(err) {
		return phase.Again()
	}
	if err != nil {
		return fail(fmt.Errorf("make IPAddress %s: %w", client.ObjectKeyFromObject(s.claim), err), ipamv1.IPAddressClaimReadyAllocationFailedReason)
	}
	return phase.Unchanged()
}

// giveBack returns an address that was taken for a claim that has another one already, and looks again.
func (r *ClaimReconciler) giveBack(ctx context.Context, s *scope) phase.Outcome {
	if err := r.allocatorFor(s).Release(ctx, s.lease.Pool, s.lease.Address, s.owner()); err != nil {
		return fail(err, ipamv1.IPAddressClaimReadyAllocationFailedReason)
	}
	return phase.Again()
}

func (s *scope) newAddress() *ipamv1.IPAddress {
	address := &ipamv1.IPAddress{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.claim.Namespace, Name: s.claim.Name, Finalizers: []string{infrav1.ProtectAddressFinalizer},
			Labels: labelsOf(s.claim), OwnerReferences: s.references(),
		},
		Spec: ipamv1.IPAddressSpec{
			ClaimRef: ipamv1.IPAddressClaimReference{Name: s.claim.Name},
			PoolRef:  s.claim.Spec.PoolRef,
			Address:  s.lease.Address.String(),
			Prefix:   ptr.To(int32(s.lease.Address.BitLen())), //nolint:gosec // 32 or 128.
		},
	}
	if s.lease.Subnet.IsValid() {
		address.Spec.Prefix = ptr.To(int32(s.lease.Subnet.Bits())) //nolint:gosec // 0 to 128.
	}
	if s.lease.Gateway.IsValid() {
		address.Spec.Gateway = s.lease.Gateway.String()
	}
	return address
}

func labelsOf(claim *ipamv1.IPAddressClaim) map[string]string {
	labels := map[string]string{}
	for _, key := range []string{clusterv1.ClusterNameLabel, clusterv1.WatchLabel} {
		if value, found := claim.Labels[key]; found {
			labels[key] = value
		}
	}
	return labels
}

// references are the owners that the contract demands: the claim controls the address, the pool only owns it.
func (s *scope) references() []metav1.OwnerReference {
	pool := *metav1.NewControllerRef(s.pool, infrav1.GroupVersion.WithKind(poolKind))
	pool.Controller = ptr.To(false)
	return []metav1.OwnerReference{*metav1.NewControllerRef(s.claim, ipamv1.GroupVersion.WithKind("IPAddressClaim")), pool}
}

// align puts right what is ours in an IPAddress that was found: owners, which have other UIDs after a restore, and the
// finalizer.
func (r *ClaimReconciler) align(ctx context.Context, s *scope) error {
	if !s.address.DeletionTimestamp.IsZero() {
		return nil // It stays until the claim goes.
	}
	changed := s.address.DeepCopy()
	controllerutil.AddFinalizer(changed, infrav1.ProtectAddressFinalizer)
	changed.OwnerReferences = s.references()
	if equality.Semantic.DeepEqual(changed.ObjectMeta, s.address.ObjectMeta) {
		return nil
	}
	base := client.MergeFromWithOptions(s.address, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, changed, base); err != nil {
		return fmt.Errorf("adopt IPAddress %s: %w", client.ObjectKeyFromObject(changed), err)
	}
	s.address = changed
	return nil
}

// isFor tells whether an IPAddress was made for a claim: one of this name, not of a former claim that is on its way out.
func isFor(address *ipamv1.IPAddress, claim *ipamv1.IPAddressClaim) bool {
	return address.Spec.ClaimRef.Name == claim.Name && address.Spec.PoolRef == claim.Spec.PoolRef &&
		(address.DeletionTimestamp.IsZero() || metav1.IsControlledBy(address, claim))
}
