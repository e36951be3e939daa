// Package reference writes the page of metrics.
package reference

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

const intro = `<!-- Written by "make generate" from the tables of module observability. Do not edit. -->

# Metrics

What the manager serves under ` + "`/metrics`" + `, beside the metrics of controller-runtime and Go. A machine is named by its HarvesterMachine, a cluster by its Cluster. When an object is gone, so are its series.

| metric | type | labels | it says | alerts that read it |
|---|---|---|---|---|
`

// Metrics is the page with one line for each family.
func Metrics() ([]byte, error) {
	text := &strings.Builder{}
	text.WriteString(intro)
	families := observability.Families()
	for _, family := range families {
		fmt.Fprintf(text, "| `%s` | %s | %s | %s | %s |\n", family.Name, kind(family), labels(family), family.Help, readers(family))
	}
	text.WriteString("\n## Series\n\n" + series(families))
	return []byte(text.String()), nil
}

func kind(family observability.Family) string {
	if len(family.Buckets) == 0 {
		return string(family.Type)
	}
	seconds := func(bound float64) string { return strconv.FormatFloat(bound, 'f', -1, 64) }
	return fmt.Sprintf("%s, %d buckets from %s s to %s s", family.Type, len(family.Buckets), seconds(family.Buckets[0]), seconds(family.Buckets[len(family.Buckets)-1]))
}

func labels(family observability.Family) string {
	quoted := make([]string, 0, len(family.Labels))
	for _, label := range family.Labels {
		quoted = append(quoted, "`"+label+"`")
	}
	return strings.Join(quoted, ", ")
}

// readers are the alerts whose expressions name the family.
func readers(family observability.Family) string {
	var links []string
	for _, rule := range alerts.Rules() {
		link := fmt.Sprintf("[%[1]s](runbooks/%[1]s.md)", rule.Alert)
		if strings.Contains(rule.Expr, family.Name) && !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	return strings.Join(links, ", ")
}

// series counts what objects cost: the number of series that each adds.
func series(families []observability.Family) string {
	machine, cluster, pool := 0, 0, 0
	for _, family := range families {
		switch {
		case slices.Contains(family.Labels, observability.LabelMachine):
			machine++
		case slices.Contains(family.Labels, observability.LabelCluster):
			cluster++
		case slices.Contains(family.Labels, observability.LabelPool):
			pool++
		}
	}
	const text = "Each machine has at most %d series, each cluster %d, and each pool %d: a machine that waits or is deleted has one for that, and one that is ready has neither.\n"
	return fmt.Sprintf(text, machine, cluster, pool)
}
