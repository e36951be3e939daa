package harvestermachine

import (
	"context"
	"net/netip"

	"k8s.io/apimachinery/pkg/types"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// address makes sure that the machine holds an address of a pool, if it is to have one. The pool on Harvester is the
// record; the status repeats it. Asking again gives the same address, so an interrupted reconcile loses none.
func (r *Reconciler) address(ctx context.Context, s *scope) phase.Outcome {
	switch {
	case s.machine.Spec.NetworkConfig != nil:
		return phase.Done(infrav1.AddressFixedReason, "")
	case len(candidatePools(s)) == 0 && s.machine.Status.AllocatedIPAddress == "":
		return phase.Done(infrav1.AddressFromDHCPReason, "")
	}
	lease, held := r.heldLease(ctx, s)
	if !held {
		var err error
		if lease, err = r.allocate(ctx, s); err != nil {
			return phase.Fail(err, infrav1.AddressAllocationFailedReason)
		}
	}
	s.lease = lease
	s.machine.Status.AllocatedIPAddress = lease.Address.String()
	s.machine.Status.AllocatedPoolRef = lease.Pool
	return phase.Done(infrav1.AddressAllocatedReason, "")
}

// candidatePools are the pools to try, in order: the machine's own, else the cluster's, else the one that was made for
// the cluster.
func candidatePools(s *scope) []string {
	if pools := s.machine.Spec.VMNetworkConfig.PoolRefs(); len(pools) > 0 {
		return pools
	}
	config := s.infraCluster.Spec.VMNetworkConfig
	if pools := config.PoolRefs(); len(pools) > 0 {
		return pools
	}
	if config != nil && config.IPPool != nil {
		return []string{names.VMPool(s.infraCluster.Namespace, s.clusterName())}
	}
	return nil
}

// heldLease finds, in the cache, the lease that the status records. This keeps a machine at rest from asking Harvester
// anything; if the cache does not confirm the record, it is looked for live.
func (r *Reconciler) heldLease(ctx context.Context, s *scope) (ipam.Lease, bool) {
	recorded := s.allocatedAddress()
	if !recorded.IsValid() || s.machine.Status.AllocatedPoolRef == "" {
		return ipam.Lease{}, false
	}
	object := &lbv1.IPPool{}
	key := types.NamespacedName{Name: s.machine.Status.AllocatedPoolRef}
	if err := s.harvester.Cache().Get(ctx, key, object); err != nil {
		return ipam.Lease{}, false
	}
	pool, err := ippool.FromTyped(object)
	if err != nil {
		return ipam.Lease{}, false
	}
	for _, owner := range s.addressOwners() {
		if pool.Allocated[recorded] == owner {
			return leaseOf(pool, recorded), true
		}
	}
	return ipam.Lease{}, false
}

func leaseOf(pool ipam.Pool, addr netip.Addr) ipam.Lease {
	lease := ipam.Lease{Pool: pool.Name, Address: addr}
	for _, r := range pool.Ranges {
		if r.Contains(addr) {
			lease.Subnet, lease.Gateway = r.Subnet, r.Gateway
		}
	}
	return lease
}

// allocate takes an address, or finds the one that an earlier attempt took. A machine that has a VM must keep the
// address that its guest uses, so then that very address is asked for.
func (r *Reconciler) allocate(ctx context.Context, s *scope) (ipam.Lease, error) {
	owners := s.addressOwners()
	request := ipam.Request{Owner: owners[0], Aliases: owners[1:], Pools: candidatePools(s)}
	if recorded := s.allocatedAddress(); recorded.IsValid() && s.vm != nil {
		request.Address = recorded
		request.Pools = append([]string{s.machine.Status.AllocatedPoolRef}, request.Pools...)
	}
	if len(s.references.networks) > 0 {
		request.Network = s.references.networks[0].ID()
	}
	s.made = true
	lease, err := r.allocatorFor(s).Allocate(ctx, request)
	if err != nil {
		r.Metrics.RecordIPAllocation(err)
		return ipam.Lease{}, err
	}
	if lease.Address == s.allocatedAddress() {
		return lease, nil // It was found, not allocated: the cache lagged behind the pool.
	}
	r.Metrics.RecordIPAllocation(nil)
	r.event(ctx, s, "AddressAllocated", "Allocate", "Allocated %s from pool %s", lease.Address, lease.Pool)
	return lease, nil
}

func (r *Reconciler) allocatorFor(s *scope) *ipam.Allocator {
	return r.allocators.For(identity.Key(s.infraCluster), s.harvester)
}
