package dashboard

import (
	"fmt"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// chosen are the series of the namespaces and clusters that the user chose.
func chosen(family string) string {
	return fmt.Sprintf(`%s{%s=~"$%s", %s=~"$%s"}`, family, observability.LabelClusterNamespace, namespaceVariable, observability.LabelCluster, clusterVariable)
}

var (
	byCluster = []string{observability.LabelClusterNamespace, observability.LabelCluster}
	byMachine = append(append([]string{}, byCluster...), observability.LabelMachine)
)

// latest is one value for each object, although two replicas may report it while one hands over.
func latest(family string, by []string) string {
	return fmt.Sprintf("max by (%s) (%s)", strings.Join(by, ", "), chosen(family))
}

// latestOfPool is latest for pools, which belong to no single cluster.
func latestOfPool(family string) string {
	return fmt.Sprintf("max by (%s) (%s)", observability.LabelPool, family)
}

// within is how often something was counted in a time.
func within(family, window string) string {
	return fmt.Sprintf("sum(increase(%s[%s]))", family, window)
}

// quantile is below which a share of the observations of a time lies.
func quantile(share float64, family, window string, by ...string) string {
	return fmt.Sprintf("histogram_quantile(%g, sum by (%s) (increase(%s_bucket[%s])))", share, strings.Join(append([]string{"le"}, by...), ", "), family, window)
}

// ours are the series of the manager's processes.
func ours(family string, more ...string) string {
	return fmt.Sprintf("%s{%s}", family, strings.Join(append([]string{fmt.Sprintf("job=%q", alerts.Job)}, more...), ", "))
}

// rateInterval is the window that Grafana derives from the scrape interval.
const rateInterval = "$__rate_interval"

// rare is the window for what happens a few times in an hour.
const rare = "1h"
