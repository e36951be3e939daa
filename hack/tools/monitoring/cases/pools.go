package cases

import (
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

func poolSeries(metric, instance, pool string, values ...string) Series {
	return series(target(metric, instance, fmt.Sprintf(", pool=%q", pool)), values...)
}

func poolCases() []Case {
	const capacity, allocated, leaks = observability.IPPoolCapacity, observability.IPPoolAllocated, observability.IPPoolLeaks
	of := func(pool string) string { return fmt.Sprintf(`{pool=%q, severity="warning"}`, pool) }
	return []Case{
		{
			Alert: alerts.IPPoolNearlyEmpty, Name: "19 of 20, through a restart, until some are released",
			Series: []Series{
				poolSeries(capacity, "a", "p", rep(20, 6)), poolSeries(allocated, "a", "p", rep(19, 6)),
				poolSeries(capacity, "b", "p", gap(9), rep(20, 80)), poolSeries(allocated, "b", "p", gap(9), rep(19, 20), rep(10, 60)),
			},
			Checks: []Check{silent(8), firing(11, of("p")), firing(30, of("p")), silent(36)},
		},
		{
			Alert: alerts.IPPoolNearlyEmpty, Name: "a pool that shrinks",
			Series: []Series{poolSeries(capacity, "a", "p", rep(40, 10), rep(20, 60)), poolSeries(allocated, "a", "p", rep(19, 70))},
			Checks: []Check{silent(22), firing(27, of("p")), firing(60, of("p"))},
		},
		{
			Alert: alerts.IPPoolNearlyEmpty, Name: "a small pool",
			Series: []Series{poolSeries(capacity, "a", "p", rep(2, 40)), poolSeries(allocated, "a", "p", rep(2, 40))},
			Checks: []Check{silent(5), firing(12, of("p"))},
		},
		{
			Alert: alerts.IPPoolNearlyEmpty, Name: "a pool that is half full, and one that has no ranges",
			Series: []Series{
				poolSeries(capacity, "a", "p", rep(20, 40)), poolSeries(allocated, "a", "p", rep(10, 40)),
				poolSeries(capacity, "a", "none", rep(0, 40)), poolSeries(allocated, "a", "none", rep(1, 40)),
			},
			Checks: []Check{silent(5), silent(12), silent(39)},
		},
		{
			Alert: alerts.IPAddressesLeaked, Name: "one address, through a restart, until it is released",
			Series: []Series{poolSeries(leaks, "a", "p", rep(1, 8)), poolSeries(leaks, "b", "p", gap(11), rep(1, 20), rep(0, 40))},
			Checks: []Check{silent(13), firing(16, of("p")), firing(33, of("p")), silent(36)},
		},
		{
			Alert: alerts.IPAddressesLeaked, Name: "none, or for a moment",
			Series: []Series{poolSeries(leaks, "a", "p", rep(0, 60)), poolSeries(leaks, "a", "q", rep(0, 10), rep(1, 5), rep(0, 45))},
			Checks: []Check{silent(5), silent(16), silent(19), silent(30)},
		},
	}
}
