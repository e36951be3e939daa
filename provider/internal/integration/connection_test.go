package integration

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Weak point 7: a kubeconfig that could not be used was logged, and then used.
func TestIdentityTroubleIsACondition(t *testing.T) {
	for name, test := range map[string]struct {
		spoil  func(w *world)
		mend   func(w *world)
		reason string
	}{
		"missing": {
			spoil:  func(w *world) { w.deleteIdentity() },
			mend:   func(w *world) { w.createIdentity(w.proxy.kubeconfig(w.t, "second")) },
			reason: infrav1.IdentitySecretNotFoundReason,
		},
		"malformed": {
			spoil:  func(w *world) { w.setIdentity([]byte("apiVersion: v1\nkind: Config\nusers: [" + secretMarker)) },
			mend:   func(w *world) { w.setIdentity(w.proxy.kubeconfig(w.t, "second")) },
			reason: infrav1.IdentitySecretInvalidReason,
		},
		"revoked": {
			spoil:  func(w *world) { w.proxy.setRefuse(http.StatusUnauthorized) },
			mend:   func(w *world) { w.proxy.setRefuse(0) },
			reason: infrav1.CredentialsRejectedReason,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seedHarvester(5)
			test.spoil(w)
			w.createCluster()
			cluster := w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
				return w.condition(c.Status.Conditions, infrav1.HarvesterConnectionReadyCondition) == "False/"+test.reason
			})
			for _, condition := range cluster.Status.Conditions {
				assert.NotContains(t, condition.Message, secretMarker)
			}
			test.mend(w)
			w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
				return w.condition(c.Status.Conditions, infrav1.HarvesterConnectionReadyCondition) == "True/"+infrav1.ConnectedReason
			})
		})
	}
}

// A cluster whose credentials never worked has nothing on Harvester, and must not hang when it is deleted.
func TestClusterThatNeverConnectedMayGo(t *testing.T) {
	w := newWorld(t)
	w.deleteIdentity()
	w.createCluster()
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.HarvesterConnectionReadyCondition) == "False/"+infrav1.IdentitySecretNotFoundReason
	})
	w.deleteCluster()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
}

// One that did have something waits, however long it takes.
func TestFinalizerStaysWhileHarvesterCannotBeAsked(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.deleteIdentity()
	w.deleteMachine("m-1")
	w.deleteCluster()
	for range 3 {
		_, _ = w.reconcileMachine("m-1")
		_, _ = w.reconcileCluster(clusterName)
	}
	assert.True(t, w.machineIs("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.DeletingCondition) == "True/"+infrav1.IdentitySecretNotFoundReason
	}))
	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	assert.Equal(t, "True/"+infrav1.WaitingForMachinesReason, w.condition(cluster.Status.Conditions, infrav1.DeletingCondition))
}

// deleteIdentity deletes the identity Secret past the finalizer that holds it.
func (w *world) deleteIdentity() {
	w.t.Helper()
	w.vanish("harvester", &corev1.Secret{})
}

func (w *world) createIdentity(kubeconfig []byte) {
	w.t.Helper()
	secret := &corev1.Secret{Data: map[string][]byte{infrav1.IdentitySecretKey: kubeconfig}}
	secret.Namespace, secret.Name = w.namespace, "harvester"
	w.create(w.management, secret)
}

func (w *world) setIdentity(kubeconfig []byte) {
	w.t.Helper()
	secret := get(w, w.management, w.namespace, "harvester", &corev1.Secret{})
	secret.Data[infrav1.IdentitySecretKey] = kubeconfig
	require.NoError(w.t, w.management.Update(w.ctx, secret))
}

func (w *world) clusterIsGone() bool {
	return !w.exists(w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
}
