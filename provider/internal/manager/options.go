package manager

import (
	"strings"
	"time"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/feature"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/migration"
)

// Options are what the operator of the manager decides. DefaultOptions gives the defaults, AddFlags the flags.
type Options struct {
	// Kubeconfig of the management cluster; empty means the one of the Pod, or of kubectl.
	Kubeconfig string
	// Namespace to watch; empty means all.
	Namespace string
	// WatchFilter limits the manager to objects with this value of the label cluster.x-k8s.io/watch-filter.
	WatchFilter string

	// LeaderElection lets one of several managers work; the others wait.
	LeaderElection bool
	// LeaderElectionNamespace holds the lease; empty means the namespace of the Pod.
	LeaderElectionNamespace string
	// LeaseDuration, RenewDeadline and RetryPeriod tune how fast a lost leader is replaced.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration

	// EnableWebhooks serves the webhooks: validation, and conversion between the versions of our kinds.
	EnableWebhooks bool
	// WebhookPort is where they are served.
	WebhookPort int
	// WebhookCertDir holds tls.crt and tls.key.
	WebhookCertDir string

	// HealthAddress serves /healthz and /readyz; "0" switches it off.
	HealthAddress string
	// MetricsAddress serves /metrics; "0" switches it off.
	MetricsAddress string
	// MetricsSecure serves metrics by HTTPS, to those whom the API server lets get the URL.
	MetricsSecure bool
	// MetricsCertDir holds tls.crt and tls.key for metrics; empty means a certificate signed by itself.
	MetricsCertDir string
	// Profiling serves pprof beside the metrics, under the same protection.
	Profiling bool

	// ClusterConcurrency, MachineConcurrency and GuestConcurrency are how many objects of a kind are worked on at once.
	ClusterConcurrency, MachineConcurrency, GuestConcurrency int
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
		ClusterConcurrency: 10, MachineConcurrency: 20, GuestConcurrency: 10,
		SyncPeriod: 10 * time.Minute, KubeQPS: 200, KubeBurst: 400, HarvesterQPS: 200, HarvesterBurst: 400,
		NodeTimeout: 20 * time.Minute, EtcdTimeout: 10 * time.Minute,
		CredentialsWarning: 7 * 24 * time.Hour, ShutdownTimeout: 30 * time.Second,
		CreateServiceMonitor: true, CreatePrometheusRule: true, CreateClusterClass: true,
	}
}

// AddFlags adds a flag for each option; the present values are the defaults.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.SetNormalizeFunc(aliases)
	flags.StringVar(&o.Kubeconfig, "kubeconfig", o.Kubeconfig, "File that holds the kubeconfig of the management cluster. Empty: that of the Pod, else $KUBECONFIG, else ~/.kube/config.")
	flags.StringVar(&o.Namespace, "namespace", o.Namespace, "Namespace to watch. Empty: all.")
	flags.StringVar(&o.WatchFilter, "watch-filter", o.WatchFilter, "Work only on objects whose label cluster.x-k8s.io/watch-filter has this value. Empty: on all.")
	o.addServing(flags)
	o.addLeaderElection(flags)
	o.addTuning(flags)
	o.addOptional(flags)
}

func (o *Options) addServing(flags *pflag.FlagSet) {
	flags.BoolVar(&o.EnableWebhooks, "enable-webhooks", o.EnableWebhooks, "Serve the webhooks: validation, and conversion between API versions. Without conversion, objects stored in an older version cannot be read.")
	flags.IntVar(&o.WebhookPort, "webhook-port", o.WebhookPort, "Port of the webhooks.")
	flags.StringVar(&o.WebhookCertDir, "webhook-cert-dir", o.WebhookCertDir, "Folder with the webhooks' certificate: tls.crt and tls.key.")
	flags.StringVar(&o.HealthAddress, "health-probe-bind-address", o.HealthAddress, "Address that serves /healthz and /readyz. 0: none.")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", o.MetricsAddress, "Address that serves /metrics. 0: none.")
	flags.BoolVar(&o.MetricsSecure, "metrics-secure", o.MetricsSecure, "Serve metrics by HTTPS, with authentication and authorisation by the API server.")
	flags.StringVar(&o.MetricsCertDir, "metrics-cert-dir", o.MetricsCertDir, "Folder with the certificate for metrics: tls.crt and tls.key. Empty: one signed by itself.")
	flags.BoolVar(&o.Profiling, "profiling", o.Profiling, "Serve pprof under /debug/pprof/ beside the metrics.")
}

func (o *Options) addLeaderElection(flags *pflag.FlagSet) {
	flags.BoolVar(&o.LeaderElection, "leader-elect", o.LeaderElection, "Elect a leader, so that several managers may run and one works.")
	flags.StringVar(&o.LeaderElectionNamespace, "leader-elect-namespace", o.LeaderElectionNamespace, "Namespace of the leader's lease. Empty: that of the Pod.")
	flags.DurationVar(&o.LeaseDuration, "leader-elect-lease-duration", o.LeaseDuration, "How long the others wait before they replace a silent leader.")
	flags.DurationVar(&o.RenewDeadline, "leader-elect-renew-deadline", o.RenewDeadline, "How long a leader tries to renew its lease before it gives up.")
	flags.DurationVar(&o.RetryPeriod, "leader-elect-retry-period", o.RetryPeriod, "How long to wait between attempts.")
}

func (o *Options) addTuning(flags *pflag.FlagSet) {
	flags.IntVar(&o.ClusterConcurrency, "harvestercluster-concurrency", o.ClusterConcurrency, "HarvesterClusters to work on at once.")
	flags.IntVar(&o.MachineConcurrency, "harvestermachine-concurrency", o.MachineConcurrency, "HarvesterMachines to work on at once.")
	flags.IntVar(&o.GuestConcurrency, "clustercache-concurrency", o.GuestConcurrency, "Guest clusters to connect to at once.")
	flags.Var(cliflag.NewMapStringBool(&o.FeatureGates), "feature-gates", "Features to switch on or off, as Name=true,Other=false. There are: "+feature.Describe()+".")
	flags.DurationVar(&o.SyncPeriod, "sync-period", o.SyncPeriod, "How often to look at every object although nothing happened to it.")
	flags.Float32Var(&o.KubeQPS, "kube-api-qps", o.KubeQPS, "Requests a second to the management cluster, on average.")
	flags.IntVar(&o.KubeBurst, "kube-api-burst", o.KubeBurst, "Requests to the management cluster in a burst.")
	flags.Float32Var(&o.HarvesterQPS, "harvester-qps", o.HarvesterQPS, "Requests a second to each Harvester, on average.")
	flags.IntVar(&o.HarvesterBurst, "harvester-burst", o.HarvesterBurst, "Requests to each Harvester in a burst.")
	flags.StringSliceVar(&o.SkipMigrationPhases, "skip-crd-migration-phases", o.SkipMigrationPhases, "Phases of the migration of stored objects to leave out, separated by commas: "+strings.Join(migration.Phases(), ", ")+".")
	flags.DurationVar(&o.NodeTimeout, "node-init-timeout", o.NodeTimeout, "How long a guest may take to register its Node before its machine says that it is late.")
	flags.DurationVar(&o.EtcdTimeout, "etcd-removal-timeout", o.EtcdTimeout, "How long the deletion of a control-plane machine waits for an etcd that does not answer.")
	flags.DurationVar(&o.CredentialsWarning, "credentials-warning", o.CredentialsWarning, "How long before Harvester's credentials expire to warn, by condition and event.")
	flags.DurationVar(&o.ShutdownTimeout, "shutdown-timeout", o.ShutdownTimeout, "How long reconciles that are under way may take at the end.")
}

// aliases are other names of flags, by which Cluster API's own managers call them.
func aliases(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "health-addr":
		return "health-probe-bind-address"
	case "diagnostics-address":
		return "metrics-bind-address"
	default:
		return pflag.NormalizedName(name)
	}
}
