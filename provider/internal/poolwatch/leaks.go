package poolwatch

import (
	"slices"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
)

// suspects are the addresses that pools hold for machines in one of the target namespaces of which the holders know
// nothing. Load balancers, machines of other namespaces, and what v0.2.x wrote are not judged: they may be others'.
func suspects(pools []lbv1.IPPool, holders *poolaudit.Holders, targets []string) []poolaudit.Finding {
	findings := poolaudit.Audit(pools, holders)
	return slices.DeleteFunc(findings, func(f poolaudit.Finding) bool {
		namespace, _, ours := names.VMOfAddressOwner(f.Owner)
		return f.Kind != poolaudit.Leak || !ours || !slices.Contains(targets, namespace)
	})
}

// count is how many leaks each pool has; pools without any count zero.
func count(pools []lbv1.IPPool, leaks []poolaudit.Finding) map[string]int {
	counts := make(map[string]int, len(pools))
	for _, pool := range pools {
		counts[pool.Name] = 0
	}
	for _, leak := range leaks {
		counts[leak.Pool]++
	}
	return counts
}
