package alerts

import (
	"fmt"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

// AddressReasons are the reasons for which a machine waits for an address: those of the API's conditions, which the
// metric repeats.
func AddressReasons() []string {
	return []string{
		"PoolExhausted", "PoolNotFound", "PoolMismatch", "PoolInvalid", "PoolFailed",
		"AddressAllocationFailed", "WaitingForAddressClaim",
	}
}

// slow is the bucket of creations that took long: 256 seconds, the one nearest to the guide's five minutes. Prometheus 3
// writes the bound as 256.0, older ones as 256.
const slow = `le=~"256(\\.0)?"`

// guideRules are the six of the operations guide, by their names and severities.
func guideRules() []Rule {
	return []Rule{
		{
			Alert: MachineCreateErrors, Severity: SeverityWarning, For: time.Minute,
			Expr: sinceStart(observability.MachineCreateErrorsTotal, errorsWindow) + " > 0\nor\n" +
				grown(observability.MachineCreateErrorsTotal, errorsWindow) + " > 0",
			Summary:     "VMs cannot be created",
			Description: `{{ printf "%.0f" $value }} attempts to create a VM failed in the last 20 minutes.`,
		},
		{
			Alert: MachineNotReady, Severity: SeverityCritical, For: 15 * time.Minute,
			Expr: latestOfMachine(observability.MachineStatus, "") + " == 0\nunless on (" + by(ofMachine) + ")\n" +
				latestOfMachine(observability.MachineDeletionTimestamp, ""),
			Summary:     "Machine {{ $labels.machine }} is not ready",
			Description: "Machine {{ $labels.machine }} of cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }} has not been ready for more than 15 minutes, and is not being deleted.",
		},
		{
			Alert: IPPoolAllocationErrors, Severity: SeverityWarning, For: 5 * time.Minute,
			Expr:        waiting(AddressReasons()...) + "\nor on () (\n" + mostFail(observability.IPPoolAllocationErrorsTotal, observability.IPPoolAllocationsTotal) + "\n)",
			Summary:     "Addresses cannot be allocated",
			Description: "{{ if $labels.cluster }}{{ $value }} machines of cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }} wait for an address.{{ else }}Most attempts to allocate an address failed in the last 20 minutes.{{ end }}",
		},
		{
			Alert: ClusterNotReady, Severity: SeverityCritical, For: 10 * time.Minute,
			Expr:        latestOfCluster(observability.ClusterReady) + " == 0",
			Summary:     "Cluster {{ $labels.cluster }} is not ready",
			Description: "The infrastructure of cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }} has not been ready for more than 10 minutes.",
		},
		{
			Alert: EtcdRemoveErrors, Severity: SeverityWarning, For: time.Minute,
			Expr:        mostFail(observability.EtcdMemberRemoveErrorsTotal, observability.EtcdMemberRemoveTotal),
			Summary:     "etcd members cannot be removed",
			Description: "More attempts to remove an etcd member failed in the last 20 minutes than succeeded.",
		},
		{
			Alert: SlowMachineCreation, Severity: SeverityWarning, For: 5 * time.Minute,
			Expr:        slowCreations(time.Hour, 0.25, 3),
			Summary:     "VMs are slow to run",
			Description: "{{ $value | humanizePercentage }} of the VMs that came up in the last hour took longer than 256 seconds.",
		},
	}
}

// mostFail holds when more attempts failed than succeeded. A failure that the next attempt makes good is none.
func mostFail(failures, attempts string) string {
	return fmt.Sprintf("2 * %s > %s\nor\n2 * %s > %s",
		sinceStart(failures, errorsWindow), sinceStart(attempts, errorsWindow),
		grown(failures, errorsWindow), grown(attempts, errorsWindow))
}

// slowCreations holds when a share of the creations was slow, and there were enough to speak of a share.
func slowCreations(window time.Duration, share float64, least int) string {
	const bucket = observability.MachineCreationDurationSeconds + "_bucket"
	all := grown(bucket+`{le="+Inf"}`, window)
	return fmt.Sprintf("(%s - %s) / %s > %g\nand\n%s >= %d", all, grown(bucket+"{"+slow+"}", window), all, share, all, least)
}
