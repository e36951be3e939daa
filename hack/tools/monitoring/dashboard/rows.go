package dashboard

import (
	"fmt"
	"slices"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

// Rows are the dashboard's panels, from the whole fleet to the manager itself. The caller owns the result.
func Rows() []Row {
	return []Row{fleet(), machines(), timeToReady(), addresses(), etcdAndNodes(), harvester(), managerRow()}
}

func fleet() Row {
	ready, machineStatus := latest(observability.ClusterReady, byCluster), latest(observability.MachineStatus, byMachine)
	waiting := latest(observability.MachineWaitingSince, append(slices.Clone(byMachine), observability.LabelReason))
	number := func(title, description, expr string, warn, alarm float64) Panel {
		return Panel{Kind: KindStat, Title: title, Description: description, Unit: "short", Width: 4, Queries: []Query{{Expr: expr}}, Warn: warn, Alarm: alarm}
	}
	// A count of nothing is no series, and is to be shown as 0.
	return Row{Title: "Fleet", Panels: []Panel{
		number("Clusters", "Clusters that the provider manages.", fmt.Sprintf("count(%s) or vector(0)", ready), 0, 0),
		number("Clusters not ready", "The infrastructure of these clusters cannot be used.", fmt.Sprintf("count(%s == 0) or vector(0)", ready), 1, 1),
		number("Machines", "Machines that are not being deleted, and those that are.", fmt.Sprintf("count(%s) or vector(0)", machineStatus), 0, 0),
		number("Machines not ready", "Machines that are made, repaired or deleted count too.", fmt.Sprintf("count(%s == 0) or vector(0)", machineStatus), 1, 5),
		{
			Kind: KindStat, Title: "Longest wait", Description: "For how long the machine waits that has waited longest.", Unit: "s", Width: 4, Warn: 600, Alarm: 900,
			Queries: []Query{{Expr: fmt.Sprintf("max(time() - %s) or vector(0)", waiting)}},
		},
		number("Harvesters not reached", "Clusters whose Harvester does not answer or refuses the identity.",
			fmt.Sprintf("count(%s == 0) or vector(0)", latest(observability.HarvesterConnected, byCluster)), 1, 1),
	}}
}

func machines() Row {
	waiting := latest(observability.MachineWaitingSince, append(slices.Clone(byMachine), observability.LabelReason))
	return Row{Title: "Machines", Panels: []Panel{
		{
			Kind: KindStack, Title: "Machines that wait, by reason", Unit: "short", Width: 12,
			Description: "The reason is that of the first condition that is not met; the reference of conditions says what to do about each.",
			Queries:     []Query{{Expr: fmt.Sprintf("count by (%s) (%s)", observability.LabelReason, waiting), Legend: "{{reason}}"}},
		},
		{
			Kind: KindStack, Title: "Machines of each cluster", Unit: "short", Width: 12,
			Queries: []Query{{
				Expr:   fmt.Sprintf("count by (%s, %s) (%s)", observability.LabelClusterNamespace, observability.LabelCluster, latest(observability.MachineStatus, byMachine)),
				Legend: "{{cluster_namespace}}/{{cluster}}",
			}},
		},
		{
			Kind: KindTable, Title: "Waiting for longest", Description: "caphv-doctor machine NAME says what to do.", Unit: "s", Width: 12,
			Queries: []Query{{Expr: fmt.Sprintf("topk(20, time() - %s)", waiting)}},
		},
		{
			Kind: KindTable, Title: "Being deleted", Description: "Since when the deletion was ordered.", Unit: "s", Width: 6,
			Queries: []Query{{Expr: fmt.Sprintf("topk(20, time() - %s)", latest(observability.MachineDeletionTimestamp, byMachine))}},
		},
		{
			Kind: KindLines, Title: "Replaced by a MachineHealthCheck, in an hour", Unit: "short", Width: 6,
			Queries: []Query{{
				Expr:   fmt.Sprintf("sum by (%s, %s) (increase(%s[%s]))", observability.LabelClusterNamespace, observability.LabelCluster, chosen(observability.MachineRemediationsTotal), rare),
				Legend: "{{cluster_namespace}}/{{cluster}}",
			}},
		},
	}}
}

func timeToReady() Row {
	const window = "6h"
	creation, node := observability.MachineCreationDurationSeconds, observability.NodeInitDurationSeconds
	return Row{Title: "Time to ready", Panels: []Panel{
		{
			Kind: KindLines, Title: "From the request for a VM until it runs", Description: "Over the VMs of the last six hours.", Unit: "s", Width: 8,
			Queries: []Query{{Expr: quantile(0.5, creation, window), Legend: "half"}, {Expr: quantile(0.95, creation, window), Legend: "95 %"}},
		},
		{
			Kind: KindHeatmap, Title: "VMs by the time they took", Unit: "s", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("sum by (le) (increase(%s_bucket[%s]))", creation, rare), Legend: "{{le}}"}},
		},
		{
			Kind: KindLines, Title: "VMs ordered and failed, in an hour", Unit: "short", Width: 8,
			Queries: []Query{
				{Expr: within(observability.MachineCreateTotal, rare), Legend: "creations"}, {Expr: within(observability.MachineCreateErrorsTotal, rare), Legend: "creations that failed"},
				{Expr: within(observability.MachineDeleteTotal, rare), Legend: "deletions"}, {Expr: within(observability.MachineDeleteErrorsTotal, rare), Legend: "deletions that failed"},
			},
		},
		{
			Kind: KindLines, Title: "Initialization of a Node", Description: "Over the Nodes of the last six hours.", Unit: "s", Width: 8,
			Queries: []Query{{Expr: quantile(0.5, node, window), Legend: "half"}, {Expr: quantile(0.95, node, window), Legend: "95 %"}},
		},
	}}
}

func addresses() Row {
	capacity, allocated := latestOfPool(observability.IPPoolCapacity), latestOfPool(observability.IPPoolAllocated)
	return Row{Title: "Addresses", Panels: []Panel{
		{
			Kind: KindLines, Title: "Pools in use", Unit: "percentunit", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("%s / (%s > 0)", allocated, capacity), Legend: "{{pool}}"}},
		},
		{
			Kind: KindTable, Title: "Free addresses", Description: "Addresses in their reuse delay are not free yet.", Unit: "short", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("sort(%s - %s)", capacity, allocated)}},
		},
		{
			Kind: KindLines, Title: "Leaked addresses", Description: "Held by owners that no longer exist: caphv-ipam verify.", Unit: "short", Width: 8,
			Queries: []Query{{Expr: latestOfPool(observability.IPPoolLeaks), Legend: "{{pool}}"}},
		},
		{
			Kind: KindLines, Title: "Allocations, in an hour", Unit: "short", Width: 12,
			Queries: []Query{
				{Expr: within(observability.IPPoolAllocationsTotal, rare), Legend: "allocations"}, {Expr: within(observability.IPPoolAllocationErrorsTotal, rare), Legend: "failed"},
				{Expr: within(observability.IPPoolReleasesTotal, rare), Legend: "releases"},
			},
		},
		{
			Kind: KindTable, Title: "Machines that wait for an address", Unit: "s", Width: 12,
			Queries: []Query{{Expr: fmt.Sprintf(`time() - max by (%s, %s, %s, %s) (%s{%s=~"$%s", %s=~"$%s", %s=~"Pool.*|WaitingForAddressClaim|AddressAllocationFailed"})`,
				observability.LabelClusterNamespace, observability.LabelCluster, observability.LabelMachine, observability.LabelReason, observability.MachineWaitingSince,
				observability.LabelClusterNamespace, namespaceVariable, observability.LabelCluster, clusterVariable, observability.LabelReason)}},
		},
	}}
}
