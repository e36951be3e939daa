package harvestermachine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// releaseClaims deletes the machine's IPAddressClaims and waits until they are gone, which tells that their provider has
// taken the addresses back. Nothing uses them any more by now.
func (r *Reconciler) releaseClaims(ctx context.Context, s *scope) phase.Outcome {
	claims, err := r.claimsOf(ctx, s)
	if err != nil {
		return failed("find the IPAddressClaims", err)
	}
	var left []string
	for i := range claims {
		gone, err := r.releaseClaim(ctx, &claims[i])
		if apierrors.IsConflict(err) {
			return phase.Again()
		}
		if err != nil {
			return failed("delete IPAddressClaim "+claims[i].Name, err)
		}
		if !gone {
			left = append(left, claims[i].Name)
		}
	}
	if len(left) == 0 {
		s.machine.Status.AllocatedAddresses = nil
		return phase.Unchanged()
	}
	return busy(infrav1.ReleasingAddressReason, fmt.Sprintf("Waits for IPAddressClaim %s to be gone", strings.Join(left, ", ")))
}

// claimsOf finds the claims that the machine owns. They are looked for live if it may have any, as a claim that the cache
// does not show yet would stay for ever.
func (r *Reconciler) claimsOf(ctx context.Context, s *scope) ([]ipamv1.IPAddressClaim, error) {
	var reader client.Reader = r.Client
	if mayHaveClaims(s.machine) {
		reader = r.Secrets
	}
	claims := &ipamv1.IPAddressClaimList{}
	err := reader.List(ctx, claims, client.InNamespace(s.machine.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: s.clusterName()})
	return slices.DeleteFunc(claims.Items, func(claim ipamv1.IPAddressClaim) bool { return !ownsClaim(s.machine, &claim) }), err
}

func mayHaveClaims(machine *infrav1.HarvesterMachine) bool {
	return slices.ContainsFunc(machine.Spec.NetworkInterfaces, func(i infrav1.NetworkInterface) bool { return len(i.AddressesFromPools) > 0 }) ||
		slices.ContainsFunc(machine.Status.AllocatedAddresses, func(a infrav1.AllocatedAddress) bool { return a.ClaimRef != "" })
}

// releaseClaim deletes one claim, takes our hands off it, and looks whether it is gone.
func (r *Reconciler) releaseClaim(ctx context.Context, claim *ipamv1.IPAddressClaim) (bool, error) {
	if claim.DeletionTimestamp.IsZero() {
		err := r.Client.Delete(ctx, claim, client.Preconditions{UID: &claim.UID})
		if client.IgnoreNotFound(err) != nil {
			return false, err
		}
	}
	if err := r.unprotectClaim(ctx, claim); err != nil {
		return false, err
	}
	err := r.Secrets.Get(ctx, client.ObjectKeyFromObject(claim), &ipamv1.IPAddressClaim{})
	return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
}

// unprotectClaim takes the finalizer off a claim and its address, the address first: the claim leads to it.
func (r *Reconciler) unprotectClaim(ctx context.Context, claim *ipamv1.IPAddressClaim) error {
	address := &ipamv1.IPAddress{ObjectMeta: metav1.ObjectMeta{Namespace: claim.Namespace, Name: addressName(claim)}}
	if err := r.unprotect(ctx, address, claim.Name); err != nil {
		return err
	}
	return r.unprotect(ctx, &ipamv1.IPAddressClaim{ObjectMeta: metav1.ObjectMeta{Namespace: claim.Namespace, Name: claim.Name}}, claim.Name)
}

// unprotect reads the object live: a merge patch replaces the whole list of finalizers.
func (r *Reconciler) unprotect(ctx context.Context, object client.Object, claim string) error {
	if err := r.Secrets.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !controllerutil.ContainsFinalizer(object, infrav1.AddressInUseFinalizer) {
		return nil
	}
	if address, is := object.(*ipamv1.IPAddress); is && address.Spec.ClaimRef.Name != claim {
		return nil // It is another claim's.
	}
	base, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%T is no object", object)
	}
	controllerutil.RemoveFinalizer(object, infrav1.AddressInUseFinalizer)
	patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
	return client.IgnoreNotFound(r.Client.Patch(ctx, object, patch))
}
