package integration

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// anotherHarvester makes the Secret lead to a server that looks like the first, but is another one: it has what an operator
// prepared, and nothing of what was made.
func (w *world) anotherHarvester() (uid string) {
	w.t.Helper()
	const other = "11111111-2222-3333-4444-555555555555"
	w.proxy.answer("/api/v1/namespaces/kube-system", http.StatusOK,
		`{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":"`+other+`","resourceVersion":"1"}}`)
	w.setIdentity(w.proxy.kubeconfig(w.t, "of another Harvester"))
	return other
}

// An identity Secret with the wrong content had the machines called deleted, and their finalizers dropped: the VMs lived on
// where no one looked.
func TestAnotherHarvesterIsNotTakenForTheFirst(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	pinned := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{}).Annotations[infrav1.HarvesterUIDAnnotation]
	require.EqualValues(t, get(w, w.harvester, "", "kube-system", &corev1.Namespace{}).UID, pinned)
	other := w.anotherHarvester()
	w.proxy.cutAfter(0)

	cluster := w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.HarvesterConnectionReadyCondition) == "False/"+infrav1.HarvesterMismatchReason
	})
	assert.Contains(t, conditions.GetMessage(cluster, infrav1.HarvesterConnectionReadyCondition), infrav1.ConfirmHarvesterAnnotation+"="+other)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.VMProvisionedCondition) == "False/"+infrav1.HarvesterMismatchReason
	})
	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.DeletingCondition) == "True/"+infrav1.HarvesterMismatchReason
	})
	w.deleteCluster()
	_, err := w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.Empty(t, w.proxy.written())
	assert.Nil(t, get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}).DeletionTimestamp)

	w.proxy.answer("/api/v1/namespaces/kube-system", 0, "")
	w.setIdentity(w.proxy.kubeconfig(t, "the right one again"))
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	w.requireNothingLeft("m-1")
}

// Harvester was installed anew: the operator says so, by its UID.
func TestAnotherHarvesterIsUsedOnceItIsConfirmed(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	other := w.anotherHarvester()
	mismatch := func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.HarvesterConnectionReadyCondition) == "False/"+infrav1.HarvesterMismatchReason
	}
	w.settleCluster(clusterName, mismatch)
	w.annotateCluster(infrav1.ConfirmHarvesterAnnotation, "true")
	_, err := w.reconcileCluster(clusterName)
	require.NoError(t, err)
	assert.True(t, mismatch(get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})), "it is confirmed by its UID only")
	w.annotateCluster(infrav1.ConfirmHarvesterAnnotation, other)
	cluster := w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.HarvesterConnectionReadyCondition) == "True/"+infrav1.ConnectedReason
	})
	assert.Equal(t, other, cluster.Annotations[infrav1.HarvesterUIDAnnotation])
	assert.NotContains(t, cluster.Annotations, infrav1.ConfirmHarvesterAnnotation)
}

// An identity that may not read the UID is used as before.
func TestHarvesterWhoseUIDMayNotBeReadIsUsed(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.proxy.answer("/api/v1/namespaces/kube-system", http.StatusForbidden,
		`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`)
	w.provisionCluster()
	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	assert.NotContains(t, cluster.Annotations, infrav1.HarvesterUIDAnnotation)
}

// kubectl delete namespace deletes everything at once. The identity was gone first, so that nothing could be deleted on
// Harvester any more.
func TestIdentityStaysUntilItsLastUserIsGone(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	release := func() {
		_, err := w.secrets.Reconcile(w.ctx, w.request("harvester"))
		require.NoError(t, err)
	}
	release()
	require.NoError(t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, "harvester", &corev1.Secret{})))
	w.deleteMachine("m-1")
	w.deleteCluster()
	release()
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	release()
	require.NotNil(t, get(w, w.management, w.namespace, "harvester", &corev1.Secret{}).DeletionTimestamp, "the load balancer is still there")
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	w.requireNothingLeft("m-1")
	assert.False(t, w.loadBalancerExists())
	release()
	assert.False(t, w.exists(w.management, w.namespace, "harvester", &corev1.Secret{}))
}

// A cluster that is being deleted may name another Secret, which is the way out when the first is lost.
func TestClusterThatIsBeingDeletedMayNameAnotherIdentity(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.deleteIdentity()
	w.deleteCluster()
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.DeletingCondition) == "True/"+infrav1.IdentitySecretNotFoundReason
	})
	secret := &corev1.Secret{Data: map[string][]byte{infrav1.IdentitySecretKey: w.proxy.kubeconfig(t, "second")}}
	secret.Namespace, secret.Name = w.namespace, "second"
	w.create(w.management, secret)
	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	base := client.MergeFrom(cluster.DeepCopy())
	cluster.Spec.IdentitySecret.Name = "second"
	require.NoError(t, w.management.Patch(w.ctx, cluster, base))
	balancer := w.whose().LoadBalancer()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	assert.False(t, w.loadBalancerExists(), balancer)
}

func (w *world) annotateCluster(key, value string) {
	w.t.Helper()
	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	base := client.MergeFrom(cluster.DeepCopy())
	cluster.Annotations = names.Merged(cluster.Annotations, map[string]string{key: value})
	require.NoError(w.t, w.management.Patch(w.ctx, cluster, base))
}
