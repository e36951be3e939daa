package balancer

import (
	"context"
	"errors"
	"fmt"
	"net"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/pool"
)

// Reasons why a load balancer has no address; their texts end up in the Ready condition.
var (
	errNoMatchedPool = errors.New("no matched IPPool")
	errNoAllocator   = errors.New("fail to get allocator")
	// errStale is no reason: the pass is done again once the cache has caught up.
	errStale = errors.New("the object changed meanwhile")
)

// noGateway is what upstream writes for a pool without gateway: a nil printed.
const noGateway = "<nil>"

// ensureAddress fills status.allocatedAddress in. What it changes in lb is not written yet.
func (c *Controller) ensureAddress(ctx context.Context, lb *lbv1.LoadBalancer) error {
	allocated := &lb.Status.AllocatedAddress
	if lb.Spec.IPAM == lbv1.DHCP {
		if allocated.IP != lbv1.DHCPPlaceholder {
			*allocated = lbv1.AllocatedAddress{IP: lbv1.DHCPPlaceholder}
		}
		return nil
	}
	if lb.Spec.IPPool != "" && allocated.IPPool != "" && allocated.IPPool != lb.Spec.IPPool {
		if err := c.release(ctx, lb, allocated.IPPool); err != nil {
			return err
		}
		*allocated = lbv1.AllocatedAddress{}
		return nil
	}
	if allocated.IPPool != "" {
		return nil
	}
	if err := c.checkFresh(ctx, lb); err != nil {
		return err
	}
	name, err := c.choosePool(ctx, lb)
	if err != nil {
		return err
	}
	lease, err := c.allocate(ctx, lb, name)
	if err != nil {
		return err
	}
	*allocated = describe(name, lease)
	return nil
}

// checkFresh makes sure that the load balancer really has no address. The cache may be older than the allocation of the
// pass before; going by it would end in a duplicate allocation, and healing that would take the address away again.
func (c *Controller) checkFresh(ctx context.Context, lb *lbv1.LoadBalancer) error {
	current := &lbv1.LoadBalancer{}
	if err := c.Live.Get(ctx, client.ObjectKeyFromObject(lb), current); err != nil {
		return fmt.Errorf("read load balancer: %w", err)
	}
	if current.ResourceVersion != lb.ResourceVersion {
		return errStale
	}
	return nil
}

func describe(name string, lease pool.Lease) lbv1.AllocatedAddress {
	gateway := noGateway
	if lease.Range.Gateway.IsValid() {
		gateway = lease.Range.Gateway.String()
	}
	return lbv1.AllocatedAddress{
		IPPool: name, IP: lease.Address.String(), Gateway: gateway,
		Mask: net.IP(net.CIDRMask(lease.Range.Subnet.Bits(), lease.Address.BitLen())).String(),
	}
}

// choosePool is the named pool, whether or not it exists, or the one that matches best.
func (c *Controller) choosePool(ctx context.Context, lb *lbv1.LoadBalancer) (string, error) {
	if lb.Spec.IPPool != "" {
		return lb.Spec.IPPool, nil
	}
	pools := &lbv1.IPPoolList{}
	if err := c.Client.List(ctx, pools); err != nil {
		return "", fmt.Errorf("list pools: %w", err)
	}
	want := RequirementOf(lb)
	found, ok := Select(pools.Items, want, c.Quirks.LoosePools && lb.Spec.WorkloadType == lbv1.Cluster)
	if !ok {
		return "", fmt.Errorf("%w with requirement %+v", errNoMatchedPool, want)
	}
	return found.Name, nil
}

// allocate takes an address. When the id holds one already although the load balancer does not know it, that one is
// released, and the next attempt gets it again through the history (Harvester 1.5 and later).
func (c *Controller) allocate(ctx context.Context, lb *lbv1.LoadBalancer, name string) (pool.Lease, error) {
	ranges, ok := c.Registry.Ranges(name)
	if !ok {
		return pool.Lease{}, fmt.Errorf("%w %s", errNoAllocator, name)
	}
	object := &lbv1.IPPool{}
	if err := c.Client.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
		return pool.Lease{}, fmt.Errorf("read pool %s: %w", name, err)
	}
	lease, changed, err := pool.Allocate(object, ranges, allocationID(lb))
	if errors.Is(err, pool.ErrDuplicate) && c.Quirks.DuplicateAllocationHeals && pool.Release(object, allocationID(lb)) {
		return lease, errors.Join(err, c.Client.Update(ctx, object))
	}
	if err != nil || !changed {
		return lease, err
	}
	if err := c.Client.Update(ctx, object); err != nil {
		return lease, fmt.Errorf("fail to reserve %s into %s: %w", lease.Address, name, err)
	}
	c.Log.V(1).Info("load balancer address allocated", "loadBalancer", allocationID(lb), "pool", name, "address", lease.Address)
	return lease, nil
}

// release gives the load balancer's address back to the pool that it came from.
func (c *Controller) release(ctx context.Context, lb *lbv1.LoadBalancer, name string) error {
	if _, ok := c.Registry.Ranges(name); !ok {
		return fmt.Errorf("fail to release ip %s: %w %s", lb.Status.AllocatedAddress.IP, errNoAllocator, name)
	}
	object := &lbv1.IPPool{}
	if err := c.Client.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
		return fmt.Errorf("read pool %s: %w", name, err)
	}
	if !pool.Release(object, allocationID(lb)) {
		return nil
	}
	if err := c.Client.Update(ctx, object); err != nil {
		return fmt.Errorf("fail to release ip %s to pool %s: %w", lb.Status.AllocatedAddress.IP, name, err)
	}
	return nil
}

func allocationID(lb *lbv1.LoadBalancer) string { return lb.Namespace + "/" + lb.Name }

// isVM tells whether traffic goes to virtual machines; an empty type means so.
func isVM(lb *lbv1.LoadBalancer) bool { return lb.Spec.WorkloadType != lbv1.Cluster }

func ingressAddress(service *corev1.Service) string {
	if len(service.Status.LoadBalancer.Ingress) == 0 {
		return ""
	}
	return service.Status.LoadBalancer.Ingress[0].IP
}
