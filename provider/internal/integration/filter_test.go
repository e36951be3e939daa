package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// filterReconcilers limits all reconcilers to objects with this value of the watch label.
func (w *world) filterReconcilers(filter write.Filter) {
	w.clusters.WatchFilter, w.machines.WatchFilter, w.ipPools.WatchFilter, w.ipClaims.WatchFilter = filter, filter, filter, filter
}

func (w *world) label(object client.Object, name, filter string) {
	w.t.Helper()
	object = get(w, w.management, w.namespace, name, object)
	base := client.MergeFrom(object.DeepCopyObject().(client.Object))
	all := object.GetLabels()
	if all == nil {
		all = map[string]string{}
	}
	all[clusterv1.WatchLabel] = filter
	object.SetLabels(all)
	require.NoError(w.t, w.management.Patch(w.ctx, object, base))
}

// An event of something else, an identity Secret for instance, leads to every object behind it. One that belongs to another
// manager is neither read further nor written.
func TestObjectsOfAnotherManagerAreNotWorkedOn(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	w.createCluster()
	w.createMachine("m-1", false)
	w.create(w.management, &infrav1.HarvesterIPPool{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: ipPoolName},
		Spec:       infrav1.HarvesterIPPoolSpec{IdentitySecret: infrav1.SecretReference{Namespace: w.namespace, Name: "harvester"}, IPPoolRefs: []string{w.pool}},
	})
	w.createAddressClaim("claim")
	w.filterReconcilers("mine")
	for _, label := range []string{"", "others"} {
		if label != "" {
			w.label(&infrav1.HarvesterCluster{}, clusterName, label)
			w.label(&infrav1.HarvesterMachine{}, "m-1", label)
			w.label(&infrav1.HarvesterIPPool{}, ipPoolName, label)
			w.label(&ipamv1.IPAddressClaim{}, "claim", label)
		}
		_, err := w.reconcileCluster(clusterName)
		require.NoError(t, err)
		_, err = w.reconcileMachine("m-1")
		require.NoError(t, err)
		_, err = w.ipPools.Reconcile(w.ctx, w.request(ipPoolName))
		require.NoError(t, err)
		require.NoError(t, w.reconcileClaim("claim"))
		assert.Zero(t, w.managementWrites.Load())
		assert.Empty(t, w.proxy.requests())
	}
	w.label(&infrav1.HarvesterCluster{}, clusterName, "mine")
	w.settleCluster(clusterName, func(cluster *infrav1.HarvesterCluster) bool { return len(cluster.Finalizers) > 0 })
	w.label(&infrav1.HarvesterIPPool{}, ipPoolName, "mine")
	w.settleIPPool(func(pool *infrav1.HarvesterIPPool) bool { return len(pool.Finalizers) > 0 })
}
