package manager

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-base/logs"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/yaml"
)

func parse(t *testing.T, args ...string) Options {
	t.Helper()
	options := DefaultOptions()
	require.NoError(t, NewFlagSet(&options, logs.NewOptions()).Parse(args))
	return options
}

func TestDefaultsAreTheGuides(t *testing.T) {
	options := parse(t)
	assert.Equal(t, DefaultOptions(), options)
	assert.True(t, options.EnableWebhooks)
	assert.Equal(t, 9443, options.WebhookPort)
	assert.Equal(t, "/tmp/k8s-webhook-server/serving-certs", options.WebhookCertDir)
	assert.Equal(t, ":8443", options.MetricsAddress)
	assert.True(t, options.MetricsSecure)
}

// Weak point 11 of the existing provider: one worker for all objects of a kind, so that a slow one held up the rest.
func TestControllersHaveSeveralWorkers(t *testing.T) {
	options := parse(t, "--harvestermachine-concurrency=7")
	assert.Equal(t, 7, controllerOptions(options.machineWorkers()).MaxConcurrentReconciles)
	defaults := DefaultOptions()
	for _, workers := range []int{defaults.clusterWorkers(), defaults.machineWorkers(), defaults.poolWorkers(), defaults.claimWorkers(), defaults.guestWorkers()} {
		assert.Greater(t, workers, 1)
	}
}

func TestAliases(t *testing.T) {
	options := parse(t, "--health-addr=:1", "--diagnostics-address=:2", "--enable-webhooks=false")
	assert.Equal(t, ":1", options.HealthAddress)
	assert.Equal(t, ":2", options.MetricsAddress)
	assert.False(t, options.EnableWebhooks)
}

// The shipped Deployment starts the manager with flags that exist.
func TestDeploymentUsesFlagsThatExist(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "config", "manager", "deployment.yaml"))
	require.NoError(t, err)
	deployment := &appsv1.Deployment{}
	require.NoError(t, yaml.UnmarshalStrict(content, deployment))
	container := deployment.Spec.Template.Spec.Containers[0]
	require.NotEmpty(t, container.Args)
	options := parse(t, container.Args...)
	assert.True(t, options.LeaderElection)
	assert.Equal(t, DefaultOptions().HealthAddress, options.HealthAddress)
	grace := time.Duration(*deployment.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	assert.LessOrEqual(t, options.ShutdownTimeout+options.RenewDeadline, grace, "time is left to give up the lease")
	var sets []string
	for _, env := range container.Env {
		sets = append(sets, env.Name)
	}
	assert.Contains(t, sets, "POD_NAMESPACE", "without it the webhooks are not put back")
}

func TestGuestIsConnectedToWhenItsControlPlaneAnswers(t *testing.T) {
	cluster := &clusterv1.Cluster{}
	cluster.Spec.ControlPlaneRef = clusterv1.ContractVersionedObjectReference{APIGroup: "g", Kind: "K", Name: "n"}
	assert.False(t, controlPlaneAnswers(cluster))
	cluster.Status.Initialization.ControlPlaneInitialized = ptr.To(true)
	assert.True(t, controlPlaneAnswers(cluster))
	assert.True(t, controlPlaneAnswers(&clusterv1.Cluster{}), "nobody would ever say so")
}

func TestStripNodeKeepsWhatIsRead(t *testing.T) {
	node := &corev1.Node{Spec: corev1.NodeSpec{ProviderID: "p", Taints: []corev1.Taint{{Key: "k"}}}}
	node.Name, node.ResourceVersion = "n", "7"
	node.Status.Images = []corev1.ContainerImage{{Names: []string{"large"}}}
	stripped, err := stripNode(node)
	require.NoError(t, err)
	assert.Equal(t, &corev1.Node{ObjectMeta: node.ObjectMeta, Spec: corev1.NodeSpec{ProviderID: "p", Taints: []corev1.Taint{{Key: "k"}}}}, stripped)
	assert.Equal(t, "7", stripped.(*corev1.Node).ResourceVersion, "a write is made against it")
}

func TestVersionIsNeverEmpty(t *testing.T) {
	assert.NotEmpty(t, Version())
	assert.NotEmpty(t, Revision())
	assert.Contains(t, userAgent(), "caphv/")
}

// The ServiceMonitor checks the certificate of the metrics against the authority of the webhooks'.
func TestMetricsAreServedWithTheWebhooksCertificate(t *testing.T) {
	options := DefaultOptions()
	assert.Equal(t, options.WebhookCertDir, metricsOptions(options).CertDir)
	options.MetricsCertDir = "/elsewhere"
	assert.Equal(t, "/elsewhere", metricsOptions(options).CertDir)
}
