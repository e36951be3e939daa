package alerts

import (
	"fmt"
	"strings"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

// bridge is the window over which gauges are looked at: it bridges a restart of the manager and a lost scrape.
const bridge = "5m"

// errorsWindow is the window over which failures are counted. The pause between attempts grows up to 2 minutes in the
// provider and to 17 in what calls it, so a shorter one would flap.
const errorsWindow = 20 * time.Minute

// latest is a gauge over the bridge, merged over replicas.
func latest(metric, selector string, labels ...string) string {
	return fmt.Sprintf("max by (%s) (max_over_time(%s%s[%s]))", by(labels), metric, selector, bridge)
}

// latestOfCluster is a gauge of a cluster.
func latestOfCluster(metric string) string {
	return latest(metric, "", ofCluster...)
}

func latestOfMachine(metric, selector string) string {
	return latest(metric, selector, ofMachine...)
}

// ofCluster and ofMachine are the labels that tell clusters, and machines, apart.
var (
	ofCluster = []string{observability.LabelCluster, observability.LabelClusterNamespace}
	ofMachine = []string{observability.LabelCluster, observability.LabelClusterNamespace, observability.LabelMachine}
)

// by lists labels as PromQL writes them.
func by(labels []string) string { return strings.Join(labels, ", ") }

// grown is how much a counter has grown over a window, on all replicas.
func grown(metric string, window time.Duration) string {
	return fmt.Sprintf("sum(increase(%s[%s]))", metric, duration(window))
}

// sinceStart is what managers that are younger than the window have counted. increase() does not see what was counted
// before the first scrape.
func sinceStart(metric string, window time.Duration) string {
	return fmt.Sprintf("sum(%s and on (job, instance) (time() - %s < %d))", metric, processStart, int(window.Seconds()))
}

// waiting counts the machines of each cluster that wait for one of the reasons.
func waiting(reasons ...string) string {
	selector := fmt.Sprintf(`{%s=~%q}`, observability.LabelReason, strings.Join(reasons, "|"))
	return fmt.Sprintf("count by (%s) (%s)", by(ofCluster), latestOfMachine(observability.MachineWaitingSince, selector))
}

// duration is a duration of whole minutes as PromQL writes it.
func duration(d time.Duration) string { return fmt.Sprintf("%dm", int(d.Minutes())) }
