package dashboard

import (
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

func etcdAndNodes() Row {
	return Row{Title: "etcd and Nodes", Panels: []Panel{
		{
			Kind: KindLines, Title: "etcd members removed, in an hour", Unit: "short", Width: 8,
			Queries: []Query{{Expr: within(observability.EtcdMemberRemoveTotal, rare), Legend: "attempts"}, {Expr: within(observability.EtcdMemberRemoveErrorsTotal, rare), Legend: "failed"}},
		},
		{
			Kind: KindTable, Title: "Held for the quorum", Unit: "s", Width: 8,
			Description: "Control-plane machines whose deletion waits, as the others would have no quorum, or as no etcd member answers.",
			Queries: []Query{{Expr: fmt.Sprintf(`time() - max by (%s, %s, %s, %s) (%s{%s=~"$%s", %s=~"$%s", %s=~"Etcd.*"})`,
				observability.LabelClusterNamespace, observability.LabelCluster, observability.LabelMachine, observability.LabelReason, observability.MachineWaitingSince,
				observability.LabelClusterNamespace, namespaceVariable, observability.LabelCluster, clusterVariable, observability.LabelReason)}},
		},
		{
			Kind: KindLines, Title: "Nodes initialized, in an hour", Unit: "short", Width: 8,
			Queries: []Query{{Expr: within(observability.NodeInitTotal, rare), Legend: "attempts"}, {Expr: within(observability.NodeInitErrorsTotal, rare), Legend: "failed"}},
		},
	}}
}

func harvester() Row {
	requests := observability.HarvesterRequestsTotal
	rate := func(selector string) string { return fmt.Sprintf("rate(%s%s[%s])", requests, selector, rateInterval) }
	failed := fmt.Sprintf(`{%s!~"2..|404|409"}`, observability.LabelCode)
	return Row{Title: "Harvester's API", Panels: []Panel{
		{
			Kind: KindStack, Title: "Requests, by verb", Unit: "reqps", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("sum by (%s) (%s)", observability.LabelVerb, rate("")), Legend: "{{verb}}"}},
		},
		{
			Kind: KindStack, Title: "Requests that failed, by code and resource", Description: "Without 404 and 409, which are answers.", Unit: "reqps", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("sum by (%s, %s) (%s)", observability.LabelCode, observability.LabelResource, rate(failed)), Legend: "{{code}} {{resource}}"}},
		},
		{
			Kind: KindLines, Title: "Share that failed", Unit: "percentunit", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("sum(%s) / (sum(%s) > 0)", rate(failed), rate("")), Legend: "failed"}},
		},
		{
			Kind: KindLines, Title: "Harvester is reached", Description: "1 for each cluster whose Harvester answers.", Unit: "short", Width: 12,
			Queries: []Query{{Expr: latest(observability.HarvesterConnected, byCluster), Legend: "{{cluster_namespace}}/{{cluster}}"}},
		},
		{
			Kind: KindTable, Title: "Credentials last for", Description: "Clusters whose credentials do not say when they expire are not listed.", Unit: "s", Width: 12,
			Queries: []Query{{Expr: fmt.Sprintf("sort(%s - time())", latest(observability.CredentialsExpiry, byCluster))}},
		},
	}}
}

func managerRow() Row {
	duration := func(family string) Query {
		return Query{
			Expr:   fmt.Sprintf("histogram_quantile(0.95, sum by (le, %s) (rate(%s_bucket[%s])))", observability.LabelOperation, family, rateInterval),
			Legend: map[string]string{observability.MachineReconcileSeconds: "machine", observability.ClusterReconcileSeconds: "cluster"}[family] + ", {{operation}}",
		}
	}
	return Row{Title: "Manager", Panels: []Panel{
		{
			Kind: KindStat, Title: "Replicas", Description: "Replicas that were scraped.", Unit: "short", Width: 4, Warn: 1, Alarm: 1, Below: true,
			Queries: []Query{{Expr: fmt.Sprintf("sum(%s) or vector(0)", ours("up"))}},
		},
		{
			Kind: KindStat, Title: "Runs since", Unit: "s", Width: 4,
			Queries: []Query{{Expr: fmt.Sprintf("time() - max(%s)", ours("process_start_time_seconds"))}},
		},
		{
			Kind: KindTable, Title: "Build", Unit: "short", Width: 16,
			Queries: []Query{{Expr: fmt.Sprintf("count by (%s, %s, %s) (%s)", observability.LabelVersion, observability.LabelRevision, observability.LabelGoVersion, observability.BuildInfo)}},
		},
		{
			Kind: KindLines, Title: "Reconciles", Unit: "ops", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("sum by (controller, result) (rate(%s[%s]))", ours("controller_runtime_reconcile_total"), rateInterval), Legend: "{{controller}} {{result}}"}},
		},
		{
			Kind: KindLines, Title: "Time of a reconcile, 95 %", Unit: "s", Width: 8,
			Queries: []Query{duration(observability.MachineReconcileSeconds), duration(observability.ClusterReconcileSeconds)},
		},
		{
			Kind: KindLines, Title: "Objects that wait to be reconciled", Unit: "short", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("sum by (name) (%s)", ours("workqueue_depth")), Legend: "{{name}}"}},
		},
		{
			Kind: KindLines, Title: "Memory", Unit: "bytes", Width: 8,
			Queries: []Query{{Expr: ours("process_resident_memory_bytes"), Legend: "{{instance}}"}},
		},
		{
			Kind: KindLines, Title: "Processor", Unit: "short", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("rate(%s[%s])", ours("process_cpu_seconds_total"), rateInterval), Legend: "{{instance}}"}},
		},
		{
			Kind: KindLines, Title: "Admission requests", Unit: "reqps", Width: 8,
			Queries: []Query{{Expr: fmt.Sprintf("sum by (webhook, code) (rate(%s[%s]))", ours("controller_runtime_webhook_requests_total"), rateInterval), Legend: "{{webhook}} {{code}}"}},
		},
	}}
}
