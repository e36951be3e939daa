package holdings

import (
	"context"
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// read gathers the holdings of the machines whose Cluster has a target namespace, and of the claims whose HarvesterIPPool
// refers to pools.
func (s Source) read(ctx context.Context, targets map[client.ObjectKey]string, refs map[client.ObjectKey][]string) ([]ippool.Holding, error) {
	machines := &infrav1.HarvesterMachineList{}
	if err := s.Client.List(ctx, machines, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list the HarvesterMachines: %w", err)
	}
	var found []ippool.Holding
	for i := range machines.Items {
		machine := &machines.Items[i]
		target, here := targets[client.ObjectKey{Namespace: machine.Namespace, Name: machine.Labels[clusterv1.ClusterNameLabel]}]
		if here {
			found = append(found, OfMachine(machine, target)...)
		}
	}
	claims, err := s.claims(ctx, refs)
	return append(found, claims...), err
}

// OfClaims is what the claims hold whose HarvesterIPPool uses an identity.
func (s Source) OfClaims(ctx context.Context, identityKey client.ObjectKey) ([]ippool.Holding, error) {
	pools := &infrav1.HarvesterIPPoolList{}
	if err := s.Client.List(ctx, pools, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list the HarvesterIPPools: %w", err)
	}
	refs := map[client.ObjectKey][]string{}
	for i := range pools.Items {
		if identity.PoolKey(&pools.Items[i]) == identityKey {
			refs[client.ObjectKeyFromObject(&pools.Items[i])] = pools.Items[i].Spec.IPPoolRefs
		}
	}
	return s.claims(ctx, refs)
}

// claims gathers the holdings of the claims whose HarvesterIPPool refers to pools on Harvester.
func (s Source) claims(ctx context.Context, refs map[client.ObjectKey][]string) ([]ippool.Holding, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	claims, addresses := &ipamv1.IPAddressClaimList{}, &ipamv1.IPAddressList{}
	if err := s.Client.List(ctx, claims, client.UnsafeDisableDeepCopy); err != nil {
		return nil, ignoreNoMatch(err)
	}
	if err := s.Client.List(ctx, addresses, client.UnsafeDisableDeepCopy); err != nil {
		return nil, ignoreNoMatch(err)
	}
	given := make(map[client.ObjectKey]*ipamv1.IPAddress, len(addresses.Items))
	for i := range addresses.Items {
		given[client.ObjectKeyFromObject(&addresses.Items[i])] = &addresses.Items[i]
	}

	var found []ippool.Holding
	for i := range claims.Items {
		claim := &claims.Items[i]
		pools, here := refs[client.ObjectKey{Namespace: claim.Namespace, Name: claim.Spec.PoolRef.Name}]
		if holding, holds := ofClaim(claim, given[client.ObjectKeyFromObject(claim)], pools); here && holds {
			found = append(found, holding)
		}
	}
	return found, nil
}

func ignoreNoMatch(err error) error {
	if meta.IsNoMatchError(err) {
		return nil
	}
	return fmt.Errorf("list the IPAddressClaims and IPAddresses: %w", err)
}

// OfMachine is what a machine's status says that it holds of pools on Harvester.
func OfMachine(machine *infrav1.HarvesterMachine, targetNamespace string) []ippool.Holding {
	var found []ippool.Holding
	add := func(index int, address, pool string) {
		addr, err := netip.ParseAddr(address)
		if err != nil || pool == "" {
			return
		}
		found = append(found, ippool.Holding{
			Pools: []string{pool}, Address: addr.Unmap(), Owner: names.CardAddressOwner(targetNamespace, machine.Name, index),
			Leaving: !machine.DeletionTimestamp.IsZero(), Object: machine,
		})
	}
	add(0, machine.Status.AllocatedIPAddress, machine.Status.AllocatedPoolRef)
	for _, held := range machine.Status.AllocatedAddresses {
		if index := int(ptr.Deref(held.Index, 0)); index != 0 && held.ClaimRef == "" {
			add(index, held.Address, held.PoolRef)
		}
	}
	return found
}

// ofClaim is what a claim holds by its IPAddress, which may be nil. An id that is not of this claim's form is not believed.
func ofClaim(claim *ipamv1.IPAddressClaim, given *ipamv1.IPAddress, pools []string) (ippool.Holding, bool) {
	owner := claim.Annotations[infrav1.AddressOwnerAnnotation]
	if given == nil || given.Spec.ClaimRef.Name != claim.Name || given.Spec.PoolRef != claim.Spec.PoolRef ||
		claim.Spec.PoolRef.APIGroup != infrav1.GroupVersion.Group || !names.IsClaimAddressOwner(owner, claim.Namespace, claim.Name) {
		return ippool.Holding{}, false
	}
	addr, err := netip.ParseAddr(given.Spec.Address)
	if err != nil {
		return ippool.Holding{}, false
	}
	return ippool.Holding{
		Pools: pools, Address: addr.Unmap(), Owner: owner, Leaving: !claim.DeletionTimestamp.IsZero(), Object: claim,
	}, true
}
