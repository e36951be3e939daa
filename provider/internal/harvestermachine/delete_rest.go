package harvestermachine

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// deleteBootstrap removes the cloud-init Secret. A Secret of that name that is not this machine's stays.
func (r *Reconciler) deleteBootstrap(ctx context.Context, s *scope) phase.Outcome {
	secret := &corev1.Secret{}
	key := types.NamespacedName{Namespace: s.targetNamespace(), Name: names.CloudInitSecret(s.vmName)}
	err := s.harvester.Client().Get(ctx, key, secret)
	switch {
	case apierrors.IsNotFound(err):
		return phase.Unchanged()
	case err != nil:
		return failed("delete the cloud-init Secret", err)
	case !ownedByMachine(s, secret.Labels):
		return phase.Unchanged()
	}
	err = s.harvester.Client().Delete(ctx, secret, client.Preconditions{UID: &secret.UID})
	if client.IgnoreNotFound(err) != nil {
		return failed("delete the cloud-init Secret", err)
	}
	return phase.Unchanged()
}

// releaseAddress gives back every address that a pool holds for this machine. The VM is gone by now. It goes by the
// owner, never by the address alone, so that doing it twice does no harm.
func (r *Reconciler) releaseAddress(ctx context.Context, s *scope) phase.Outcome {
	if s.foreign != nil && s.foreign.Labels[infrav1.ManagedByLabel] == infrav1.ManagedByValue {
		// A machine of another management cluster has this VM name, and so this owner id: the address is in use.
		return phase.Unchanged()
	}
	if err := r.trustLegacyOwner(ctx, s); err != nil {
		return failed("release the address", err)
	}
	pools, err := r.poolsToRelease(ctx, s)
	if err != nil {
		return failed("release the address", err)
	}
	owners := s.allOwners()
	allocator := r.allocatorFor(s)
	for {
		lease, found, err := allocator.Find(ctx, pools, owners...)
		if err != nil {
			return failed("release the address", err)
		}
		if !found {
			break
		}
		if err := allocator.Release(ctx, lease.Pool, lease.Address, owners...); err != nil {
			return failed("release the address", err)
		}
		r.Metrics.RecordIPRelease()
		r.event(ctx, s, "AddressReleased", "Release", "Released %s to pool %s", lease.Address, lease.Pool)
	}
	s.machine.Status.AllocatedIPAddress, s.machine.Status.AllocatedPoolRef = "", ""
	s.machine.Status.AllocatedAddresses = slices.DeleteFunc(s.machine.Status.AllocatedAddresses,
		func(held infrav1.AllocatedAddress) bool { return held.ClaimRef == "" })
	return phase.Unchanged()
}

// poolsToRelease are the pools that may hold the machine's address: the recorded one, those the spec names, and any
// other that the cache shows to hold one, as the spec may have changed since.
func (r *Reconciler) poolsToRelease(ctx context.Context, s *scope) ([]string, error) {
	pools := candidatePools(s)
	for _, c := range cards(s) {
		pools = append(pools, c.pools...)
	}
	for _, held := range s.machine.Status.AllocatedAddresses {
		if held.ClaimRef == "" {
			pools = append(pools, held.PoolRef)
		}
	}
	if recorded := s.machine.Status.AllocatedPoolRef; recorded != "" {
		pools = append(pools, recorded)
	}
	owners := s.allOwners()
	all := &lbv1.IPPoolList{}
	if err := s.harvester.Cache().List(ctx, all); err != nil {
		return nil, fmt.Errorf("list the pools: %w", err)
	}
	for i := range all.Items {
		if holdsAny(&all.Items[i], owners...) {
			pools = append(pools, all.Items[i].Name)
		}
	}
	return pools, nil
}
