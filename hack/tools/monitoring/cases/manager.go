package cases

import (
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

func managerCases() []Case {
	const down = `{severity="critical"}` // absent() of a comparison has no labels.
	reconciles := func(errors, success []string) []Series {
		return []Series{
			series(target("controller_runtime_reconcile_total", "a", `, controller="harvestermachine", result="error"`), errors...),
			series(target("controller_runtime_reconcile_total", "a", `, controller="harvestermachine", result="success"`), success...),
		}
	}
	values := func(values ...string) []string { return values }
	depth := func(priority string, values ...string) Series {
		return series(target("workqueue_depth", "a", fmt.Sprintf(`, name="harvestermachine", controller="harvestermachine", priority=%q`, priority)), values...)
	}
	return append([]Case{
		{
			Alert: alerts.Down, Name: "the only replica goes down, and comes back",
			Series: []Series{series(target("up", "a", ""), rep(1, 10), rep(0, 20), rep(1, 20))},
			Checks: []Check{silent(9), silent(14), firing(16, down), firing(29, down), silent(31)},
		},
		{
			Alert: alerts.Down, Name: "nothing is scraped any more",
			Series: []Series{series(target("up", "a", ""), rep(1, 10), "stale")},
			Checks: []Check{silent(9), firing(16, down)},
		},
		{
			Alert: alerts.Down, Name: "one of two replicas is up, or a new one within four minutes",
			Series: []Series{series(target("up", "a", ""), rep(1, 10), rep(0, 50)), series(target("up", "b", ""), gap(14), rep(1, 46))},
			Checks: []Check{silent(9), silent(13), silent(16), silent(50)},
		},
		{
			Alert: alerts.ReconcileErrors, Name: "two of three fail, until none does",
			Series: reconciles(values(grow(0, 1, 41), rep(40, 60)), values(grow(0, 0.5, 100))),
			Checks: []Check{silent(12), firing(35, `{controller="harvestermachine", severity="warning"}`), silent(60)},
		},
		{
			Alert: alerts.ReconcileErrors, Name: "one of three fails",
			Series: reconciles(values(grow(0, 0.5, 121)), values(grow(0, 1, 121))),
			Checks: []Check{silent(12), silent(35), silent(90), silent(120)},
		},
		{
			Alert: alerts.ReconcileErrors, Name: "hardly anything is reconciled, and that fails",
			Series: reconciles(values(grow(0, 0.2, 121)), values(rep(0, 121))),
			Checks: []Check{silent(12), silent(35), silent(90), silent(120)},
		},
		{
			Alert: alerts.QueueBacklog, Name: "120 objects of two priorities, until they are done",
			Series: []Series{depth("0", rep(60, 30), rep(0, 30)), depth("-100", rep(60, 60))},
			Checks: []Check{silent(14), firing(16, `{name="harvestermachine", severity="warning"}`), silent(31)},
		},
		{
			Alert: alerts.QueueBacklog, Name: "50 objects, or many for ten minutes",
			Series: []Series{depth("0", rep(50, 30), rep(500, 10), rep(0, 30))},
			Checks: []Check{silent(14), silent(29), silent(39), silent(60)},
		},
	}, webhookCases()...)
}

func webhookCases() []Case {
	rejected := func(name, kind string, values ...string) Series {
		return series(fmt.Sprintf(`apiserver_admission_webhook_rejection_count{job="apiserver", instance="api", name=%q, type="admit", operation="CREATE", error_type=%q, rejection_code="0"}`, name, kind), values...)
	}
	const ours = "validation.harvestermachine.infrastructure.cluster.x-k8s.io"
	fires := fmt.Sprintf(`{name=%q, severity="critical"}`, ours)
	return []Case{
		{
			Alert: alerts.WebhookErrors, Name: "the first failure of all",
			Series: []Series{rejected(ours, "calling_webhook_error", gap(5), rep(1, 40))},
			Checks: []Check{silent(5), firing(6, fires), firing(14, fires), silent(20)},
		},
		{
			Alert: alerts.WebhookErrors, Name: "another failure",
			Series: []Series{rejected(ours, "calling_webhook_error", rep(1, 25), rep(2, 40))},
			Checks: []Check{silent(20), firing(27, fires), firing(33, fires), silent(40)},
		},
		{
			Alert: alerts.WebhookErrors, Name: "what the webhook rejected, and what another's did not answer",
			Series: []Series{
				rejected(ours, "no_error", grow(0, 1, 60)),
				rejected("validation.harvestercluster.infrastructure.cluster.x-k8s.io", "no_error", gap(20), rep(3, 40)),
				rejected("other.example.org", "calling_webhook_error", grow(0, 1, 60)),
				rejected("new.example.org", "calling_webhook_error", gap(20), rep(3, 40)),
				rejected("validation.harvesterclustertemplate.infrastructure.cluster.x-k8s.io", "apiserver_internal_error", gap(20), rep(0, 40)),
			},
			Checks: []Check{silent(2), silent(12), silent(25), silent(50)},
		},
		{
			Alert: alerts.WebhookErrors, Name: "failures of long ago",
			Series: []Series{rejected(ours, "calling_webhook_error", rep(5, 60))},
			Checks: []Check{silent(15), silent(50)},
		},
	}
}
