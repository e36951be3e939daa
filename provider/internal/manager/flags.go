package manager

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/logs"
	logsv1 "k8s.io/component-base/logs/api/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/feature"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/migration"
)

// concurrencySuffix ends the flags that say how many objects of a kind are worked on at once.
const concurrencySuffix = "-concurrency"

// NewFlagSet returns all flags of the manager: those of its options, and those of its log. The values that the options
// have are the defaults.
func NewFlagSet(options *Options, logging *logs.Options) *pflag.FlagSet {
	flags := pflag.NewFlagSet("manager", pflag.ContinueOnError)
	options.AddFlags(flags)
	logsv1.AddFlags(logging, flags)
	return flags
}

// Section is a group of flags that belong together.
type Section struct {
	// Title says what they are about.
	Title string
	// Add adds them to a set. The values that the options have are the defaults.
	Add func(flags *pflag.FlagSet)
}

// Sections are the flags of the options, in the order in which a reader needs them.
func (o *Options) Sections() []Section {
	return []Section{
		{"Management cluster, objects, version", o.addScope},
		{"Webhooks, health, metrics and profiles", o.addServing},
		{"Leader election", o.addLeaderElection},
		{"How much at once, and how long", o.addTuning},
		{"What is created besides", o.addOptional},
	}
}

// AddFlags adds a flag for each option; the present values are the defaults.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.SetNormalizeFunc(aliases)
	for _, section := range o.Sections() {
		section.Add(flags)
	}
}

func (o *Options) addScope(flags *pflag.FlagSet) {
	flags.StringVar(&o.Kubeconfig, "kubeconfig", o.Kubeconfig, "File that holds the kubeconfig of the management cluster. Empty: that of the Pod, else $KUBECONFIG, else ~/.kube/config.")
	flags.StringVar(&o.Namespace, "namespace", o.Namespace, "Namespace to watch. Empty: all.")
	flags.StringVar(&o.WatchFilter, "watch-filter", o.WatchFilter, "Work only on objects whose label cluster.x-k8s.io/watch-filter has this value. Empty: on all.")
	flags.BoolVar(&o.ShowVersion, "version", o.ShowVersion, "Print the version and end.")
}

func (o *Options) addServing(flags *pflag.FlagSet) {
	flags.BoolVar(&o.EnableWebhooks, "enable-webhooks", o.EnableWebhooks, "Serve the webhooks: validation, and conversion between API versions. Without conversion, objects stored in an older version cannot be read.")
	flags.StringVar(&o.WebhookHost, "webhook-host", o.WebhookHost, "Address that serves the webhooks. Empty: every address.")
	flags.IntVar(&o.WebhookPort, "webhook-port", o.WebhookPort, "Port of the webhooks.")
	flags.StringVar(&o.WebhookCertDir, "webhook-cert-dir", o.WebhookCertDir, "Directory with the webhooks' certificate: tls.crt and tls.key.")
	flags.StringVar(&o.HealthAddress, "health-probe-bind-address", o.HealthAddress, "Address that serves /healthz and /readyz. 0: none.")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", o.MetricsAddress, "Address that serves /metrics. 0: none.")
	flags.BoolVar(&o.MetricsSecure, "metrics-secure", o.MetricsSecure, "Serve metrics by HTTPS, with authentication and authorization by the API server.")
	flags.StringVar(&o.MetricsCertDir, "metrics-cert-dir", o.MetricsCertDir, "Directory with the certificate for metrics: tls.crt and tls.key. Empty: that of the webhooks; one signed by itself if there is none.")
	flags.BoolVar(&o.InsecureDiagnostics, "insecure-diagnostics", o.InsecureDiagnostics, "Serve metrics by HTTP to everyone, whatever --metrics-secure says.")
	flags.StringVar(&o.ProfilerAddress, "profiler-address", o.ProfilerAddress, "Address that serves pprof under /debug/pprof/ by HTTP to everyone who reaches it, localhost:6060 for instance. Empty or 0: none.")
	flags.BoolVar(&o.Profiling, "profiling", o.Profiling, "Serve pprof under /debug/pprof/ beside the metrics.")
	flags.BoolVar(&o.StatusPage, "status-page", o.StatusPage, "Serve a page with clusters, machines, addresses and events under /status, and the same as JSON under /status.json, beside the metrics and with their protection.")
}

func (o *Options) addLeaderElection(flags *pflag.FlagSet) {
	flags.BoolVar(&o.LeaderElection, "leader-elect", o.LeaderElection, "Elect a leader, so that several managers may run and one works.")
	flags.StringVar(&o.LeaderElectionNamespace, "leader-elect-namespace", o.LeaderElectionNamespace, "Namespace of the leader's lease. Empty: that of the Pod.")
	flags.StringVar(&o.LeaderElectionID, "leader-election-id", o.LeaderElectionID, "Name of the leader's lease, or namespace/name. The manager needs the rights on leases there. Empty: "+leaseName+".")
	flags.DurationVar(&o.LeaseDuration, "leader-elect-lease-duration", o.LeaseDuration, "How long the others wait before they replace a silent leader.")
	flags.DurationVar(&o.RenewDeadline, "leader-elect-renew-deadline", o.RenewDeadline, "How long a leader tries to renew its lease before it gives up.")
	flags.DurationVar(&o.RetryPeriod, "leader-elect-retry-period", o.RetryPeriod, "How long to wait between attempts.")
}

func (o *Options) addTuning(flags *pflag.FlagSet) {
	o.addConcurrency(flags)
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
	flags.DurationVar(&o.ShutdownTimeout, "shutdown-timeout", o.ShutdownTimeout, "How long reconciles that are under way may take at the end, before the lease is given up. Keep it well under the Pod's terminationGracePeriodSeconds.")
}

func (o *Options) addConcurrency(flags *pflag.FlagSet) {
	flags.IntVar(&o.MaxConcurrentReconciles, "max-concurrent-reconciles", o.MaxConcurrentReconciles, "Objects of each kind to work on at once, of kinds without a number of their own. 0: the default of each kind.")
	for _, kind := range []struct {
		number    *int
		flag      string
		what      string
		byDefault int
	}{
		{&o.ClusterConcurrency, "harvestercluster", "HarvesterClusters to work on", defaultClusterWorkers},
		{&o.MachineConcurrency, "harvestermachine", "HarvesterMachines to work on", defaultMachineWorkers},
		{&o.PoolConcurrency, "harvesterippool", "HarvesterIPPools to work on", defaultClusterWorkers},
		{&o.ClaimConcurrency, "ipaddressclaim", "IPAddressClaims to work on", defaultMachineWorkers},
		{&o.GuestConcurrency, "clustercache", "Workload clusters to connect to", defaultGuestWorkers},
	} {
		flags.IntVar(kind.number, kind.flag+concurrencySuffix, *kind.number,
			fmt.Sprintf("%s at once. 0: --max-concurrent-reconciles, or %d.", kind.what, kind.byDefault))
	}
}

// OtherNames are the names by which Cluster API's own managers call a flag, or the Cluster API operator sets it. The key is
// such a name, the value ours.
var OtherNames = map[string]string{
	"health-addr":         "health-probe-bind-address",
	"diagnostics-address": "metrics-bind-address",
	"metrics-bind-addr":   "metrics-bind-address",
	"cluster-concurrency": "clustercache-concurrency", // of Clusters only the connections to their API servers are worked on
}

// aliases replaces other names of flags by ours. The kind in the name of a concurrency flag may have its API group.
func aliases(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if kind, isConcurrency := strings.CutSuffix(name, concurrencySuffix); isConcurrency {
		kind, _, _ = strings.Cut(kind, ".")
		name = kind + concurrencySuffix
	}
	return pflag.NormalizedName(cmp.Or(OtherNames[name], name))
}
