package alerts

import "github.com/rancher-sandbox/cluster-api-provider-harvester/observability"

// Names of series that others write and our expressions read.
const (
	upMetric            = "up"
	processStart        = "process_start_time_seconds"
	reconcileTotal      = "controller_runtime_reconcile_total"
	workqueueDepth      = "workqueue_depth"
	admissionRejections = "apiserver_admission_webhook_rejection_count"
	certificateExpiry   = "certmanager_certificate_expiration_timestamp_seconds"
	webhookCertificate  = "caphv-serving-cert"
)

// External describes the families that are not ours and that alerts and dashboards may use, with the labels that may be
// used of them: Prometheus' own, client_golang's, controller-runtime's and client-go's (v0.24), kube-apiserver's and
// cert-manager's.
func External() []observability.Family {
	target := []string{"job", "instance"}
	of := func(labels ...string) []string { return append(labels, target...) }
	return []observability.Family{
		{Name: upMetric, Type: observability.TypeGauge, Labels: of(), Help: "Prometheus: whether the last scrape succeeded."},
		{Name: processStart, Type: observability.TypeGauge, Labels: of(), Help: "client_golang: when the process started."},
		{Name: "process_resident_memory_bytes", Type: observability.TypeGauge, Labels: of(), Help: "client_golang: resident memory."},
		{Name: "process_cpu_seconds_total", Type: observability.TypeCounter, Labels: of(), Help: "client_golang: processor time."},
		{Name: "go_goroutines", Type: observability.TypeGauge, Labels: of(), Help: "client_golang: goroutines."},
		{Name: reconcileTotal, Type: observability.TypeCounter, Labels: of("controller", "result"), Help: "controller-runtime: reconciles, by result."},
		{Name: "controller_runtime_webhook_requests_total", Type: observability.TypeCounter, Labels: of("webhook", "code"), Help: "controller-runtime: admission requests."},
		{Name: "leader_election_master_status", Type: observability.TypeGauge, Labels: of("name"), Help: "client-go: whether this replica leads."},
		{Name: workqueueDepth, Type: observability.TypeGauge, Labels: of("name", "controller", "priority"), Help: "controller-runtime: objects that wait to be reconciled."},
		{Name: "workqueue_queue_duration_seconds", Type: observability.TypeHistogram, Labels: of("name", "controller"), Help: "controller-runtime: how long they wait."},
		{Name: "rest_client_requests_total", Type: observability.TypeCounter, Labels: of("code", "method", "host"), Help: "client-go: requests to API servers."},
		{
			Name: admissionRejections, Type: observability.TypeCounter, Labels: of("name", "type", "operation", "error_type", "rejection_code"),
			Help: "kube-apiserver: requests that a webhook rejected, or that failed because it did not answer.",
		},
		{Name: certificateExpiry, Type: observability.TypeGauge, Labels: of("name", "namespace"), Help: "cert-manager: when a certificate expires."},
	}
}
