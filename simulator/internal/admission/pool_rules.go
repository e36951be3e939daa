package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/balancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/iprange"
)

// poolRules are the load balancer webhook's for IPPools. All refusals are HTTP 500.
type poolRules struct{ reader client.Reader }

// mutate labels a pool with its VLAN and whether it is the global one. A network that cannot be resolved refuses the
// request, whoever makes it and whatever it changes.
func (r poolRules) mutate(ctx context.Context, _, pool *lbv1.IPPool) error {
	if !pool.DeletionTimestamp.IsZero() {
		return nil
	}
	vlan, err := r.vlan(ctx, pool.Spec.Selector.Network)
	if err != nil {
		return fmt.Errorf("pool %s: %w", pool.Name, err)
	}
	if pool.Labels == nil {
		pool.Labels = map[string]string{}
	}
	pool.Labels[lbv1.IPPoolVIDLabel] = strconv.Itoa(vlan)
	pool.Labels[lbv1.IPPoolGlobalLabel] = strconv.FormatBool(isGlobal(pool))
	return nil
}

// vlan is that of a network; zero without one.
func (r poolRules) vlan(ctx context.Context, network string) (int, error) {
	if network == "" {
		return 0, nil
	}
	namespace, name, ok := strings.Cut(network, "/")
	if !ok || strings.Contains(name, "/") {
		return 0, fmt.Errorf("invalid network %q: write it as <namespace>/<name>", network)
	}
	definition := &nadv1.NetworkAttachmentDefinition{}
	if err := r.reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, definition); err != nil {
		return 0, err
	}
	if text, ok := definition.Labels[nadv1.LabelVLANID]; ok {
		return strconv.Atoi(text)
	}
	var config struct {
		VLAN int `json:"vlan"`
	}
	if err := json.Unmarshal([]byte(definition.Spec.Config), &config); err != nil {
		return 0, fmt.Errorf("config of network %s: %w", network, err)
	}
	return config.VLAN, nil
}

func (r poolRules) create(ctx context.Context, _, pool *lbv1.IPPool) error {
	return r.check(ctx, pool, false)
}

func (r poolRules) update(ctx context.Context, _, pool *lbv1.IPPool) error {
	if !pool.DeletionTimestamp.IsZero() {
		return nil
	}
	return r.check(ctx, pool, true)
}

func (r poolRules) remove(_ context.Context, pool *lbv1.IPPool, _ string) error {
	if len(pool.Status.Allocated) != 0 {
		return errors.New("can't delete pool before releasing all the allocated IP")
	}
	return nil
}

func (r poolRules) check(ctx context.Context, pool *lbv1.IPPool, allocated bool) error {
	others := &lbv1.IPPoolList{}
	if err := r.reader.List(ctx, others); err != nil {
		return err
	}
	others.Items = slices.DeleteFunc(others.Items, func(other lbv1.IPPool) bool { return other.Name == pool.Name })
	ranges, err := checkRanges(pool, others.Items)
	if err == nil && allocated {
		err = checkAllocated(pool, ranges)
	}
	if err == nil {
		err = checkSelector(pool, others.Items)
	}
	if err != nil {
		return fmt.Errorf("pool %s: %w", pool.Name, err)
	}
	return nil
}

// checkRanges refuses ranges that cannot be, and those that overlap any other of the cluster, on whatever network.
func checkRanges(pool *lbv1.IPPool, others []lbv1.IPPool) (iprange.Set, error) {
	if len(pool.Spec.Ranges) == 0 {
		return nil, errors.New("range can't be empty")
	}
	ranges, err := iprange.ParseAll(pool.Spec.Ranges)
	if err != nil {
		return nil, err
	}
	if first, second, ok := ranges.Overlapping(); ok {
		return nil, fmt.Errorf("there are overlaps between range %s and %s", first, second)
	}
	for i := range others {
		theirs, err := iprange.ParseAll(others[i].Spec.Ranges)
		if err != nil {
			return nil, err
		}
		if ranges.Overlaps(theirs) {
			return nil, fmt.Errorf("the ranges %s overlap with other pools", ranges)
		}
	}
	return ranges, nil
}

// checkAllocated refuses to exclude an address that somebody holds, and to enter one that is not of the pool.
func checkAllocated(pool *lbv1.IPPool, ranges iprange.Set) error {
	var excluded []string
	for text := range pool.Status.Allocated {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("invalid ip string %s", text)
		}
		if !ranges.Contains(addr) {
			excluded = append(excluded, text)
		}
	}
	if len(excluded) == 0 {
		return nil
	}
	slices.Sort(excluded)
	return fmt.Errorf("allocated IP %s is excluded", excluded[0])
}

// checkSelector keeps it decidable which pool a load balancer gets an address from.
func checkSelector(pool *lbv1.IPPool, others []lbv1.IPPool) error {
	if isGlobal(pool) {
		for i := range others {
			if others[i].Labels[lbv1.IPPoolGlobalLabel] == "true" {
				return fmt.Errorf("there is already a global IP pool: %s", others[i].Name)
			}
		}
		return nil
	}
	own := pool.Spec.Selector
	for i, scope := range own.Scope {
		rest := lbv1.Selector{Network: own.Network, Scope: own.Scope[i+1:]}
		if balancer.Matches(rest, requirement(own.Network, scope)) {
			return errors.New("selector is invalid: scope overlaps")
		}
	}
	for i := range others {
		if err := checkAgainst(own, &others[i]); err != nil {
			return err
		}
	}
	return nil
}

// checkAgainst compares a selector with another pool's.
func checkAgainst(own lbv1.Selector, other *lbv1.IPPool) error {
	theirs := other.Spec.Selector
	switch {
	case isGlobal(other):
		return nil
	case theirs.Priority != 0 && theirs.Priority == own.Priority:
		return fmt.Errorf("the priority can't be the same as the pool %s", other.Name)
	case theirs.Priority != 0 || own.Priority != 0:
		return nil
	}
	for _, scope := range own.Scope {
		if balancer.Matches(theirs, requirement(own.Network, scope)) {
			return fmt.Errorf("scope selector is same as the pool %s with priority 0 Project %s Namespace %s GuestCluster %s, set a different priority or scope", other.Name, scope.Project, scope.Namespace, scope.GuestCluster)
		}
	}
	return nil
}

func requirement(network string, scope lbv1.Tuple) balancer.Requirement {
	return balancer.Requirement{Network: network, Project: scope.Project, Namespace: scope.Namespace, Cluster: scope.GuestCluster}
}

// isGlobal tells whether a pool has the one scope that matches everything.
func isGlobal(pool *lbv1.IPPool) bool {
	scope := pool.Spec.Selector.Scope
	return len(scope) == 1 && scope[0] == lbv1.Tuple{Project: "*", Namespace: "*", GuestCluster: "*"}
}
