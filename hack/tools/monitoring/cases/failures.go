package cases

import (
	"slices"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

const warning = `{severity="warning"}`

// failureCases are those of alerts that count failures.
func failureCases() []Case {
	const errors = observability.MachineCreateErrorsTotal
	create := []Case{
		{
			Alert: alerts.MachineCreateErrors, Name: "an error before the first scrape of a new manager",
			Series: []Series{series(target(errors, "a", ""), rep(1, 40)), started("a", 0)},
			Checks: []Check{silent(0), firing(2, warning), firing(19, warning), silent(25)},
		},
		{
			Alert: alerts.MachineCreateErrors, Name: "one error each 16 minutes does not flap",
			Series: []Series{series(target(errors, "a", ""), rep(0, 10), rep(1, 16), rep(2, 40)), started("a", longAgo)},
			Checks: []Check{silent(9), firing(12, warning), firing(20, warning), firing(25, warning), firing(40, warning), silent(50)},
		},
		{
			Alert: alerts.MachineCreateErrors, Name: "errors of long ago, and another replica that is young",
			Series: append(twoReplicas(), series(target(errors, "a", ""), rep(5, 60)), series(target(errors, "b", ""), rep(0, 60))),
			Checks: []Check{silent(2), silent(10), silent(25), silent(50)},
		},
	}
	return slices.Concat(create,
		mostFail(alerts.EtcdRemoveErrors, 1, observability.EtcdMemberRemoveErrorsTotal, observability.EtcdMemberRemoveTotal),
		mostFail(alerts.IPPoolAllocationErrors, 5, observability.IPPoolAllocationErrorsTotal, observability.IPPoolAllocationsTotal),
	)
}

// twoReplicas are an old and a young one; another program at the address of the old one is young.
func twoReplicas() []Series {
	return []Series{started("a", -1800), started("b", 0), series(`process_start_time_seconds{job="other", instance="a"}`, rep(0, 100))}
}

// mostFail are the cases of an alert that compares failures with attempts, and waits for some minutes.
func mostFail(alert string, wait int, failures, attempts string) []Case {
	pair := func(instance, failed, tried string) []Series {
		return []Series{series(target(failures, instance, ""), failed), series(target(attempts, instance, ""), tried)}
	}
	steps := func(values ...string) string { return series("", values...).Values }
	failing := steps(rep(0, 5), rep(1, 5), rep(2, 50))
	return []Case{
		{
			Alert: alert, Name: "all attempts fail",
			Series: append(pair("a", failing, failing), started("a", longAgo)),
			Checks: []Check{silent(4 + wait), firing(5+wait, warning), firing(24, warning), silent(35)},
		},
		{
			Alert: alert, Name: "the second attempt succeeds",
			Series: append(pair("a", steps(rep(0, 5), rep(1, 55)), steps(rep(0, 5), rep(1, 1), rep(2, 54))), started("a", longAgo)),
			Checks: []Check{silent(4), silent(12), silent(20), silent(35)},
		},
		{
			Alert: alert, Name: "one of four attempts fails, of an old manager",
			Series: append(pair("a", steps(rep(0, 5), rep(1, 55)), steps(rep(0, 5), rep(4, 55))), started("a", longAgo)),
			Checks: []Check{silent(4), silent(12), silent(20), silent(35)},
		},
		{
			Alert: alert, Name: "all fail now, after many that succeeded",
			Series: append(pair("a", steps(rep(0, 70), rep(2, 10), rep(4, 40)), steps(grow(0, 1, 40), rep(40, 30), rep(42, 10), rep(44, 40))), started("a", longAgo)),
			Checks: []Check{silent(65), firing(78, warning), firing(89, warning), silent(105)},
		},
		{
			Alert: alert, Name: "all succeed now, after many that failed",
			Series: append(pair("a", steps(grow(0, 1, 40), rep(40, 80)), steps(grow(0, 1, 40), rep(40, 30), grow(41, 1, 10), rep(50, 40))), started("a", longAgo)),
			Checks: []Check{firing(30, warning), silent(65), silent(78), silent(90)},
		},
		{
			Alert: alert, Name: "a young manager failed before its first scrape, an old one never",
			Series: slices.Concat(twoReplicas(), pair("a", rep(0, 60), rep(100, 60)), pair("b", rep(1, 60), rep(1, 60))),
			Checks: []Check{firing(8, warning), firing(19, warning), silent(30)},
		},
		{
			Alert: alert, Name: "an old manager failed long ago, a young one succeeds",
			Series: slices.Concat(twoReplicas(), pair("a", rep(5, 60), rep(5, 60)), pair("b", rep(0, 60), rep(1, 60))),
			Checks: []Check{silent(8), silent(19), silent(30)},
		},
		{
			Alert: alert, Name: "one of four attempts of a young manager failed before its first scrape",
			Series: slices.Concat(twoReplicas(), pair("a", rep(0, 60), rep(0, 60)), pair("b", rep(1, 60), rep(4, 60))),
			Checks: []Check{silent(8), silent(19), silent(30)},
		},
	}
}
