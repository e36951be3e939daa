package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
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

// A restored backup may lack what leads to Harvester: what the operator is to do is said all the same.
func TestOrphanGuardNeedsNoHarvester(t *testing.T) {
	for name, lose := range map[string]func(*world){
		"no identity":         (*world).deleteIdentity,
		"no HarvesterCluster": func(w *world) { w.vanish(clusterName, &infrav1.HarvesterCluster{}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seedHarvester(5)
			w.provisionCluster()
			w.provisionMachine("m-1", false)
			lose(w)
			w.deleteInfraMachine("m-1")
			machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
				return conditions.GetReason(m, infrav1.DeletingCondition) == infrav1.OwnerNotDeletingReason
			})
			assert.Contains(t, conditions.GetMessage(machine, infrav1.DeletingCondition), infrav1.ConfirmDeletionAnnotation)
			assert.NotEmpty(t, machine.Finalizers)
		})
	}
}

// The garbage collector deletes Machines, too, whose owners are of another life of the management cluster.
func TestOrphanGuardLooksUpTheOwnersOfTheMachine(t *testing.T) {
	for name, test := range map[string]struct {
		own     func(w *world) []metav1.OwnerReference
		blocked bool
	}{
		"a MachineSet of another UID": {func(w *world) []metav1.OwnerReference {
			w.createMachineSet()
			return machineSetReference("00000000-0000-0000-0000-000000000000")
		}, true},
		"no MachineSet at all": {func(*world) []metav1.OwnerReference {
			return machineSetReference("00000000-0000-0000-0000-000000000000")
		}, true},
		"a MachineSet that lives": {func(w *world) []metav1.OwnerReference { return machineSetReference(w.createMachineSet().UID) }, false},
		"a MachineSet that goes because its own owner is lost": {func(w *world) []metav1.OwnerReference {
			set := w.createMachineSet(metav1.OwnerReference{
				APIVersion: clusterv1.GroupVersion.String(), Kind: "MachineDeployment", Name: "lost", UID: "00000000-0000-0000-0000-000000000000",
			})
			require.NoError(w.t, w.management.Delete(w.ctx, set))
			return machineSetReference(set.UID)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seedHarvester(5)
			w.provisionCluster()
			w.provisionMachine("m-1", false)
			machine := get(w, w.management, w.namespace, "m-1", &clusterv1.Machine{})
			base := client.MergeFrom(machine.DeepCopy())
			machine.OwnerReferences = test.own(w)
			require.NoError(t, w.management.Patch(w.ctx, machine, base))
			w.deleteMachine("m-1")
			if !test.blocked {
				w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
				return
			}
			blocked := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
				return conditions.GetReason(m, infrav1.DeletingCondition) == infrav1.OwnerNotDeletingReason
			})
			assert.Contains(t, conditions.GetMessage(blocked, infrav1.DeletingCondition), "does not exist")
			assert.False(t, w.vmIsBeingDeleted("m-1"))
			w.annotateMachine("m-1", infrav1.ConfirmDeletionAnnotation, "true")
			w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
		})
	}
}

func machineSetReference(uid types.UID) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: clusterv1.GroupVersion.String(), Kind: "MachineSet", Name: "set", UID: uid, Controller: ptrTo(true)}}
}

func (w *world) createMachineSet(owners ...metav1.OwnerReference) *clusterv1.MachineSet {
	w.t.Helper()
	set := &clusterv1.MachineSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "set", OwnerReferences: owners, Finalizers: []string{"test/keep"}},
		Spec: clusterv1.MachineSetSpec{
			ClusterName: clusterName, Selector: metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
			Template: clusterv1.MachineTemplateSpec{
				ObjectMeta: clusterv1.ObjectMeta{Labels: map[string]string{"a": "b"}},
				Spec: clusterv1.MachineSpec{
					ClusterName: clusterName, Bootstrap: clusterv1.Bootstrap{DataSecretName: ptrTo("data")},
					InfrastructureRef: clusterv1.ContractVersionedObjectReference{APIGroup: infrav1.GroupVersion.Group, Kind: "HarvesterMachineTemplate", Name: "t"},
				},
			},
		},
	}
	w.create(w.management, set)
	return set
}

// A restored HarvesterCluster means a Cluster of another UID, and is collected as garbage before anything else is there.
func TestOrphanGuardKeepsTheLoadBalancer(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	require.NoError(t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})))
	cluster := w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return conditions.GetReason(c, infrav1.DeletingCondition) == infrav1.OwnerNotDeletingReason
	})
	for range 3 {
		_, err := w.reconcileCluster(clusterName)
		require.NoError(t, err)
	}
	assert.Contains(t, conditions.GetMessage(cluster, infrav1.DeletingCondition), infrav1.ConfirmDeletionAnnotation)
	assert.Equal(t, 1, countWord(w.eventsText(), infrav1.OwnerNotDeletingReason), "one event, not one for each reconcile")
	assert.Nil(t, w.loadBalancer().DeletionTimestamp)

	base := client.MergeFrom(cluster.DeepCopy())
	cluster.Annotations = map[string]string{infrav1.ConfirmDeletionAnnotation: "true"}
	require.NoError(t, w.management.Patch(w.ctx, cluster, base))
	w.settle(func() error { _, err := w.reconcileCluster(clusterName); return err }, w.clusterIsGone)
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
	require.Equal(t, 2, w.etcd.calls(), "once before the VM goes, and once when it is gone; what is settled is not asked again")
	assert.Equal(t, guest.Leaving{
		Cluster: objectKey(w.namespace, clusterName), Machine: objectKey(w.namespace, "m-1"), Node: "m-1", ControlPlaneKind: "RKE2ControlPlane", DesiredVoters: 1,
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
	assert.Zero(t, w.counter("caphv_etcd_member_remove_errors_total"), "there is still time")
	assert.NotContains(t, w.eventsText(), infrav1.EtcdUnreachableReason)
	w.clock.SetTime(w.clock.Now().Add(w.machines.EtcdTimeout * 2))
	last := &infrav1.HarvesterMachine{}
	w.settle(func() error {
		_, err := w.reconcileMachine("m-1")
		_ = w.management.Get(w.ctx, objectKey(w.namespace, "m-1"), last) // what it was before it went
		return err
	}, func() bool { return w.machineIsGone("m-1") })
	assert.True(t, conditions.IsFalse(last, infrav1.EtcdMemberRemovedCondition))
	assert.Equal(t, infrav1.EtcdUnreachableReason, conditions.GetReason(last, infrav1.EtcdMemberRemovedCondition))
	assert.Contains(t, w.eventsText(), infrav1.EtcdUnreachableReason)
	assert.Positive(t, w.counter("caphv_etcd_member_remove_errors_total"))
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
		require.NoError(t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, clusterName, &clusterv1.Cluster{})))
		w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
		assert.Zero(t, w.etcd.calls())
	})
}
