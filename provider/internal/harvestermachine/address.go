package harvestermachine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/holdings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
)

// address makes sure that the machine's network cards hold their addresses, if they are to have any from pools. The pools
// are the record; the status repeats it. Asking again gives the same addresses, so an interrupted reconcile loses none.
func (r *Reconciler) address(ctx context.Context, s *scope) phase.Outcome {
	cards := cards(s)
	claimed := r.claim(ctx, s, cards)
	if claimed.Stop && s.vm == nil {
		return claimed
	}
	if err := r.lease(ctx, s, cards); err != nil {
		return r.withoutLease(ctx, s, err)
	}
	if claimed.Stop {
		return claimed.Continue() // The guest has its addresses already, whatever became of the claims.
	}
	record(s, cards)
	switch {
	case len(cards) > 0:
		return phase.Done(infrav1.AddressAllocatedReason, "")
	case fixed(&s.machine.Spec):
		return phase.Done(infrav1.AddressFixedReason, "")
	default:
		return phase.Done(infrav1.AddressFromDHCPReason, "")
	}
}

// fixed tells whether the spec itself holds an address.
func fixed(spec *infrav1.HarvesterMachineSpec) bool {
	return spec.NetworkConfig != nil ||
		slices.ContainsFunc(spec.NetworkInterfaces, func(i infrav1.NetworkInterface) bool { return len(i.Addresses) > 0 })
}

// withoutLease says why a network interface holds no address. A guest that runs goes on with the address that it has: it is
// still followed, and a person has to see to it if another owner holds the address.
func (r *Reconciler) withoutLease(ctx context.Context, s *scope, err error) phase.Outcome {
	outcome := phase.Fail(err, infrav1.AddressAllocationFailedReason)
	if s.vm == nil {
		return outcome
	}
	if errors.Is(err, ipam.ErrUnavailable) && conditions.IsTrue(s.machine, infrav1.AddressReadyCondition) {
		r.warning(ctx, s, infrav1.AddressLostEvent, "Allocate", "VM %s uses an address that its pool does not hold for it: %v", s.vmKey(), err)
	}
	return outcome.Continue()
}

// lease makes sure that every card that takes its address from pools on Harvester holds one: all of them, or none more
// than before.
func (r *Reconciler) lease(ctx context.Context, s *scope, cards []card) error {
	s.leases = map[int]ipam.Lease{}
	if err := r.trustLegacyOwner(ctx, s); err != nil {
		return err
	}
	var missing []card
	var requests []ipam.Request
	for _, c := range cards {
		if !c.fromHarvester() {
			continue
		}
		lease, held := r.recordedLease(ctx, s, c.index)
		if lease.Address.IsValid() && (held || s.vm != nil) {
			s.leases[c.index] = lease // It is what the guest uses, even if the pool has lost it.
		}
		if held {
			continue
		}
		missing, requests = append(missing, c), append(requests, request(s, c))
	}
	if len(requests) == 0 {
		return nil
	}
	s.made = true
	leases, err := r.allocatorFor(s).AllocateAll(ctx, requests...)
	if err != nil {
		r.Metrics.RecordIPAllocation(err)
		return err
	}
	for i, c := range missing {
		s.leases[c.index] = leases[i]
		if known, _ := recorded(s, c.index); known == leases[i].Address {
			continue // It was found, not allocated: the cache lagged behind the pool.
		}
		r.Metrics.RecordIPAllocation(nil)
		r.eventAbout(ctx, s, tell.Address(leases[i].Pool, leases[i].Address.String()), infrav1.AddressAllocatedReason, "Allocate",
			"Allocated %s from pool %s", leases[i].Address, leases[i].Pool)
	}
	return nil
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
		return []string{s.whose().VMPool()}
	}
	return nil
}

// recordedLease is the lease that the status records for an interface, and whether the cache confirms it. This keeps a
// machine at rest from asking Harvester anything; if the cache does not confirm the record, it is looked for live.
func (r *Reconciler) recordedLease(ctx context.Context, s *scope, index int) (lease ipam.Lease, held bool) {
	addr, name := recorded(s, index)
	if !addr.IsValid() || name == "" {
		return ipam.Lease{}, false
	}
	lease = ipam.Lease{Pool: name, Address: addr}
	object := &lbv1.IPPool{}
	if err := s.harvester.Cache().Get(ctx, types.NamespacedName{Name: name}, object); err != nil {
		return lease, false
	}
	pool, err := ippool.FromTyped(object)
	if err != nil {
		return lease, false
	}
	owner, held := pool.Allocated[addr]
	return leaseOf(pool, addr), held && slices.Contains(s.cardOwners(index), owner)
}

// trustLegacyOwner finds out whether an entry in the old form is this machine's. A load balancer of that name in that
// namespace has the same id: if there is one, the entry is the load balancer's, and is neither used nor released.
func (r *Reconciler) trustLegacyOwner(ctx context.Context, s *scope) error {
	s.legacyOwner = ""
	id := names.LegacyAddressOwner(s.machine.Namespace, s.machine.Name)
	pools := &lbv1.IPPoolList{}
	if err := s.harvester.Cache().List(ctx, pools); err != nil {
		return fmt.Errorf("list the pools: %w", err)
	}
	if !slices.ContainsFunc(pools.Items, func(pool lbv1.IPPool) bool { return holdsAny(&pool, id) }) {
		return nil
	}
	balancer := &metav1.PartialObjectMetadata{}
	balancer.SetGroupVersionKind(lbv1.GroupVersion.WithKind("LoadBalancer"))
	err := s.harvester.Client().Get(ctx, client.ObjectKey{Namespace: s.machine.Namespace, Name: s.machine.Name}, balancer)
	switch {
	case apierrors.IsNotFound(err):
		s.legacyOwner = id
	case err != nil:
		return fmt.Errorf("see whether %s is a load balancer's: %w", id, err)
	}
	return nil
}

func holdsAny(pool *lbv1.IPPool, owners ...string) bool {
	for _, owner := range pool.Status.Allocated {
		if slices.Contains(owners, owner) {
			return true
		}
	}
	return false
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

// request asks for a card's address, or for the one that an earlier attempt took. A machine that has a VM must keep the
// address that its guest uses, so then that very address is asked for.
func request(s *scope, c card) ipam.Request {
	owners := s.cardOwners(c.index)
	asked := ipam.Request{Owner: owners[0], Aliases: owners[1:], Pools: c.pools}
	if addr, pool := recorded(s, c.index); addr.IsValid() && s.vm != nil {
		asked.Address, asked.InUse = addr, true
		asked.Pools = append([]string{pool}, c.pools...)
	}
	if c.index < len(s.references.networks) {
		asked.Network = s.references.networks[c.index].ID()
	}
	return asked
}

func (r *Reconciler) allocatorFor(s *scope) *ipam.Allocator {
	known := holdings.Source{Client: r.Client, Identities: r.Identities, Recorder: r.Recorder}
	return r.allocators.For(identity.Key(s.infraCluster), s.harvester, known.Store(s.harvester.RESTConfig().Host))
}
