package integration

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

func TestCredentialsThatExpireAreSeenBefore(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	expiry := w.clock.Now().Add(72 * time.Hour)
	w.setIdentity(w.proxy.kubeconfig(t, expiringToken(expiry)))
	w.provisionCluster()
	valid := func(want string) func(*infrav1.HarvesterCluster) bool {
		return func(c *infrav1.HarvesterCluster) bool {
			return w.condition(c.Status.Conditions, infrav1.CredentialsValidCondition) == want
		}
	}
	w.settleCluster(clusterName, valid("True/"+infrav1.CredentialsLastReason))
	w.clock.SetTime(expiry.Add(-time.Hour))
	cluster := w.settleCluster(clusterName, valid("False/"+infrav1.CredentialsExpireSoonReason))
	assert.True(t, conditions.IsTrue(cluster, infrav1.ReadyCondition), "a warning takes nothing away")
	for range 3 {
		result, err := w.reconcileCluster(clusterName)
		require.NoError(t, err)
		assert.LessOrEqual(t, result.RequeueAfter, time.Hour)
		assert.Positive(t, result.RequeueAfter)
	}
	assert.Equal(t, 1, countWord(w.eventsText(), infrav1.CredentialsExpireSoonReason), "one event, not one for each reconcile")
	w.clock.SetTime(expiry)
	w.settleCluster(clusterName, valid("False/"+infrav1.CredentialsExpiredReason))
	w.setIdentity(w.proxy.kubeconfig(t, "kubeconfig-u-1:opaque"))
	w.settleCluster(clusterName, valid("True/"+infrav1.CredentialsExpirySilentReason))
}

// expiringToken has the form of a service account's token.
func expiringToken(expiry time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(fmt.Appendf(nil, `{"exp":%d}`, expiry.Unix())) + "." + encode([]byte("s"))
}

// An identity Secret of another namespace is somebody else's credential.
func TestIdentityOfAnotherNamespaceMustAllowIt(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	elsewhere := w.namespace + "-identities"
	w.create(w.management, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: elsewhere}})
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: elsewhere, Name: "harvester"},
		Data:       map[string][]byte{infrav1.IdentitySecretKey: w.proxy.kubeconfig(t, "first")},
	}
	w.create(w.management, secret)
	w.createCluster(func(c *infrav1.HarvesterCluster) { c.Spec.IdentitySecret.Namespace = elsewhere })
	connected := func(want string) func(*infrav1.HarvesterCluster) bool {
		return func(c *infrav1.HarvesterCluster) bool {
			return w.condition(c.Status.Conditions, infrav1.HarvesterConnectionReadyCondition) == want
		}
	}
	cluster := w.settleCluster(clusterName, connected("False/"+infrav1.IdentityNotAllowedReason))
	assert.Contains(t, conditions.GetMessage(cluster, infrav1.HarvesterConnectionReadyCondition), infrav1.AllowedNamespacesAnnotation)
	for _, almost := range []string{"other", w.namespace + "-x", "x" + w.namespace, ""} {
		secret.Annotations = map[string]string{infrav1.AllowedNamespacesAnnotation: almost}
		require.NoError(t, w.management.Update(w.ctx, secret))
		_, err := w.reconcileCluster(clusterName)
		require.NoError(t, err)
		assert.True(t, connected("False/"+infrav1.IdentityNotAllowedReason)(get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})), "%q allows it", almost)
	}
	for _, enough := range []string{"*", "other," + w.namespace} {
		secret = get(w, w.management, elsewhere, "harvester", &corev1.Secret{})
		secret.Annotations = map[string]string{infrav1.AllowedNamespacesAnnotation: enough}
		require.NoError(t, w.management.Update(w.ctx, secret))
		w.settleCluster(clusterName, connected("True/"+infrav1.ConnectedReason))
	}
}

func TestHarvesterThatIsGoneForGoodIsAbandonedByOrderOnly(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.deleteIdentity()
	w.deleteMachine("m-1")
	w.deleteCluster()
	machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.DeletingCondition) == "True/"+infrav1.IdentitySecretNotFoundReason
	})
	assert.Contains(t, conditions.GetMessage(machine, infrav1.DeletingCondition), infrav1.AbandonHarvesterAnnotation)

	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	base := client.MergeFrom(cluster.DeepCopy())
	cluster.Annotations = map[string]string{infrav1.AbandonHarvesterAnnotation: "true"}
	require.NoError(t, w.management.Patch(w.ctx, cluster, base))
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	events := w.eventsText()
	assert.Contains(t, events, w.target+"/m-1", "what is left is named")
	assert.Equal(t, 2, countWord(events, infrav1.HarvesterAbandonedReason))
}

// While Harvester answers, the annotation changes nothing.
func TestAbandoningAHarvesterThatAnswersCleansUpAllTheSame(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster(func(c *infrav1.HarvesterCluster) {
		c.Annotations = map[string]string{infrav1.AbandonHarvesterAnnotation: "true"}
	})
	w.provisionMachine("m-1", false)
	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	w.finishVMDeletion("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	w.requireNothingLeft("m-1")
	assert.NotContains(t, w.eventsText(), infrav1.HarvesterAbandonedReason)
}
