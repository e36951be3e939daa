package alerts

import (
	"fmt"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

// objectRules tell what is wrong with clusters, machines and pools, beyond the guide.
func objectRules() []Rule {
	const pool = observability.LabelPool
	return []Rule{
		{
			Alert: HarvesterUnreachable, Severity: SeverityCritical, For: 5 * time.Minute,
			Expr:        latestOfCluster(observability.HarvesterConnected) + " == 0",
			Summary:     "Harvester of cluster {{ $labels.cluster }} cannot be used",
			Description: "Harvester's API does not answer with the identity Secret of cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }}, or refuses it.",
		},
		{
			Alert: IPPoolNearlyEmpty, Severity: SeverityWarning, For: 10 * time.Minute,
			Expr: fmt.Sprintf("%s / (%s > 0) >= 0.9",
				latest(observability.IPPoolAllocated, "", pool), latest(observability.IPPoolCapacity, "", pool)),
			Summary:     "IPPool {{ $labels.pool }} is nearly empty",
			Description: "{{ $value | humanizePercentage }} of the addresses of IPPool {{ $labels.pool }} are allocated.",
		},
		{
			Alert: IPAddressesLeaked, Severity: SeverityWarning, For: 15 * time.Minute,
			Expr:        latest(observability.IPPoolLeaks, "", pool) + " > 0",
			Summary:     "IPPool {{ $labels.pool }} holds addresses of machines that are gone",
			Description: "{{ $value }} addresses of IPPool {{ $labels.pool }} are held by machines that no longer exist.",
		},
		{
			Alert: MachineDeletionStuck, Severity: SeverityWarning, For: time.Minute,
			Expr:        fmt.Sprintf("time() - %s > %d", latestOfMachine(observability.MachineDeletionTimestamp, ""), int((30 * time.Minute).Seconds())),
			Summary:     "Machine {{ $labels.machine }} is stuck in deletion",
			Description: "The deletion of machine {{ $labels.machine }} of cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }} was ordered {{ $value | humanizeDuration }} ago.",
		},
		{
			Alert: RemediationLoop, Severity: SeverityWarning, For: time.Minute,
			Expr:        fmt.Sprintf("sum by (%s) (increase(%s[2h])) >= 3", by(ofCluster), observability.MachineRemediationsTotal),
			Summary:     "Machines of cluster {{ $labels.cluster }} are replaced again and again",
			Description: `MachineHealthChecks had {{ printf "%.0f" $value }} machines of cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }} replaced in the last two hours.`,
		},
		{
			Alert: EtcdQuorumAtRisk, Severity: SeverityCritical, For: time.Minute,
			Expr:        waiting("EtcdQuorumAtRisk"),
			Summary:     "etcd of cluster {{ $labels.cluster }} is about to lose its quorum",
			Description: "The deletion of a control-plane machine of cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }} is held up: without its etcd member the others would have no quorum.",
		},
	}
}
