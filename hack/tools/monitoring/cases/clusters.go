package cases

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

func ofCluster(severity, cluster string) string {
	return fmt.Sprintf(`{%s, severity=%q}`, identify(cluster), severity)
}

func clusterSeries(metric, instance, cluster string, values ...string) Series {
	return series(target(metric, instance, ", "+identify(cluster)), values...)
}

// identify are the labels of a cluster, which is written as its name, or as namespace/name.
func identify(cluster string) string {
	namespace, name, found := strings.Cut(cluster, "/")
	if !found {
		namespace, name = "ns", cluster
	}
	return fmt.Sprintf("cluster=%q, cluster_namespace=%q", name, namespace)
}

func clusterCases() []Case {
	const remediations = observability.MachineRemediationsTotal
	return slices.Concat(
		goneBad(alerts.ClusterNotReady, observability.ClusterReady, 10),
		goneBad(alerts.HarvesterUnreachable, observability.HarvesterConnected, 5),
		[]Case{
			{
				Alert: alerts.RemediationLoop, Name: "three machines within 40 minutes",
				Series: []Series{clusterSeries(remediations, "a", "c", rep(0, 10), rep(1, 20), rep(2, 20), rep(3, 150))},
				Checks: []Check{silent(50), firing(51, ofCluster("warning", "c")), firing(100, ofCluster("warning", "c")), silent(180)},
			},
			{
				Alert: alerts.RemediationLoop, Name: "two machines of one cluster, one of another, and one of a cluster of the same name",
				Series: []Series{
					clusterSeries(remediations, "a", "c", rep(0, 10), rep(1, 20), rep(2, 170)),
					clusterSeries(remediations, "a", "d", rep(0, 10), rep(1, 190)),
					clusterSeries(remediations, "a", "other/c", rep(0, 10), rep(1, 190)),
				},
				Checks: []Check{silent(12), silent(45), silent(100)},
			},
		},
	)
}

// goneBad are the cases of a gauge of a cluster that is 1 when all is well; the alert waits for some minutes.
func goneBad(alert, metric string, wait int) []Case {
	bad := ofCluster("critical", "c")
	return []Case{
		{
			Alert: alert, Name: "it is so from the start, and the manager restarts",
			Series: []Series{
				clusterSeries(metric, "a", "c", rep(0, wait-2)),
				clusterSeries(metric, "b", "c", gap(wait+1), rep(0, 20), rep(1, 20)),
			},
			Checks: []Check{silent(wait - 1), firing(wait, bad), firing(wait+15, bad), silent(wait + 22)},
		},
		{
			Alert: alert, Name: "it becomes so, and the cluster goes",
			Series: []Series{clusterSeries(metric, "a", "c", rep(1, 10), rep(0, 30))},
			Checks: []Check{silent(13 + wait), firing(15+wait, bad), firing(42, bad), silent(46)},
		},
		{
			Alert: alert, Name: "all is well, but for three minutes",
			Series: []Series{clusterSeries(metric, "a", "c", rep(1, 10), rep(0, 3), rep(1, 50)), clusterSeries(metric, "a", "d", rep(1, 60))},
			Checks: []Check{silent(5), silent(13), silent(18), silent(30)},
		},
	}
}
