package manager

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/component-base/logs"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// The flags that the Cluster API operator appends to the arguments of the container `manager` for each field of a
// provider's spec.manager, in its form (cluster-api-operator v0.29.0, internal/controller/component_customizer.go). One
// that the manager does not know is a crash loop for everybody who installs by Turtles.
func TestFlagsOfTheOperator(t *testing.T) {
	for arg, check := range map[string]func(t *testing.T, options Options){
		"--namespace=team": func(t *testing.T, options Options) {
			t.Helper()
			assert.Contains(t, managerOptions(options).Cache.DefaultNamespaces, "team")
		},
		"--health-addr=:9999": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, ":9999", managerOptions(options).HealthProbeBindAddress)
		},
		"--metrics-bind-addr=:9998": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, ":9998", managerOptions(options).Metrics.BindAddress)
			assert.True(t, managerOptions(options).Metrics.SecureServing)
		},
		"--diagnostics-address=:9997": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, ":9997", managerOptions(options).Metrics.BindAddress)
		},
		"--insecure-diagnostics=true": func(t *testing.T, options Options) {
			t.Helper()
			assert.False(t, managerOptions(options).Metrics.SecureServing)
			assert.Nil(t, managerOptions(options).Metrics.FilterProvider)
		},
		"--insecure-diagnostics=false": func(t *testing.T, options Options) {
			t.Helper()
			assert.True(t, managerOptions(options).Metrics.SecureServing)
		},
		"--webhook-host=127.0.0.1": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, "127.0.0.1", webhookOptions(t, options).Host)
		},
		"--webhook-port=10250": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, 10250, webhookOptions(t, options).Port)
		},
		"--webhook-cert-dir=/certs": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, "/certs", webhookOptions(t, options).CertDir)
		},
		"--profiler-address=localhost:6060": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, "localhost:6060", managerOptions(options).PprofBindAddress)
		},
		"--leader-elect=true": func(t *testing.T, options Options) {
			t.Helper()
			assert.True(t, managerOptions(options).LeaderElection)
		},
		"--leader-election-id=elsewhere/the-lease": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, "the-lease", managerOptions(options).LeaderElectionID)
			assert.Equal(t, "elsewhere", managerOptions(options).LeaderElectionNamespace)
		},
		"--leader-elect-lease-duration=60s": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, time.Minute, *managerOptions(options).LeaseDuration)
		},
		"--leader-elect-renew-deadline=12s": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, 12*time.Second, *managerOptions(options).RenewDeadline)
		},
		"--leader-elect-retry-period=1s": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, time.Second, *managerOptions(options).RetryPeriod)
		},
		"--sync-period=120s": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, 2*time.Minute, *managerOptions(options).Cache.SyncPeriod)
		},
		"--feature-gates=PoolAudit=false,ServeIPAddressClaims=true": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, map[string]bool{"PoolAudit": false, "ServeIPAddressClaims": true}, options.FeatureGates)
		},
		"--max-concurrent-reconciles=3": func(t *testing.T, options Options) {
			t.Helper()
			assert.Equal(t, concurrencies{3, 3, 3, 3, 3}, concurrenciesOf(options))
		},
		"--harvestercluster-concurrency=3":                                 hasConcurrencies(concurrencies{Clusters: 3, Machines: 20, Pools: 10, Claims: 20, Guests: 10}),
		"--harvestermachine-concurrency=3":                                 hasConcurrencies(concurrencies{Clusters: 10, Machines: 3, Pools: 10, Claims: 20, Guests: 10}),
		"--harvesterippool-concurrency=3":                                  hasConcurrencies(concurrencies{Clusters: 10, Machines: 20, Pools: 3, Claims: 20, Guests: 10}),
		"--ipaddressclaim-concurrency=3":                                   hasConcurrencies(concurrencies{Clusters: 10, Machines: 20, Pools: 10, Claims: 3, Guests: 10}),
		"--cluster-concurrency=3":                                          hasConcurrencies(concurrencies{Clusters: 10, Machines: 20, Pools: 10, Claims: 20, Guests: 3}),
		"--clustercache-concurrency=3":                                     hasConcurrencies(concurrencies{Clusters: 10, Machines: 20, Pools: 10, Claims: 20, Guests: 3}),
		"--harvestermachine.infrastructure.cluster.x-k8s.io-concurrency=3": hasConcurrencies(concurrencies{Clusters: 10, Machines: 3, Pools: 10, Claims: 20, Guests: 10}),
		"--cluster.cluster.x-k8s.io-concurrency=3":                         hasConcurrencies(concurrencies{Clusters: 10, Machines: 20, Pools: 10, Claims: 20, Guests: 3}),
	} {
		t.Run(arg, func(t *testing.T) {
			options := parse(t, "--leader-elect", "--metrics-bind-address=:8443", "--health-probe-bind-address=:9440", arg)
			require.NoError(t, options.Validate())
			check(t, options)
		})
	}
}

func TestVerbosityOfTheOperator(t *testing.T) {
	options, logging := DefaultOptions(), logs.NewOptions()
	require.NoError(t, NewFlagSet(&options, logging).Parse([]string{"--v=4"}))
	assert.EqualValues(t, 4, logging.Verbosity)
}

// A number for one kind holds whatever the number for all is, in any order.
func TestConcurrencyOfOneKindWins(t *testing.T) {
	want := concurrencies{Clusters: 4, Machines: 7, Pools: 4, Claims: 4, Guests: 4}
	assert.Equal(t, want, concurrenciesOf(parse(t, "--max-concurrent-reconciles=4", "--harvestermachine-concurrency=7")))
	assert.Equal(t, want, concurrenciesOf(parse(t, "--harvestermachine-concurrency=7", "--max-concurrent-reconciles=4")))
}

// The operator appends; what it appends wins over what the manifest says, bare flags included.
func TestLastFlagWins(t *testing.T) {
	assert.False(t, parse(t, "--leader-elect", "--leader-elect=false").LeaderElection)
	assert.Equal(t, ":1", parse(t, "--metrics-bind-address=:8443", "--metrics-bind-addr=:1").MetricsAddress)
}

func TestLeaseNames(t *testing.T) {
	for id, want := range map[string][2]string{
		"":        {"", leaseName},
		"lease":   {"", "lease"},
		"ns/name": {"ns", "name"},
	} {
		options := parse(t, "--leader-election-id="+id)
		require.NoError(t, options.Validate(), id)
		namespace, name := options.lease()
		assert.Equal(t, want, [2]string{namespace, name}, id)
	}
	namespace, _ := parse(t, "--leader-elect-namespace=here").lease()
	assert.Equal(t, "here", namespace)
}

func TestImpossibleOptionsAreRefused(t *testing.T) {
	for arg, flag := range map[string]string{
		"--leader-election-id=a/b/c":        "leader-election-id",
		"--leader-election-id=/name":        "leader-election-id",
		"--leader-election-id=ns/":          "leader-election-id",
		"--leader-elect-lease-duration=5s":  "leader-elect-lease-duration",
		"--leader-elect-renew-deadline=1s":  "leader-elect-renew-deadline",
		"--leader-elect-retry-period=0s":    "leader-elect-retry-period",
		"--max-concurrent-reconciles=-1":    "max-concurrent-reconciles",
		"--harvestermachine-concurrency=-1": "harvestermachine-concurrency",
	} {
		require.ErrorContains(t, parse(t, arg, "--leader-elect").Validate(), "--"+flag, arg)
	}
	assert.NoError(t, DefaultOptions().Validate())
	assert.NoError(t, parse(t, "--leader-elect-lease-duration=5s").Validate(), "no leader is elected")
}

type concurrencies struct{ Clusters, Machines, Pools, Claims, Guests int }

func concurrenciesOf(options Options) concurrencies {
	return concurrencies{
		Clusters: options.clusterWorkers(), Machines: options.machineWorkers(), Pools: options.poolWorkers(),
		Claims: options.claimWorkers(), Guests: options.guestWorkers(),
	}
}

func hasConcurrencies(want concurrencies) func(t *testing.T, options Options) {
	return func(t *testing.T, options Options) {
		t.Helper()
		assert.Equal(t, want, concurrenciesOf(options))
	}
}

func webhookOptions(t *testing.T, options Options) webhook.Options {
	t.Helper()
	server, ok := managerOptions(options).WebhookServer.(*webhook.DefaultServer)
	require.True(t, ok)
	return server.Options
}
