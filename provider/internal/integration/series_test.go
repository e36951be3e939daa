package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

// A finalizer that was taken off by hand, as a move does, left the series of machine and cluster for ever, and with them
// their alerts.
func TestObjectsThatVanishLeaveNoSeries(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	require.NotEmpty(t, w.seriesOf(observability.MachineStatus))
	require.NotEmpty(t, w.seriesOf(observability.ClusterReady))
	for _, namespace := range append(w.seriesOf(observability.MachineStatus), w.seriesOf(observability.ClusterReady)...) {
		assert.Equal(t, w.namespace, namespace)
	}

	machine := get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{})
	infra := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	for _, object := range []client.Object{machine, infra} {
		base := client.MergeFrom(object.DeepCopyObject().(client.Object))
		object.SetFinalizers(nil)
		require.NoError(t, w.management.Patch(w.ctx, object, base))
		require.NoError(t, w.management.Delete(w.ctx, object))
	}
	_, err := w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.Empty(t, w.seriesOf(observability.MachineStatus))
	_, err = w.reconcileCluster(clusterName)
	require.NoError(t, err)
	for _, family := range []string{observability.ClusterReady, observability.HarvesterConnected, observability.MachineRemediationsTotal} {
		assert.Empty(t, w.seriesOf(family), family)
	}
}

// seriesOf lists, for each series of a family, the namespace of its cluster.
func (w *world) seriesOf(family string) []string {
	w.t.Helper()
	gathered, err := w.registry.Gather()
	require.NoError(w.t, err)
	var namespaces []string
	for _, f := range gathered {
		if f.GetName() != family {
			continue
		}
		for _, metric := range f.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == observability.LabelClusterNamespace {
					namespaces = append(namespaces, label.GetValue())
				}
			}
		}
	}

	return namespaces
}
