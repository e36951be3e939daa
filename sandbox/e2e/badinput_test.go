package e2e_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// patience for an answer that comes from an event, not from a timer.
const patience = 2 * time.Minute

func managementClient(t *testing.T) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, clusterv1.AddToScheme(scheme))
	require.NoError(t, infrav1.AddToScheme(scheme))
	c, err := client.New(shared.Management().Config(), client.Options{Scheme: scheme})
	require.NoError(t, err)
	return c
}

// namespace makes one for a test and removes it with everything in it.
func namespace(t *testing.T, c client.Client, name string) {
	t.Helper()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	require.NoError(t, c.Create(t.Context(), object))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		assert.NoError(t, c.DeleteAllOf(ctx, &clusterv1.Cluster{}, client.InNamespace(name)))
		assert.Eventually(t, func() bool {
			var clusters clusterv1.ClusterList
			return c.List(ctx, &clusters, client.InNamespace(name)) == nil && len(clusters.Items) == 0
		}, time.Minute, 200*time.Millisecond, "the cluster in namespace %s does not go", name)
		assert.NoError(t, c.Delete(ctx, object))
	})
}

// identity stores a kubeconfig as CAPHV wants it.
func identity(t *testing.T, c client.Client, namespace string, kubeconfig []byte) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "harvester"},
		Data:       map[string][]byte{"kubeconfig": kubeconfig},
	}
	require.NoError(t, c.Create(t.Context(), secret))
	return secret
}

// newCluster describes a HarvesterCluster whose load balancer gets its address from a pool.
func newCluster(namespace, pool string) *infrav1.HarvesterCluster {
	return &infrav1.HarvesterCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "c"},
		Spec: infrav1.HarvesterClusterSpec{
			IdentitySecret:     infrav1.SecretReference{Namespace: namespace, Name: "harvester"},
			LoadBalancerConfig: infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypePool, IPPoolRef: sandbox.LBPool},
			TargetNamespace:    "default",
			VMNetworkConfig: &infrav1.VMNetworkConfig{
				IPPoolRef: pool, Gateway: shared.Network().Gateway.String(), SubnetMask: "255.255.0.0",
			},
		},
	}
}

// cluster makes a Cluster with such a HarvesterCluster and no machines.
func cluster(t *testing.T, c client.Client, namespace, pool string) *infrav1.HarvesterCluster {
	t.Helper()
	infra := newCluster(namespace, pool)
	createCluster(t, c, infra)
	return infra
}

func createCluster(t *testing.T, c client.Client, infra *infrav1.HarvesterCluster) {
	t.Helper()
	require.NoError(t, c.Create(t.Context(), infra))
	require.NoError(t, c.Create(t.Context(), &clusterv1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: infra.Namespace, Name: "c"},
		Spec: clusterv1.ClusterSpec{InfrastructureRef: clusterv1.ContractVersionedObjectReference{
			APIGroup: infrav1.GroupVersion.Group, Kind: "HarvesterCluster", Name: "c",
		}},
	}))
}

// awaitCondition waits until a condition has the status and reason, and returns
// its message.
func awaitCondition(t *testing.T, c client.Client, infra *infrav1.HarvesterCluster, kind string, status metav1.ConditionStatus, reason string) string {
	t.Helper()
	var found *metav1.Condition
	require.Eventually(t, func() bool {
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(infra), infra); err != nil {
			return false
		}
		found = apimeta.FindStatusCondition(infra.Status.Conditions, kind)
		return found != nil && found.Status == status && (reason == "" || found.Reason == reason)
	}, patience, 200*time.Millisecond, "condition %s never became %s %s; last: %+v", kind, status, reason, found)
	return found.Message
}

func TestAMachineWithoutVolumesIsRefusedAtAdmission(t *testing.T) {
	c := managementClient(t)
	namespace(t, c, "no-volumes")
	err := c.Create(t.Context(), &infrav1.HarvesterMachine{
		ObjectMeta: metav1.ObjectMeta{Namespace: "no-volumes", Name: "m"},
		Spec: infrav1.HarvesterMachineSpec{
			CPU: 2, Memory: "4Gi", SSHUser: "rancher", SSHKeyPair: sandbox.KeyPair, Networks: []string{sandbox.VMNetwork},
		},
	})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "spec.volumes")
}

func TestAPoolThatDoesNotExistIsNamedAndWaitedFor(t *testing.T) {
	c := managementClient(t)
	namespace(t, c, "no-pool")
	kubeconfig, err := os.ReadFile(shared.HarvesterKubeconfig())
	require.NoError(t, err)
	identity(t, c, "no-pool", kubeconfig)
	infra := cluster(t, c, "no-pool", "late-pool")

	message := awaitCondition(t, c, infra, infrav1.IPPoolsReadyCondition, metav1.ConditionFalse, infrav1.PoolNotFoundReason)
	assert.Contains(t, message, "late-pool")

	machines := shared.Network().Machines.Addr().As4()
	late := simulator.Pool{Name: "late-pool", Network: sandbox.VMNetwork, Subnet: shared.Network().Machines, Gateway: shared.Network().Gateway, Priority: 7}
	machines[2] = 150
	machines[3] = 10
	late.Start = addr(machines)
	machines[3] = 20
	late.End = addr(machines)
	require.NoError(t, shared.Harvester().Seed(t.Context(), simulator.Seed{Namespaces: []string{"default"}, Pools: []simulator.Pool{late}}))
	awaitCondition(t, c, infra, infrav1.IPPoolsReadyCondition, metav1.ConditionTrue, "")
}

func TestAWrongKubeconfigIsToldAndMended(t *testing.T) {
	c := managementClient(t)
	kubeconfig, err := os.ReadFile(shared.HarvesterKubeconfig())
	require.NoError(t, err)
	for name, test := range map[string]struct {
		kubeconfig string
		reason     string
	}{
		"malformed": {"certainly: [not a kubeconfig", infrav1.IdentitySecretInvalidReason},
		"revoked":   {withToken(t, kubeconfig, "a-token-nobody-issued"), infrav1.CredentialsRejectedReason},
	} {
		t.Run(name, func(t *testing.T) {
			ns := "wrong-kubeconfig-" + name
			namespace(t, c, ns)
			secret := identity(t, c, ns, []byte(test.kubeconfig))
			infra := cluster(t, c, ns, sandbox.MachinePool)

			message := awaitCondition(t, c, infra, infrav1.HarvesterConnectionReadyCondition, metav1.ConditionFalse, test.reason)
			assert.NotContains(t, message, "nobody-issued", "a condition holds a secret")
			assert.NotContains(t, message, "certainly", "a condition holds a secret")

			secret.Data["kubeconfig"] = kubeconfig
			require.NoError(t, c.Update(t.Context(), secret))
			awaitCondition(t, c, infra, infrav1.HarvesterConnectionReadyCondition, metav1.ConditionTrue, "")
			awaitCondition(t, c, infra, infrav1.ReadyCondition, metav1.ConditionTrue, "")
		})
	}
}

func TestAMissingIdentitySecretIsToldAndMended(t *testing.T) {
	c := managementClient(t)
	namespace(t, c, "no-identity")
	infra := cluster(t, c, "no-identity", sandbox.MachinePool)
	message := awaitCondition(t, c, infra, infrav1.HarvesterConnectionReadyCondition, metav1.ConditionFalse, infrav1.IdentitySecretNotFoundReason)
	assert.Contains(t, message, "no-identity/harvester", "the message does not name the Secret")

	kubeconfig, err := os.ReadFile(shared.HarvesterKubeconfig())
	require.NoError(t, err)
	identity(t, c, "no-identity", kubeconfig)
	awaitCondition(t, c, infra, infrav1.HarvesterConnectionReadyCondition, metav1.ConditionTrue, "")
}
