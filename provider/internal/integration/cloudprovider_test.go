package integration

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/wake"
)

const (
	manifestKey = "cloud-config.yaml"
	vip         = "192.0.2.200"
)

// wantsCloudProvider has the cluster ask for its cloud provider's configuration.
func wantsCloudProvider(namespace string) func(*infrav1.HarvesterCluster) {
	return func(c *infrav1.HarvesterCluster) {
		c.Spec.UpdateCloudProviderConfig = &infrav1.UpdateCloudProviderConfig{
			ManifestsConfigMapNamespace: namespace, ManifestsConfigMapName: "c1-ccm", ManifestsConfigMapKey: manifestKey,
			CloudConfigCredentialsSecretName: "harvester-cloud-config", CloudConfigCredentialsSecretKey: "cloud-provider-config",
		}
	}
}

func (w *world) seedManagementAddress() {
	w.t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "harvester-system"}}
	require.NoError(w.t, client.IgnoreAlreadyExists(w.harvester.Create(w.ctx, namespace)))
	address := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: "vip"}, Data: map[string]string{"ip": vip}}
	require.NoError(w.t, client.IgnoreAlreadyExists(w.harvester.Create(w.ctx, address)))
}

// issueToken does what Harvester's token controller does, which does not run beside the API server here.
func (w *world) issueToken() {
	w.t.Helper()
	secret := get(w, w.harvester, w.target, w.whose().CloudProviderToken(), &corev1.Secret{})
	secret.Data = map[string][]byte{"token": []byte(secretMarker), "ca.crt": []byte("an authority")}
	require.NoError(w.t, w.harvester.Update(w.ctx, secret))
}

func (w *world) cloudCondition(want string) func(*infrav1.HarvesterCluster) bool {
	return func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.CloudProviderConfigReadyCondition) == want
	}
}

func TestCloudProviderGetsAnAccountOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.seedManagementAddress()
	w.provisionCluster(wantsCloudProvider(w.namespace))
	cluster := w.settleCluster(clusterName, w.cloudCondition("False/"+infrav1.CloudProviderConfigTargetNotFoundReason))
	assert.Contains(t, conditions.GetMessage(cluster, infrav1.CloudProviderConfigReadyCondition), w.namespace+"/c1-ccm")
	assert.True(t, cluster.Status.Ready, "machines do not wait for it")
	account := w.whose().CloudProvider()
	assert.False(t, w.exists(w.harvester, w.target, account, &corev1.ServiceAccount{}), "nothing is made for nobody")

	w.create(w.management, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "c1-ccm"}, Data: map[string]string{"chart.yaml": "kept"},
	})
	w.settleCluster(clusterName, w.cloudCondition("False/"+infrav1.CloudProviderConfigPendingReason))
	w.requireTokenIsWatched()
	w.issueToken()
	cluster = w.settleCluster(clusterName, w.cloudCondition("True/"+infrav1.CloudProviderConfigWrittenReason))
	w.requireManifest(account)
	w.requireLeastRights(account)
	for _, condition := range cluster.Status.Conditions {
		assert.NotContains(t, condition.Message, secretMarker)
	}
	assert.NotContains(t, w.eventsText(), secretMarker)

	_ = w.proxy.requests()
	for range 3 {
		_, err := w.reconcileCluster(clusterName)
		require.NoError(t, err)
	}
	requests := w.proxy.requests()
	for _, request := range requests {
		assert.NotContains(t, request, "serviceaccounts", "what was verified is asked for again")
	}

	w.deleteCluster()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	assert.False(t, w.exists(w.harvester, w.target, account, &corev1.ServiceAccount{}))
	assert.False(t, w.exists(w.harvester, w.target, account, &rbacv1.RoleBinding{}))
	assert.False(t, w.exists(w.harvester, w.target, w.whose().CloudProviderToken(), &corev1.Secret{}))
	assert.False(t, w.exists(w.harvester, "", names.ClusterBinding(w.target, account), &rbacv1.ClusterRoleBinding{}))
}

// requireTokenIsWatched checks that the token is waited for by a watch on its Secret, and by looking again and again only
// where the account may not watch.
func (w *world) requireTokenIsWatched() {
	w.t.Helper()
	result, err := w.reconcileCluster(clusterName)
	require.NoError(w.t, err)
	assert.Equal(w.t, wake.Safety, result.RequeueAfter)
	w.proxy.setUnwatchable(true)
	defer w.proxy.setUnwatchable(false)
	w.startReconcilers()
	w.settle(func() (err error) { result, err = w.reconcileCluster(clusterName); return err }, func() bool { return result.RequeueAfter != 0 })
	assert.Less(w.t, result.RequeueAfter, 30*time.Second)
}

// requireManifest reads what the guest would read.
func (w *world) requireManifest(account string) {
	w.t.Helper()
	manifest := get(w, w.management, w.namespace, "c1-ccm", &corev1.ConfigMap{})
	assert.Equal(w.t, "kept", manifest.Data["chart.yaml"])
	secret := &corev1.Secret{}
	require.NoError(w.t, yaml.Unmarshal([]byte(manifest.Data[manifestKey]), secret))
	assert.Equal(w.t, "kube-system/harvester-cloud-config", secret.Namespace+"/"+secret.Name)
	config, err := clientcmd.RESTConfigFromKubeConfig(secret.Data["cloud-provider-config"])
	require.NoError(w.t, err)
	assert.Equal(w.t, "https://"+vip+":6443", config.Host)
	assert.Equal(w.t, secretMarker, config.BearerToken)
	raw, err := clientcmd.Load(secret.Data["cloud-provider-config"])
	require.NoError(w.t, err)
	assert.Equal(w.t, w.target, raw.Contexts[raw.CurrentContext].Namespace, "VMs are looked for in the context's namespace")
	token := get(w, w.harvester, w.target, w.whose().CloudProviderToken(), &corev1.Secret{})
	assert.Equal(w.t, account, token.Annotations[corev1.ServiceAccountNameKey])
	assert.NotContains(w.t, manifest.Data[manifestKey], base64.StdEncoding.EncodeToString(w.proxy.kubeconfig(w.t, "first")), "not the provider's own credentials")
}

func (w *world) requireLeastRights(account string) {
	w.t.Helper()
	subject := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: w.target, Name: account}}
	binding := get(w, w.harvester, w.target, account, &rbacv1.RoleBinding{})
	assert.Equal(w.t, "harvesterhci.io:cloudprovider", binding.RoleRef.Name)
	assert.Equal(w.t, subject, binding.Subjects)
	wide := get(w, w.harvester, "", names.ClusterBinding(w.target, account), &rbacv1.ClusterRoleBinding{})
	assert.Equal(w.t, "harvesterhci.io:csi-driver", wide.RoleRef.Name)
	assert.Equal(w.t, subject, wide.Subjects)
}

func TestCloudProviderManifestOfAnotherNamespaceMustAllowIt(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.seedManagementAddress()
	elsewhere := w.namespace + "-shared"
	w.create(w.management, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: elsewhere}})
	manifest := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: elsewhere, Name: "c1-ccm"}}
	w.create(w.management, manifest)
	w.provisionCluster(wantsCloudProvider(elsewhere), func(c *infrav1.HarvesterCluster) {
		c.Annotations = map[string]string{infrav1.CloudProviderServerAnnotation: "https://harvester.example:6443"}
	})
	w.settleCluster(clusterName, w.cloudCondition("False/"+infrav1.CloudProviderConfigNotAllowedReason))
	manifest.Annotations = map[string]string{infrav1.AllowedNamespacesAnnotation: "other, " + w.namespace}
	require.NoError(t, w.management.Update(w.ctx, manifest))
	w.settleCluster(clusterName, w.cloudCondition("False/"+infrav1.CloudProviderConfigPendingReason))
	w.issueToken()
	w.settleCluster(clusterName, w.cloudCondition("True/"+infrav1.CloudProviderConfigWrittenReason))
	secret := &corev1.Secret{}
	require.NoError(t, yaml.Unmarshal([]byte(get(w, w.management, elsewhere, "c1-ccm", manifest).Data[manifestKey]), secret))
	assert.Contains(t, string(secret.Data["cloud-provider-config"]), "https://harvester.example:6443")
}

func TestForeignAccountIsNotUsed(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.seedManagementAddress()
	w.create(w.management, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "c1-ccm"}})
	w.create(w.harvester, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.target}})
	account := w.whose().WithSeed("known").CloudProvider()
	w.create(w.harvester, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: account}})
	w.provisionCluster(wantsCloudProvider(w.namespace), func(c *infrav1.HarvesterCluster) {
		c.Annotations = map[string]string{infrav1.ClusterSeedAnnotation: "known"}
	})
	cluster := w.settleCluster(clusterName, w.cloudCondition("False/"+infrav1.CloudProviderConfigFailedReason))
	assert.Contains(t, conditions.GetMessage(cluster, infrav1.CloudProviderConfigReadyCondition), account)
	w.deleteCluster()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	assert.True(t, w.exists(w.harvester, w.target, account, &corev1.ServiceAccount{}))
}
