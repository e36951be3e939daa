package addressclaim

import (
	"context"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/holdings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
)

// reasons are the contract's words for ours; anything else is a failed allocation.
var reasons = map[string]string{
	infrav1.PoolExhaustedReason: ipamv1.IPAddressClaimReadyPoolExhaustedReason,
	infrav1.PoolNotFoundReason:  ipamv1.IPAddressClaimReadyPoolNotReadyReason,
	infrav1.PoolInvalidReason:   ipamv1.IPAddressClaimReadyPoolNotReadyReason,
	infrav1.PoolMismatchReason:  ipamv1.IPAddressClaimReadyPoolNotReadyReason,
}

// fail says in the contract's words what went wrong.
func fail(err error, fallback string) phase.Outcome {
	if apierrors.IsConflict(err) {
		return phase.Again()
	}
	outcome := phase.Fail(err, fallback)
	if reason, known := reasons[outcome.Reason]; known {
		outcome.Reason = reason
	}
	return outcome
}

// connect finds the way to Harvester. Once it can be found where it could not, the pool says so, which is an event.
func (r *ClaimReconciler) connect(ctx context.Context, s *scope) phase.Outcome {
	switch {
	case s.pool == nil:
		return phase.Wait(ipamv1.IPAddressClaimReadyPoolNotReadyReason,
			fmt.Sprintf("HarvesterIPPool %s/%s does not exist", s.claim.Namespace, s.claim.Spec.PoolRef.Name))
	case !s.poolStays() && s.claim.Status.AddressRef.Name == "":
		return phase.Wait(ipamv1.IPAddressClaimReadyPoolNotReadyReason, fmt.Sprintf("HarvesterIPPool %s is new, or is being deleted", s.pool.Name))
	}
	var err error
	if s.harvester, err = r.Identities.ConnectPool(ctx, s.pool); err != nil {
		return fail(err, ipamv1.IPAddressClaimReadyPoolNotReadyReason)
	}
	return phase.Unchanged()
}

// allocate takes an address, or finds the one that the claim holds. A claim that has its IPAddress keeps that address,
// whatever became of the pool meanwhile.
func (r *ClaimReconciler) allocate(ctx context.Context, s *scope) phase.Outcome {
	published := r.published(s)
	if lease, held := r.heldLease(ctx, s, published); held {
		s.lease = lease
		return phase.Unchanged()
	}
	request := ipam.Request{Owner: s.owner(), Pools: s.pool.Spec.IPPoolRefs, Address: published}
	lease, err := r.allocatorFor(s).Allocate(ctx, request)
	if err != nil {
		r.Metrics.RecordIPAllocation(err)
		return fail(err, ipamv1.IPAddressClaimReadyAllocationFailedReason)
	}
	s.lease, s.fresh = lease, lease.Address != published
	return phase.Unchanged()
}

// published is the address in the claim's IPAddress; the zero address when there is none.
func (r *ClaimReconciler) published(s *scope) netip.Addr {
	if s.address == nil || !isFor(s.address, s.claim) {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(s.address.Spec.Address)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// heldLease finds a published address in the cache. This keeps a claim at rest from asking Harvester anything.
func (r *ClaimReconciler) heldLease(ctx context.Context, s *scope, published netip.Addr) (ipam.Lease, bool) {
	pools := &lbv1.IPPoolList{}
	if !published.IsValid() || s.harvester.Cache().List(ctx, pools) != nil {
		return ipam.Lease{}, false
	}
	for i := range pools.Items {
		pool, err := ippool.FromTyped(&pools.Items[i])
		if err == nil && pool.Allocated[published] == s.owner() {
			return leaseOf(pool, published), true
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

func (r *ClaimReconciler) allocatorFor(s *scope) *ipam.Allocator {
	known := holdings.Source{Client: r.Client, Identities: r.Identities, Recorder: r.Recorder}
	return r.allocators.For(identity.PoolKey(s.pool), s.harvester, known.Store(s.harvester.RESTConfig().Host))
}

// event tells the operator what was done.
func (r *ClaimReconciler) event(s *scope, reason, action, format string, args ...any) {
	tell.Event(r.Recorder, s.claim, corev1.EventTypeNormal, reason, action, format, args...)
}
