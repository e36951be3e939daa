package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
)

// A restored backup carries stale owner references, and the garbage collector deletes by them.
func TestOrphanGuardKeepsTheVM(t *testing.T) {
	for name, orphan := range map[string]func(*world){
		"the Machine is not being deleted": func(*world) {},
		"the Machine does not exist": func(w *world) {
			machine := get(w, w.management, w.namespace, "m-1", &clusterv1.Machine{})
			base := client.MergeFrom(machine.DeepCopy())
			machine.Finalizers = nil
			require.NoError(w.t, w.management.Patch(w.ctx, machine, base))
			require.NoError(w.t, w.management.Delete(w.ctx, machine))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seedHarvester(5)
			w.provisionCluster()
			w.provisionMachine("m-1", false)
			orphan(w)
			w.deleteInfraMachine("m-1")
			machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
				return conditions.GetReason(m, infrav1.DeletingCondition) == infrav1.OwnerNotDeletingReason
			})
			for range 3 {
				_, err := w.reconcileMachine("m-1")
				require.NoError(t, err)
			}
			assert.Contains(t, conditions.GetMessage(machine, infrav1.DeletingCondition), infrav1.ConfirmDeletionAnnotation)
			assert.Equal(t, 1, countWord(w.eventsText(), infrav1.OwnerNotDeletingReason), "one event, not one for each reconcile")
			assert.Nil(t, get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}).DeletionTimestamp)
			assert.Len(t, w.readPool(w.pool).Status.Allocated, 1)

			w.annotateMachine("m-1", infrav1.ConfirmDeletionAnnotation, "true")
			w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
			w.requireNothingLeft("m-1")
		})
	}
}

func TestMachineThatNeverHadAnythingMayGoUnasked(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.createCluster()
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.VMProvisionedCondition) == "False/"+infrav1.WaitingForClusterInfrastructureReason
	})
	w.deleteInfraMachine("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
}

func (w *world) annotateMachine(name, key, value string) {
	w.t.Helper()
	machine := get(w, w.management, w.namespace, name, &infrav1.HarvesterMachine{})
	base := client.MergeFrom(machine.DeepCopy())
	if machine.Annotations == nil {
		machine.Annotations = map[string]string{}
	}
	machine.Annotations[key] = value
	require.NoError(w.t, w.management.Patch(w.ctx, machine, base))
}

// deletingControlPlane is a control-plane machine of an initialised cluster that is being deleted in order.
func deletingControlPlane(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.updateClusterStatus(func(status *clusterv1.ClusterStatus) { status.Initialization.ControlPlaneInitialized = ptrTo(true) })
	w.provisionMachine("m-1", true)
	w.createMachine("m-2", true)
	w.deleteMachine("m-1")
	return w
}

func (w *world) etcdReason() string {
	machine := get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{})
	return conditions.GetReason(machine, infrav1.EtcdMemberRemovedCondition)
}

func TestEtcdMemberLeavesBeforeTheVM(t *testing.T) {
	w := deletingControlPlane(t)
	w.etcd.answer(etcdops.Plan{Action: etcdops.ActionNone, Reason: "no etcd member belongs to node m-1"}, true, nil)
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	require.Equal(t, 1, w.etcd.calls(), "what is settled is not asked again")
	assert.Equal(t, guest.Leaving{
		Cluster: objectKey(w.namespace, clusterName), Node: "m-1", ControlPlaneKind: "RKE2ControlPlane", DesiredVoters: 1,
	}, w.etcd.asked[0])
}

func TestQuorumAtRiskHoldsTheVMUntilSomebodyConfirms(t *testing.T) {
	w := deletingControlPlane(t)
	w.etcd.answer(etcdops.Plan{Action: etcdops.ActionRefuse, Reason: "without member m-1 only 1 of 2 voters would be healthy"}, false, nil)
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.etcdReason() == infrav1.EtcdQuorumAtRiskReason })
	w.clock.SetTime(w.clock.Now().Add(w.machines.EtcdTimeout * 10))
	for range 3 {
		result, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
		assert.NotZero(t, result.RequeueAfter)
	}
	assert.False(t, w.vmIsBeingDeleted("m-1"), "no deadline lets a quorum be lost")
	w.annotateMachine("m-1", infrav1.ConfirmDeletionAnnotation, "true")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
}

func TestSilentEtcdHoldsTheVMOnlyUntilTheDeadline(t *testing.T) {
	w := deletingControlPlane(t)
	w.etcd.answer(etcdops.Plan{}, false, guest.ErrUnreachable)
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.etcdReason() == infrav1.EtcdUnreachableReason })
	assert.False(t, w.vmIsBeingDeleted("m-1"))
	w.clock.SetTime(w.clock.Now().Add(w.machines.EtcdTimeout * 2))
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	assert.Contains(t, w.eventsText(), infrav1.EtcdUnreachableReason)
}

func TestEtcdIsNotAskedWhereItDoesNotMatter(t *testing.T) {
	t.Run("worker", func(t *testing.T) {
		w := newWorld(t)
		w.seedHarvester(5)
		w.provisionCluster()
		w.updateClusterStatus(func(status *clusterv1.ClusterStatus) { status.Initialization.ControlPlaneInitialized = ptrTo(true) })
		w.provisionMachine("m-1", false)
		w.deleteMachine("m-1")
		w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
		assert.Zero(t, w.etcd.calls())
	})
	t.Run("whole cluster", func(t *testing.T) {
		w := deletingControlPlane(t)
		cluster := get(w, w.management, w.namespace, clusterName, &clusterv1.Cluster{})
		base := client.MergeFrom(cluster.DeepCopy())
		cluster.Finalizers = []string{"test/keep"}
		require.NoError(t, w.management.Patch(w.ctx, cluster, base))
		require.NoError(t, w.management.Delete(w.ctx, cluster))
		w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
		assert.Zero(t, w.etcd.calls())
	})
}
