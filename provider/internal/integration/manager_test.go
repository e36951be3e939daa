package integration

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// soon is shorter than any timer of the manager: what happens within it happened because of an event.
const soon = 25 * time.Second

// The whole manager, as main runs it. Nobody calls a reconcile here: everything has to be woken by what it waits for.
func TestManagerIsDrivenByEvents(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	w.deleteIdentity()
	probe := w.runManager()
	w.eventually(func() bool {
		response, err := http.Get("http://" + probe + "/readyz")
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusOK
	}, "the manager is ready")

	w.createCluster()
	w.awaitCluster(infrav1.HarvesterConnectionReadyCondition, "False/"+infrav1.IdentitySecretNotFoundReason)
	w.createIdentity(w.proxy.kubeconfig(t, "second"))
	w.awaitCluster(infrav1.LoadBalancerReadyCondition, "False/"+infrav1.LoadBalancerAddressPendingReason)
	w.addressLoadBalancer("192.0.2.10")
	w.awaitCluster(infrav1.ReadyCondition, "True/"+infrav1.ReadyReason)
	w.createMachine("m-1", false)
	w.awaitMachine("m-1", infrav1.VMProvisionedCondition, "False/"+infrav1.WaitingForClusterInfrastructureReason)
	w.proxy.requests()
	w.markProvisioned()
	w.awaitMachine("m-1", infrav1.VMProvisionedCondition, "True/"+infrav1.VMProvisionedReason)
	w.boot("m-1")
	w.awaitMachine("m-1", infrav1.VMRunningCondition, "True/"+infrav1.VMRunningReason)
	w.awaitMachine("m-1", infrav1.NodeInitializedCondition, "False/"+infrav1.GuestClusterUnreachableReason)
	w.becomeGuest("m-1")
	w.awaitMachine("m-1", infrav1.ReadyCondition, "True/"+infrav1.ReadyReason)
	// Two for the pool, one each to look for a VM and a volume, one each to make a Secret and a VM, and three lookups that
	// machines made at the same time share: nine. A reconcile that comes before the cache has what the one before it wrote
	// looks once more, so the bound leaves room for three of these.
	assert.LessOrEqual(t, len(w.proxy.requests()), 12, "requests to Harvester from a Machine to its Node")
	w.requireWebhooks()
	w.requireWaiterIsWoken()
	w.requireClaimsByEvents()
	w.requireForeignVMIsWaitedFor()
	w.requireTokenByEvents()
	w.requireRotation()
	w.requireDeletionByEvents()
}

// runManager runs the manager on this world's namespace, webhooks included, and returns its probe address.
func (w *world) runManager() string {
	w.t.Helper()
	hooks := w.installWebhooks()
	options := manager.DefaultOptions()
	options.Namespace, options.MetricsAddress, options.HealthAddress = w.namespace, "0", freeAddress(w.t)
	options.WebhookPort, options.WebhookCertDir = hooks.LocalServingPort, hooks.LocalServingCertDir
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- manager.Run(ctx, management, options) }()
	w.t.Cleanup(func() {
		cancel()
		assert.NoError(w.t, <-done)
	})
	return options.HealthAddress
}

// installWebhooks registers the shipped webhooks with the management cluster, for this world's namespace only.
func (w *world) installWebhooks() *envtest.WebhookInstallOptions {
	w.t.Helper()
	root, err := repositoryRoot()
	require.NoError(w.t, err)
	hooks := &envtest.WebhookInstallOptions{Paths: []string{filepath.Join(root, "config", "webhook", "configuration.yaml")}}
	require.NoError(w.t, hooks.PrepWithoutInstalling())
	for _, configuration := range hooks.ValidatingWebhooks {
		for i := range configuration.Webhooks {
			configuration.Webhooks[i].NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.namespace}}
		}
		w.create(w.management, configuration)
	}
	w.t.Cleanup(func() {
		_ = w.management.DeleteAllOf(context.Background(), &admissionregistrationv1.ValidatingWebhookConfiguration{})
		_ = hooks.Cleanup()
	})
	return hooks
}

func (w *world) eventually(check func() bool, what string) {
	w.t.Helper()
	require.Eventually(w.t, check, soon, 20*time.Millisecond, what)
}

func (w *world) awaitMachine(name, conditionType, want string) {
	w.t.Helper()
	machine := &infrav1.HarvesterMachine{}
	defer func() {
		if w.t.Failed() {
			w.t.Logf("conditions: %+v", machine.Status.Conditions)
		}
	}()
	w.eventually(func() bool {
		return w.management.Get(w.ctx, objectKey(w.namespace, name), machine) == nil && w.condition(machine.Status.Conditions, conditionType) == want
	}, name+": "+conditionType+" "+want)
}

func (w *world) awaitCluster(conditionType, want string) {
	w.t.Helper()
	cluster := &infrav1.HarvesterCluster{}
	defer func() {
		if w.t.Failed() {
			w.t.Logf("conditions: %+v", cluster.Status.Conditions)
		}
	}()
	w.eventually(func() bool {
		return w.management.Get(w.ctx, objectKey(w.namespace, clusterName), cluster) == nil && w.condition(cluster.Status.Conditions, conditionType) == want
	}, conditionType+" "+want)
}

// becomeGuest makes the Harvester API server play the guest cluster too: its kubeconfig is published, its control plane
// is initialised, and a Node registers, in this order.
func (w *world) becomeGuest(node string) {
	w.t.Helper()
	kubeconfig, err := clientcmd.Write(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"guest": {Server: harvester.Host, CertificateAuthorityData: harvester.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"admin": {ClientCertificateData: harvester.CertData, ClientKeyData: harvester.KeyData}},
		Contexts:       map[string]*clientcmdapi.Context{"guest": {Cluster: "guest", AuthInfo: "admin"}},
		CurrentContext: "guest",
	})
	require.NoError(w.t, err)
	w.create(w.management, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: clusterName + "-kubeconfig"}, Data: map[string][]byte{"value": kubeconfig},
	})
	w.updateClusterStatus(func(status *clusterv1.ClusterStatus) { status.Initialization.ControlPlaneInitialized = ptrTo(true) })
	w.awaitMachine(node, infrav1.NodeInitializedCondition, "False/"+infrav1.WaitingForNodeReason)
	w.create(w.harvester, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: node},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: guest.UninitializedTaint, Effect: corev1.TaintEffectNoSchedule}}},
	})
}

// requireWebhooks checks that the API server asks our webhooks, and passes on what they say.
func (w *world) requireWebhooks() {
	w.t.Helper()
	bad := get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{}).DeepCopy()
	bad.ObjectMeta = metav1.ObjectMeta{Namespace: w.namespace, Name: "bad"}
	bad.Spec.VMNetworkConfig = &infrav1.MachineVMNetworkConfig{IPPoolRef: "p"}
	bad.Spec.NetworkConfig = &infrav1.NetworkConfig{Address: "10.0.0.9", Gateway: "10.0.0.1"}
	err := w.management.Create(w.ctx, bad)
	require.Error(w.t, err)
	assert.Regexp(w.t, `HM\d{3}`, err.Error())
}

// requireWaiterIsWoken checks that a machine that waits for an address gets the one that another machine gives back.
func (w *world) requireWaiterIsWoken() {
	w.t.Helper()
	w.createMachine("m-2", false)
	w.awaitMachine("m-2", infrav1.AddressReadyCondition, "False/"+infrav1.PoolExhaustedReason)
	w.deleteMachine("m-1")
	w.eventually(func() bool { return w.vmIsBeingDeleted("m-1") }, "the VM is deleted")
	w.finishVMDeletion("m-1")
	w.eventually(func() bool { return !w.exists(w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{}) }, "the machine is gone")
	w.awaitMachine("m-2", infrav1.AddressReadyCondition, "True/"+infrav1.AddressAllocatedReason)
	assert.Equal(w.t, map[string]string{w.subnet + ".10": names.AddressOwner(w.target, "m-2")}, w.readPool(w.pool).Status.Allocated)
}

// requireRotation checks that other credentials are used as soon as they are there.
func (w *world) requireRotation() {
	w.t.Helper()
	w.setIdentity([]byte("nonsense"))
	w.awaitCluster(infrav1.HarvesterConnectionReadyCondition, "False/"+infrav1.IdentitySecretInvalidReason)
	w.setIdentity(w.proxy.kubeconfig(w.t, "third"))
	w.awaitCluster(infrav1.HarvesterConnectionReadyCondition, "True/"+infrav1.ConnectedReason)
}

// requireForeignVMIsWaitedFor checks that a machine goes on when the VM that has its name is gone.
func (w *world) requireForeignVMIsWaitedFor() {
	w.t.Helper()
	vm := w.createForeignVM("m-3", map[string]string{"team": "other"})
	w.createMachine("m-3", false)
	w.awaitMachine("m-3", infrav1.VMProvisionedCondition, "False/"+infrav1.VMNotOwnedReason)
	require.NoError(w.t, w.harvester.Delete(w.ctx, vm))
	w.awaitMachine("m-3", infrav1.AddressReadyCondition, "False/"+infrav1.PoolExhaustedReason)
	w.deleteMachine("m-3")
	w.eventually(func() bool { return w.machineIsGone("m-3") }, "it is gone")
}

// requireTokenByEvents checks that the cloud provider's token is used as soon as Harvester has issued it.
func (w *world) requireTokenByEvents() {
	w.t.Helper()
	w.seedManagementAddress()
	w.create(w.management, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "c1-ccm"}})
	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	base := client.MergeFrom(cluster.DeepCopy())
	wantsCloudProvider(w.namespace)(cluster)
	require.NoError(w.t, w.management.Patch(w.ctx, cluster, base))
	w.awaitCluster(infrav1.CloudProviderConfigReadyCondition, "False/"+infrav1.CloudProviderConfigPendingReason)
	w.issueToken()
	w.awaitCluster(infrav1.CloudProviderConfigReadyCondition, "True/"+infrav1.CloudProviderConfigWrittenReason)
}

func (w *world) requireDeletionByEvents() {
	w.t.Helper()
	w.awaitMachine("m-2", infrav1.VMProvisionedCondition, "True/"+infrav1.VMProvisionedReason)
	w.boot("m-2")
	w.deleteCluster()
	w.awaitCluster(infrav1.DeletingCondition, "True/"+infrav1.WaitingForMachinesReason)
	w.deleteMachine("m-2")
	w.eventually(func() bool { return w.vmIsBeingDeleted("m-2") }, "the VM is deleted")
	w.letVMGo("m-2")
	w.awaitMachine("m-2", infrav1.DeletingCondition, "True/"+infrav1.DeletingVolumesReason)
	w.deleteClaim("m-2-disk-0")
	w.eventually(w.clusterIsGone, "the cluster is gone")
	assert.False(w.t, w.exists(w.harvester, w.target, "m-2", &kubevirtv1.VirtualMachine{}))
	assert.False(w.t, w.exists(w.harvester, w.target, w.whose().LoadBalancer(), &lbv1.LoadBalancer{}))
}
