package alerts

import (
	"fmt"
	"time"
)

// managerRules tell that the manager itself does not do its work.
func managerRules() []Rule {
	ours := fmt.Sprintf("{job=%q}", Job)
	rejections := fmt.Sprintf(`%s{name=~"%s.*", error_type!="no_error"}`, admissionRejections, "validation\\\\.harvester")
	reconciles := func(selector string) string {
		return fmt.Sprintf("sum by (controller) (increase(%s{job=%q%s}[15m]))", reconcileTotal, Job, selector)
	}
	return []Rule{
		{
			Alert: Down, Severity: SeverityCritical, For: 5 * time.Minute,
			Expr:        fmt.Sprintf("absent(%s%s == 1)", upMetric, ours),
			Summary:     "The manager cannot be scraped",
			Description: "No replica of the manager has been up for 5 minutes: no cluster is made, repaired or deleted, and no other alert can fire.",
		},
		{
			Alert: ReconcileErrors, Severity: SeverityWarning, For: 15 * time.Minute,
			Expr:        fmt.Sprintf("%s / %s > 0.5\nand\n%s >= 5", reconciles(`, result="error"`), reconciles(""), reconciles(`, result="error"`)),
			Summary:     "Most reconciles of {{ $labels.controller }} fail",
			Description: "{{ $value | humanizePercentage }} of the reconciles of controller {{ $labels.controller }} failed in the last 15 minutes.",
		},
		{
			Alert: QueueBacklog, Severity: SeverityWarning, For: 15 * time.Minute,
			Expr:        fmt.Sprintf("sum by (name) (%s%s) > 100", workqueueDepth, ours),
			Summary:     "The queue of {{ $labels.name }} does not empty",
			Description: "{{ $value }} objects have been waiting in the queue of controller {{ $labels.name }} for 15 minutes.",
		},
		{
			// The API server counts a call that fails, and makes the series with the first.
			Alert: WebhookErrors, Severity: SeverityCritical, For: time.Minute,
			Expr: fmt.Sprintf("sum by (name) (increase(%s[10m])) > 0\nor\nsum by (name) (%s unless %s offset 10m) > 0",
				rejections, rejections, rejections),
			Summary:     "Webhook {{ $labels.name }} does not answer",
			Description: "The API server could not call webhook {{ $labels.name }} in the last 10 minutes; what it would have validated was rejected.",
		},
	}
}
