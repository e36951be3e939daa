package cases

import (
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// ofMachine is a replica's series of a machine.
func ofMachine(metric, instance, cluster, machine, more string, values ...string) Series {
	return series(target(metric, instance, fmt.Sprintf(", %s, machine=%q%s", identify(cluster), machine, more)), values...)
}

func alertOf(severity, cluster, machine string) string {
	return fmt.Sprintf(`{%s, machine=%q, severity=%q}`, identify(cluster), machine, severity)
}

func machineCases() []Case {
	const status, deletion, waiting = observability.MachineStatus, observability.MachineDeletionTimestamp, observability.MachineWaitingSince
	reason := func(name string) string { return fmt.Sprintf(", reason=%q", name) }
	return []Case{
		{
			Alert: alerts.MachineNotReady, Name: "the manager restarts every eight minutes",
			Series: []Series{
				ofMachine(status, "a", "c", "m", "", rep(0, 6)),
				ofMachine(status, "b", "c", "m", "", gap(9), rep(0, 6)),
				ofMachine(status, "d", "c", "m", "", gap(18), rep(0, 12), rep(1, 30)),
			},
			Checks: []Check{silent(14), firing(16, alertOf("critical", "c", "m")), firing(29, alertOf("critical", "c", "m")), silent(31)},
		},
		{
			Alert: alerts.MachineNotReady, Name: "a machine that was ready, and then goes",
			Series: []Series{ofMachine(status, "a", "c", "m", "", rep(1, 10), rep(0, 30))},
			Checks: []Check{silent(28), firing(30, alertOf("critical", "c", "m")), firing(42, alertOf("critical", "c", "m")), silent(46)},
		},
		{
			Alert: alerts.MachineNotReady, Name: "a healthy start of 14 minutes, a ready machine, a drain of 12 minutes",
			Series: []Series{
				ofMachine(status, "a", "c", "starts", "", rep(0, 14), rep(1, 50)),
				ofMachine(status, "a", "c", "ready", "", rep(1, 60)),
				ofMachine(status, "a", "c", "drains", "", rep(1, 20), rep(0, 12)),
			},
			Checks: []Check{silent(13), silent(15), silent(31), silent(35), silent(60)},
		},
		{
			Alert: alerts.MachineNotReady, Name: "of machines of one name in three clusters, two of one name, one is being deleted",
			Series: []Series{
				ofMachine(status, "a", "c", "m", "", rep(0, 60)), ofMachine(deletion, "a", "c", "m", "", rep(0, 60)),
				ofMachine(status, "a", "d", "m", "", rep(0, 60)), ofMachine(status, "a", "c", "n", "", rep(0, 60)),
				ofMachine(status, "a", "other/c", "m", "", rep(0, 60)),
			},
			Checks: []Check{firing(20, alertOf("critical", "c", "n"), alertOf("critical", "d", "m"), alertOf("critical", "other/c", "m")), firing(50, alertOf("critical", "c", "n"), alertOf("critical", "d", "m"), alertOf("critical", "other/c", "m"))},
		},
		{
			Alert: alerts.MachineDeletionStuck, Name: "a deletion of half an hour, through a restart",
			Series: []Series{ofMachine(deletion, "a", "c", "m", "", gap(5), rep(300, 31)), ofMachine(deletion, "b", "c", "m", "", gap(40), rep(300, 15))},
			Checks: []Check{silent(12), silent(36), firing(37, alertOf("warning", "c", "m")), firing(45, alertOf("warning", "c", "m")), firing(57, alertOf("warning", "c", "m")), silent(61)},
		},
		{
			Alert: alerts.MachineDeletionStuck, Name: "a deletion of ten minutes",
			Series: []Series{ofMachine(deletion, "a", "c", "m", "", gap(5), rep(300, 10))},
			Checks: []Check{silent(10), silent(15), silent(19), silent(40)},
		},
		{
			Alert: alerts.IPPoolAllocationErrors, Name: "a machine waits for an address, through a restart",
			Series: []Series{
				ofMachine(waiting, "a", "c", "m", reason("PoolExhausted"), rep(1, 4)),
				ofMachine(waiting, "b", "c", "m", reason("PoolExhausted"), gap(7), rep(1, 24)),
			},
			Checks: []Check{silent(4), firing(6, ofCluster("warning", "c")), firing(20, ofCluster("warning", "c")), firing(33, ofCluster("warning", "c")), silent(36)},
		},
		{
			Alert: alerts.IPPoolAllocationErrors, Name: "a machine waits for a claim, another for its VM",
			Series: []Series{
				ofMachine(waiting, "a", "c", "m", reason("WaitingForAddressClaim"), rep(1, 30)),
				ofMachine(waiting, "a", "d", "m", reason("VMStarting"), rep(1, 30)),
			},
			Checks: []Check{silent(4), firing(10, ofCluster("warning", "c"))},
		},
		{
			Alert: alerts.EtcdQuorumAtRisk, Name: "a deletion is held up, through a restart",
			Series: []Series{
				ofMachine(waiting, "a", "c", "m", reason("EtcdQuorumAtRisk"), gap(2), rep(1, 8)),
				ofMachine(waiting, "b", "c", "m", reason("EtcdQuorumAtRisk"), gap(13), rep(1, 10)),
			},
			Checks: []Check{silent(2), firing(4, ofCluster("critical", "c")), firing(12, ofCluster("critical", "c")), firing(26, ofCluster("critical", "c")), silent(29)},
		},
		{
			Alert: alerts.EtcdQuorumAtRisk, Name: "a machine whose VM is on its way out",
			Series: []Series{ofMachine(waiting, "a", "c", "m", reason("DeletingVM"), rep(1, 30))},
			Checks: []Check{silent(4), silent(20)},
		},
	}
}
