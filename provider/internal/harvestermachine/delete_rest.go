package harvestermachine

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// deleteBootstrap removes the cloud-init Secret. A Secret of that name that is not this machine's stays, and so does one that
// another VM of the machine's name reads.
func (r *Reconciler) deleteBootstrap(ctx context.Context, s *scope) phase.Outcome {
	secret, err := readCloudInitSecret(ctx, s)
	switch {
	case err != nil:
		return failed("delete the cloud-init Secret", err)
	case secret == nil || !ownedByMachine(s, secret.Labels) || slices.Contains(useOf(s.foreign).secrets, secret.Name):
		return phase.Unchanged()
	}
	err = s.harvester.Client().Delete(ctx, secret, write.Exactly(secret))
	if client.IgnoreNotFound(err) != nil {
		return failed("delete the cloud-init Secret", err)
	}
	return phase.Unchanged()
}

// releaseAddress gives back every address that a pool holds for this machine. The VM is gone by now. It goes by the
// owner, never by the address alone, so that doing it twice does no harm.
func (r *Reconciler) releaseAddress(ctx context.Context, s *scope) phase.Outcome {
	if usesOurAddress(s) {
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
		r.eventAbout(ctx, s, tell.Address(lease.Pool, lease.Address.String()), infrav1.AddressReleasedEvent, "Release",
			"Released %s to pool %s", lease.Address, lease.Pool)
	}
	s.machine.Status.AllocatedIPAddress, s.machine.Status.AllocatedPoolRef = "", ""
	s.machine.Status.AllocatedAddresses = slices.DeleteFunc(s.machine.Status.AllocatedAddresses,
		func(held infrav1.AllocatedAddress) bool { return held.ClaimRef == "" })
	return phase.Unchanged()
}

// usesOurAddress tells whether another VM has taken the place of the machine's and uses its address: one of a machine of
// another management cluster, which has the same owner id, or one whose guest reads this machine's network data.
func usesOurAddress(s *scope) bool {
	return s.foreign != nil && (s.foreign.Labels[infrav1.ManagedByLabel] == infrav1.ManagedByValue ||
		slices.Contains(useOf(s.foreign).secrets, names.CloudInitSecret(s.vmName)))
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
