package manager

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Options are what the operator of the manager decides. DefaultOptions gives the defaults, AddFlags the flags.
type Options struct {
	// Kubeconfig of the management cluster; empty means the one of the Pod, or of kubectl.
	Kubeconfig string
	// Namespace to watch; empty means all.
	Namespace string
	// WatchFilter limits the manager to objects with this value of the label cluster.x-k8s.io/watch-filter.
	WatchFilter string
	// ShowVersion prints the version and ends, instead of running.
	ShowVersion bool

	// LeaderElection lets one of several managers work; the others wait.
	LeaderElection bool
	// LeaderElectionNamespace holds the lease; empty means the namespace of the Pod.
	LeaderElectionNamespace string
	// LeaderElectionID names the lease: "name", or "namespace/name", which wins over LeaderElectionNamespace. Empty means
	// the default name.
	LeaderElectionID string
	// LeaseDuration, RenewDeadline and RetryPeriod tune how fast a lost leader is replaced.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration

	// EnableWebhooks serves the webhooks: validation, and conversion between the versions of our kinds.
	EnableWebhooks bool
	// WebhookHost and WebhookPort are where they are served; an empty host means every address of the Pod.
	WebhookHost string
	WebhookPort int
	// WebhookCertDir holds tls.crt and tls.key.
	WebhookCertDir string

	// HealthAddress serves /healthz and /readyz; "0" switches it off.
	HealthAddress string
	// MetricsAddress serves /metrics; "0" switches it off.
	MetricsAddress string
	// MetricsSecure serves metrics by HTTPS, to those whom the API server lets get the URL.
	MetricsSecure bool
	// MetricsCertDir holds tls.crt and tls.key for metrics; empty means WebhookCertDir. Where neither has them, the manager
	// makes a certificate that is signed by itself.
	MetricsCertDir string
	// InsecureDiagnostics serves metrics by HTTP to everyone, whatever MetricsSecure says.
	InsecureDiagnostics bool
	// ProfilerAddress serves pprof by HTTP to everyone; empty or "0" switches it off.
	ProfilerAddress string
	// Profiling serves pprof beside the metrics, under the same protection.
	Profiling bool
	// StatusPage serves the status page beside the metrics, under the same protection.
	StatusPage bool

	// MaxConcurrentReconciles is how many objects of each kind are worked on at once, unless the kind has a number of its
	// own below. 0 means that each kind has its own default.
	MaxConcurrentReconciles int
	// ClusterConcurrency, MachineConcurrency, PoolConcurrency, ClaimConcurrency and GuestConcurrency are how many
	// HarvesterClusters, HarvesterMachines, HarvesterIPPools, IPAddressClaims and workload clusters are worked on at once.
	// 0 means MaxConcurrentReconciles, or the kind's default.
	ClusterConcurrency, MachineConcurrency, PoolConcurrency, ClaimConcurrency, GuestConcurrency int
	// FeatureGates switch features on and off, by name.
	FeatureGates map[string]bool
	// SyncPeriod is how often every object is looked at although nothing happened to it.
	SyncPeriod time.Duration
	// KubeQPS and KubeBurst limit the requests to the management cluster.
	KubeQPS   float32
	KubeBurst int
	// HarvesterQPS and HarvesterBurst limit the requests to each Harvester.
	HarvesterQPS   float32
	HarvesterBurst int

	// CreateServiceMonitor, CreatePrometheusRule and CreateClusterClass create these in the manager's namespace where the
	// cluster knows their kinds.
	CreateServiceMonitor, CreatePrometheusRule, CreateClusterClass bool
	// SkipMigrationPhases are phases of the migration of stored objects that are left out, out of migration.Phases.
	SkipMigrationPhases []string

	// NodeTimeout is how long a guest may take to register its Node before the machine says that it is late.
	NodeTimeout time.Duration
	// EtcdTimeout is how long the deletion of a control-plane machine waits for an etcd that does not answer.
	EtcdTimeout time.Duration
	// CredentialsWarning is how long before Harvester's credentials expire a warning is given.
	CredentialsWarning time.Duration
	// ShutdownTimeout is how long reconciles that are under way may take when the manager is told to stop.
	ShutdownTimeout time.Duration
}

// DefaultOptions are the defaults of all flags.
func DefaultOptions() Options {
	return Options{
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
		EnableWebhooks: true, WebhookPort: 9443, WebhookCertDir: "/tmp/k8s-webhook-server/serving-certs",
		HealthAddress: ":9440", MetricsAddress: ":8443", MetricsSecure: true,
		SyncPeriod: 10 * time.Minute, KubeQPS: 200, KubeBurst: 400, HarvesterQPS: 200, HarvesterBurst: 400,
		NodeTimeout: 20 * time.Minute, EtcdTimeout: 10 * time.Minute,
		CredentialsWarning: 7 * 24 * time.Hour, ShutdownTimeout: 10 * time.Second,
		CreateServiceMonitor: true, CreatePrometheusRule: true, CreateClusterClass: true,
	}
}

// How many objects of a kind are worked on at once by default. Machines wait for Harvester most of the time.
const (
	defaultClusterWorkers = 10
	defaultMachineWorkers = 20
	defaultGuestWorkers   = 10
)

func (o Options) workers(kind, byDefault int) int {
	return cmp.Or(kind, o.MaxConcurrentReconciles, byDefault)
}

func (o Options) clusterWorkers() int { return o.workers(o.ClusterConcurrency, defaultClusterWorkers) }
func (o Options) machineWorkers() int { return o.workers(o.MachineConcurrency, defaultMachineWorkers) }
func (o Options) poolWorkers() int    { return o.workers(o.PoolConcurrency, defaultClusterWorkers) }
func (o Options) claimWorkers() int   { return o.workers(o.ClaimConcurrency, defaultMachineWorkers) }
func (o Options) guestWorkers() int   { return o.workers(o.GuestConcurrency, defaultGuestWorkers) }

// lease says where the leader's lease is, and how it is called.
func (o Options) lease() (namespace, name string) {
	namespace, name, qualified := strings.Cut(o.LeaderElectionID, "/")
	if !qualified {
		namespace, name = o.LeaderElectionNamespace, o.LeaderElectionID
	}
	return namespace, cmp.Or(name, leaseName)
}

// Validate names every option that the manager cannot run with, by its flag.
func (o Options) Validate() error {
	failures := append(o.validateLeaderElection(), o.validateStatusPage()...)
	for flag, number := range map[string]int{
		"max-concurrent-reconciles": o.MaxConcurrentReconciles, "harvestercluster-concurrency": o.ClusterConcurrency,
		"harvestermachine-concurrency": o.MachineConcurrency, "harvesterippool-concurrency": o.PoolConcurrency,
		"ipaddressclaim-concurrency": o.ClaimConcurrency, "clustercache-concurrency": o.GuestConcurrency,
	} {
		if number < 0 {
			failures = append(failures, fmt.Errorf("--%s: %d is not allowed: use 1 or more, or 0 for the default", flag, number))
		}
	}
	return errors.Join(failures...)
}

func (o Options) validateLeaderElection() []error {
	var failures []error
	if !o.LeaderElection {
		return nil
	}
	if namespace, name, qualified := strings.Cut(o.LeaderElectionID, "/"); qualified && (namespace == "" || name == "" || strings.Contains(name, "/")) {
		failures = append(failures, fmt.Errorf("--leader-election-id: %q is not allowed: use name or namespace/name", o.LeaderElectionID))
	}
	if o.RetryPeriod <= 0 {
		failures = append(failures, fmt.Errorf("--leader-elect-retry-period: %v is not allowed: use more than 0s", o.RetryPeriod))
	}
	// client-go's leader election adds up to 20 percent to a pause (leaderelection.JitterFactor) and refuses less.
	if o.RenewDeadline <= o.RetryPeriod+o.RetryPeriod/5 {
		failures = append(failures, fmt.Errorf("--leader-elect-renew-deadline: %v is not allowed: use more than 1.2 times --leader-elect-retry-period, which is %v", o.RenewDeadline, o.RetryPeriod))
	}
	if o.LeaseDuration <= o.RenewDeadline {
		failures = append(failures, fmt.Errorf("--leader-elect-lease-duration: %v is not allowed: use more than --leader-elect-renew-deadline, which is %v", o.LeaseDuration, o.RenewDeadline))
	}
	return failures
}
