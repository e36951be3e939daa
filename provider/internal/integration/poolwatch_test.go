package integration

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolwatch"
)

// An address whose machine and VM are both gone is counted, and told of once. One whose machine lives is not.
func TestLeakedAddressIsToldOf(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	registry := prometheus.NewRegistry()
	metrics, err := observability.New(registry)
	require.NoError(t, err)
	recorder := events.NewFakeRecorder(10)
	watch := &poolwatch.Reconciler{
		Client: w.management, Identities: identity.NewResolver(w.management, w.management, w.connections), Metrics: metrics, Recorder: recorder,
		Clock: w.clock,
	}
	leaks := func() int {
		w.clock.SetTime(w.clock.Now().Add(time.Minute))
		_, err := watch.Reconcile(w.ctx, ctrl.Request{NamespacedName: objectKey(w.namespace, clusterName)})
		families, gatherErr := registry.Gather()
		if err != nil || gatherErr != nil {
			return -2 // It is asked again.
		}
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				if family.GetName() == observability.IPPoolLeaks && metric.GetLabel()[0].GetValue() == w.pool {
					return int(metric.GetGauge().GetValue())
				}
			}
		}
		return -1
	}
	require.Eventually(t, func() bool { return leaks() == 0 }, soon, 20*time.Millisecond)
	require.Empty(t, recorder.Events)
	pool := w.readPool(w.pool)
	pool.Status.Allocated[w.subnet+".250"] = w.target + "/gone.caphv"
	pool.Status.Available--
	require.NoError(t, w.harvester.Update(w.ctx, pool))
	require.Eventually(t, func() bool { return leaks() == 1 }, soon, 20*time.Millisecond)
	require.Len(t, recorder.Events, 1)
	assert.Contains(t, <-recorder.Events, infrav1.AddressLeakedEvent)
	require.Equal(t, 1, leaks())
	require.Empty(t, recorder.Events, "it is told of once")
	pool = w.readPool(w.pool)
	delete(pool.Status.Allocated, w.subnet+".250")
	require.NoError(t, w.harvester.Update(w.ctx, pool))
	require.Eventually(t, func() bool { return leaks() == 0 }, soon, 20*time.Millisecond)
	result, err := watch.Reconcile(w.ctx, ctrl.Request{NamespacedName: objectKey(w.namespace, clusterName)})
	require.NoError(t, err)
	assert.Positive(t, result.RequeueAfter, "one look is enough for all that happens within seconds")
}
