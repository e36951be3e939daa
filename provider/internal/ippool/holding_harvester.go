package ippool

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// listPage bounds one answer of Harvester, in objects.
const listPage = 500

// harvesterHoldings asks Harvester itself who holds addresses: its load balancers, and then the VMs of every management
// cluster. It is asked only about a pool that is blank or has lost entries.
func harvesterHoldings(ctx context.Context, c client.Client, pool string) ([]Holding, error) {
	balancers, instances := &lbv1.LoadBalancerList{}, &kubevirtv1.VirtualMachineInstanceList{}
	found, err := pages(ctx, c, balancers, func() []Holding { return balancerHoldings(balancers.Items) })
	if err != nil {
		return nil, fmt.Errorf("list the load balancers, as IPPool %q may have lost who holds its addresses: %w", pool, err)
	}
	running, err := pages(ctx, c, instances, func() []Holding { return instanceHoldings(instances.Items, pool) },
		client.MatchingLabels{infrav1.ManagedByLabel: infrav1.ManagedByValue})
	if err != nil {
		return nil, fmt.Errorf("list the VM instances, as IPPool %q may have lost who holds its addresses: %w", pool, err)
	}
	return append(found, running...), nil
}

func pages(ctx context.Context, c client.Client, list client.ObjectList, read func() []Holding, options ...client.ListOption) ([]Holding, error) {
	var found []Holding
	for {
		if err := c.List(ctx, list, append(options, client.Limit(listPage), client.Continue(list.GetContinue()))...); err != nil {
			return nil, err
		}
		found = append(found, read()...)
		if list.GetContinue() == "" {
			return found, nil
		}
	}
}

func balancerHoldings(balancers []lbv1.LoadBalancer) []Holding {
	var found []Holding
	for i := range balancers {
		given := balancers[i].Status.AllocatedAddress
		addr, err := netip.ParseAddr(given.IP)
		if err != nil || given.IPPool == "" {
			continue
		}
		owner := names.LoadBalancerOwner(balancers[i].Namespace, balancers[i].Name)
		found = append(found, Holding{Pools: []string{given.IPPool}, Address: addr.Unmap(), Owner: owner})
	}
	return found
}

// instanceHoldings are what running VMs report, one address for each network interface. A guest reports what it likes, so
// this comes last: it keeps an address back for a machine of which nothing else is known, and takes none from anyone.
func instanceHoldings(instances []kubevirtv1.VirtualMachineInstance, pool string) []Holding {
	var found []Holding
	for i := range instances {
		instance := &instances[i]
		for _, reported := range instance.Status.Interfaces {
			addr, err := netip.ParseAddr(reported.IP)
			index, ours := names.NICIndex(reported.Name)
			if err != nil || !ours {
				continue
			}
			owner := names.CardAddressOwner(instance.Namespace, instance.Name, index)
			// The second name never exists: it has the ranges decide, as nobody says which pool the address is of.
			found = append(found, Holding{Pools: []string{pool, ""}, Address: addr.Unmap(), Owner: owner})
		}
	}
	slices.SortFunc(found, func(a, b Holding) int { return cmp.Compare(a.Owner, b.Owner) })
	return found
}
