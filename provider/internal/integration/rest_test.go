package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Weak point 6 of the existing provider: conditions went False and True again at each reconcile, so that a healthy
// cluster kept writing and waking itself up.
func TestNothingIsWrittenAtRest(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", true)
	// A condition names the generation it is about, so the reconcile after a change of the spec may write once more.
	for range 2 {
		w.reconcileBoth("m-1")
	}
	machine := get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{})
	cluster := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	w.proxy.cutAfter(0)
	before := w.managementWrites.Load()
	w.proxy.requests()
	_, err := w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.Empty(t, w.proxy.requests(), "a machine at rest asks Harvester nothing")
	for range 10 {
		w.reconcileBoth("m-1")
	}
	assert.Empty(t, w.proxy.written(), "writes to Harvester at rest")
	assert.Equal(t, before, w.managementWrites.Load(), "writes to the management cluster at rest")
	assert.Equal(t, machine.ResourceVersion, get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{}).ResourceVersion)
	assert.Equal(t, cluster.ResourceVersion, get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{}).ResourceVersion)
}

// What waits must be as quiet as what is done, or it wakes itself up for ever.
func TestNothingIsWrittenWhileWaiting(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.createMachine("m-2", false)
	w.settleMachine("m-2", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.AddressReadyCondition) == "False/"+infrav1.PoolExhaustedReason
	})
	waiting := get(w, w.management, w.namespace, "m-2", &infrav1.HarvesterMachine{})
	w.proxy.cutAfter(0)
	for range 5 {
		result, err := w.reconcileMachine("m-2")
		require.NoError(t, err)
		assert.Zero(t, result, "a machine that waits for an address is woken by the pool, not by a timer")
	}
	assert.Empty(t, w.proxy.written())
	assert.Equal(t, waiting.ResourceVersion, get(w, w.management, w.namespace, "m-2", &infrav1.HarvesterMachine{}).ResourceVersion)
}

func TestPauseFreezesAndIsReported(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createMachine("m-1", false, func(m *infrav1.HarvesterMachine) {
		m.Annotations = map[string]string{clusterv1.PausedAnnotation: ""}
	})
	for range 3 {
		_, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
	}
	machine := get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{})
	assert.Equal(t, "True/Paused", w.condition(machine.Status.Conditions, clusterv1.PausedCondition))
	assert.Empty(t, machine.Finalizers)
	assert.Empty(t, w.readPool(w.pool).Status.Allocated)
}

func (w *world) reconcileBoth(machine string) {
	w.t.Helper()
	_, err := w.reconcileMachine(machine)
	require.NoError(w.t, err)
	_, err = w.reconcileCluster(clusterName)
	require.NoError(w.t, err)
}
