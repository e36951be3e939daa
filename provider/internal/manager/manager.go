package manager

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	crmanager "sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/convert"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/migration"
	caphvwebhook "github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/webhook"
)

// leaseName is the name of the leader's lease.
const leaseName = "caphv-controller-leader-election"

// podNamespace is where the manager runs; empty outside of a cluster.
func podNamespace() string { return os.Getenv("POD_NAMESPACE") }

// Run runs the manager until the context ends, and returns when everything has stopped. Options that cannot work are an
// error before anything starts.
func Run(ctx context.Context, config *rest.Config, options Options) error {
	if err := options.Validate(); err != nil {
		return err
	}
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = options.KubeQPS, options.KubeBurst
	mgr, err := ctrl.NewManager(config, managerOptions(options))
	if err != nil {
		return fmt.Errorf("create the manager: %w", err)
	}
	if err := addChecks(mgr, options); err != nil {
		return err
	}
	shared, err := newShared(mgr, options)
	if err != nil {
		return err
	}
	// A manager that has ended leaves the process as it found it: another one may start in it.
	defer metrics.Registry.Unregister(shared.metrics)
	defer outlive(ctx, shared.harvester)()
	if err := addControllers(ctx, mgr, shared, options); err != nil {
		return err
	}
	if options.StatusPage {
		if err := addStatusPage(mgr, shared, options); err != nil {
			return err
		}
	}
	if err := migration.Add(ctx, mgr, options.SkipMigrationPhases, controllerOptions(1)); err != nil {
		return err
	}
	if err := addOptionalObjects(mgr, options); err != nil {
		return err
	}
	if options.EnableWebhooks {
		if err := addWebhooks(mgr); err != nil {
			return err
		}
	}
	return mgr.Start(ctx)
}

// outlive starts what has to be there until everything else has stopped, and returns what stops it and waits. The manager
// itself would stop it first: reconciles that are under way when the manager is told to stop would then work on closed
// connections, and whatever of theirs may not be interrupted would be tried in vain until its time is over.
func outlive(ctx context.Context, started crmanager.Runnable) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = started.Start(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// managerOptions keep the content of Secrets and ConfigMaps out of the cache: of Secrets only the metadata is watched,
// and what is needed is read live.
func managerOptions(options Options) ctrl.Options {
	leaseNamespace, lease := options.lease()
	result := ctrl.Options{
		Scheme: NewScheme(),
		Cache: cache.Options{
			SyncPeriod:       ptr.To(options.SyncPeriod),
			DefaultTransform: cache.TransformStripManagedFields(),
		},
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}}},
		HealthProbeBindAddress:        options.HealthAddress,
		Metrics:                       metricsOptions(options),
		PprofBindAddress:              options.ProfilerAddress,
		WebhookServer:                 webhook.NewServer(webhook.Options{Host: options.WebhookHost, Port: options.WebhookPort, CertDir: options.WebhookCertDir}),
		LeaderElection:                options.LeaderElection,
		LeaderElectionID:              lease,
		LeaderElectionNamespace:       leaseNamespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 ptr.To(options.LeaseDuration),
		RenewDeadline:                 ptr.To(options.RenewDeadline),
		RetryPeriod:                   ptr.To(options.RetryPeriod),
		GracefulShutdownTimeout:       ptr.To(options.ShutdownTimeout),
	}
	if options.Namespace != "" {
		result.Cache.DefaultNamespaces = map[string]cache.Config{options.Namespace: {}}
	}
	return result
}

func metricsOptions(options Options) metricsserver.Options {
	secure := options.MetricsSecure && !options.InsecureDiagnostics
	result := metricsserver.Options{
		BindAddress: options.MetricsAddress, SecureServing: secure, CertDir: cmp.Or(options.MetricsCertDir, options.WebhookCertDir),
	}
	if secure {
		result.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	if options.Profiling {
		result.ExtraHandlers = map[string]http.Handler{
			"/debug/pprof/":        http.HandlerFunc(pprof.Index),
			"/debug/pprof/profile": http.HandlerFunc(pprof.Profile),
			"/debug/pprof/symbol":  http.HandlerFunc(pprof.Symbol),
			"/debug/pprof/trace":   http.HandlerFunc(pprof.Trace),
		}
	}
	return result
}

// addChecks makes the manager ready when its webhooks can be called.
func addChecks(mgr ctrl.Manager, options Options) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add the health check: %w", err)
	}
	ready := healthz.Ping
	if options.EnableWebhooks {
		ready = mgr.GetWebhookServer().StartedChecker()
	}
	if err := mgr.AddReadyzCheck("ready", ready); err != nil {
		return fmt.Errorf("add the readiness check: %w", err)
	}
	return nil
}

// addWebhooks serves the webhooks, and registers them anew where that was undone.
func addWebhooks(mgr ctrl.Manager) error {
	if err := caphvwebhook.Register(mgr); err != nil {
		return fmt.Errorf("set up the webhooks: %w", err)
	}
	if err := convert.Register(mgr); err != nil {
		return err
	}
	namespace := podNamespace()
	if namespace == "" {
		return nil
	}
	return mgr.Add(leaderTask(func(ctx context.Context) error {
		if err := caphvwebhook.EnsureConfiguration(ctx, mgr.GetClient(), mgr.GetAPIReader(), namespace); err != nil {
			mgr.GetLogger().Error(err, "The webhooks may not be registered")
		}
		return nil
	}))
}

// leaderTask runs once, in the manager that leads.
type leaderTask func(ctx context.Context) error

// Start runs the task.
func (t leaderTask) Start(ctx context.Context) error { return t(ctx) }

// NeedLeaderElection tells the manager to run the task only when it leads.
func (t leaderTask) NeedLeaderElection() bool { return true }
