package integration

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// The API server lets an object go past a finalizer that is added while its deletion is on the way: one that found no
// finalizer. What the reconcile made meanwhile has nobody but that reconcile to take it back. (Found by a fault run with
// seed 102.)
func TestWhatWasMadeForAVanishedMachineIsTakenBack(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return len(m.Finalizers) > 0 })
	w.machines.Secrets = interceptor.NewClient(w.management, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			if key.Name == "m-1-bootstrap" {
				w.vanish("m-1", &infrav1.HarvesterMachine{})
			}
			return c.Get(ctx, key, object, options...)
		},
	})
	_, err := w.reconcileMachine("m-1")
	require.Error(t, err, "the status has nowhere to go")
	require.True(t, w.exists(w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}), "the reconcile got that far")

	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.vmIsBeingDeleted("m-1") })
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 1, "the address stays taken while the VM is there")
	w.finishVMDeletion("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return len(w.readPool(w.pool).Status.Allocated) == 0 })
	w.requireNothingLeft("m-1")
	result, err := w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.Zero(t, result, "it is done")
}

// clusterctl move pauses the Cluster and deletes its objects past their finalizers. A machine whose last write was answered by
// no one was taken for one that vanished, and the VM that it lives on with elsewhere was deleted.
func TestTheVMOfAMachineThatWasMovedStays(t *testing.T) {
	for name, seen := range map[string]bool{"the pause is seen": true, "the pause is not seen in time": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seedHarvester(5)
			w.provisionCluster()
			w.createMachine("m-1", false)
			w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return len(m.Finalizers) > 0 })
			w.crashAfter("management", 1)
			_, err := w.reconcileMachine("m-1")
			require.Error(t, err, "the answer was lost")
			require.True(t, w.exists(w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}))

			cluster := get(w, w.management, w.namespace, clusterName, &clusterv1.Cluster{})
			base := client.MergeFrom(cluster.DeepCopy())
			cluster.Spec.Paused = ptrTo(true)
			require.NoError(t, w.management.Patch(w.ctx, cluster, base))
			if seen {
				_, err = w.reconcileMachine("m-1")
				require.NoError(t, err)
			}
			w.vanish("m-1", &infrav1.HarvesterMachine{})
			if seen {
				w.vanish(clusterName, &clusterv1.Cluster{})
			}
			for range 3 {
				result, err := w.reconcileMachine("m-1")
				require.NoError(t, err)
				assert.Zero(t, result)
			}
			assert.False(t, w.vmIsBeingDeleted("m-1"))
			assert.Len(t, w.readPool(w.pool).Status.Allocated, 1)
		})
	}
}

// An operator who takes the finalizer off a machine that runs wants the VM to stay, whatever a reconcile is about to say.
func TestTheVMOfAMachineReleasedByHandStays(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.setVMStatus("m-1", kubevirtv1.VirtualMachineStatusStopped)
	require.NoError(t, w.harvester.Delete(w.ctx, get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachineInstance{})))
	w.machines.Client = w.vanishesBeforeItsStatus("m-1", &infrav1.HarvesterMachine{})
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	for range 3 {
		result, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
		assert.Zero(t, result)
	}
	assert.False(t, w.vmIsBeingDeleted("m-1"))
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 1)
}

// The same as for machines.
func TestWhatWasMadeForAVanishedClusterIsTakenBack(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.vanishingCluster()
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, func() bool { return !w.loadBalancerExists() })
	var result ctrl.Result
	w.settle(func() (err error) { result, err = w.reconcileCluster(clusterName); return err }, result.IsZero)
	assert.NotNil(t, get(w, w.harvester, "", w.target, &corev1.Namespace{}).DeletionTimestamp, "the namespace was made for the cluster")
}

// A HarvesterCluster that takes the place of the vanished one uses what was made, under whatever name.
func TestWhatWasMadeForAVanishedClusterIsLeftToItsSuccessor(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	infra := w.vanishingCluster()
	w.create(w.management, &infrav1.HarvesterCluster{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: "another", Labels: infra.Labels,
			Annotations: map[string]string{infrav1.ClusterSeedAnnotation: string(infra.UID)},
		}, Spec: infra.Spec,
	})
	result, err := w.reconcileCluster(clusterName)
	require.NoError(t, err)
	assert.Zero(t, result)
	assert.True(t, w.loadBalancerExists())
	assert.Nil(t, w.loadBalancer().DeletionTimestamp)
}

// One that is made anew has an id of its own. Under the vanished one's name it goes on with what was made.
func TestWhatWasMadeForAVanishedClusterIsUsedByANewOneOfItsName(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	infra := w.vanishingCluster()
	w.clusters.Client = w.management
	before := w.loadBalancer().UID
	w.create(w.management, &infrav1.HarvesterCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: clusterName, Labels: infra.Labels, OwnerReferences: infra.OwnerReferences}, Spec: infra.Spec,
	})
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.LoadBalancerReadyCondition) == "False/"+infrav1.LoadBalancerAddressPendingReason
	})
	assert.Equal(t, before, w.loadBalancer().UID)
}

// vanishingCluster makes a cluster that goes while its load balancer is made.
func (w *world) vanishingCluster() *infrav1.HarvesterCluster {
	w.t.Helper()
	w.createCluster()
	infra := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
	w.clusters.Client = w.vanishesBeforeItsStatus(clusterName, &infrav1.HarvesterCluster{})
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
	require.True(w.t, w.loadBalancerExists(), "the reconcile got that far")
	return infra
}

// vanishesBeforeItsStatus is a client that lets an object vanish just before its status is written, once its load balancer
// is there.
func (w *world) vanishesBeforeItsStatus(name string, object client.Object) client.Client {
	return interceptor.NewClient(w.management, interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			if w.loadBalancerExists() {
				w.vanish(name, object)
			}
			return c.SubResource(sub).Patch(ctx, o, p, opts...)
		},
	})
}

func (w *world) loadBalancerExists() bool {
	w.t.Helper()
	return w.exists(w.harvester, w.target, w.whose().LoadBalancer(), &lbv1.LoadBalancer{})
}

// vanish removes an object past its finalizers.
func (w *world) vanish(name string, object client.Object) {
	w.t.Helper()
	object = get(w, w.management, w.namespace, name, object)
	base, ok := object.DeepCopyObject().(client.Object)
	require.True(w.t, ok)
	object.SetFinalizers(nil)
	require.NoError(w.t, w.management.Patch(w.ctx, object, client.MergeFrom(base)))
	require.NoError(w.t, client.IgnoreNotFound(w.management.Delete(w.ctx, object)))
}
