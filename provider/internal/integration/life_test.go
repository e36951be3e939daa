package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// provisionCluster brings a cluster to its endpoint.
func (w *world) provisionCluster(change ...func(*infrav1.HarvesterCluster)) {
	w.t.Helper()
	w.createCluster(change...)
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool {
		return w.condition(c.Status.Conditions, infrav1.LoadBalancerReadyCondition) == "False/"+infrav1.LoadBalancerAddressPendingReason
	})
	w.addressLoadBalancer("192.0.2.10")
	w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool { return c.Status.Initialization.IsProvisioned() })
	w.markProvisioned()
}

// provisionMachine brings a machine to a running VM with an initialised Node.
func (w *world) provisionMachine(name string, controlPlane bool, change ...func(*infrav1.HarvesterMachine)) *infrav1.HarvesterMachine {
	w.t.Helper()
	w.createMachine(name, controlPlane, change...)
	w.settleMachine(name, func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" })
	w.boot(name)
	w.settleMachine(name, func(m *infrav1.HarvesterMachine) bool { return m.Status.Initialization.IsProvisioned() })
	require.NoError(w.t, w.guest.client.Create(w.ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: guest.UninitializedTaint, Effect: corev1.TaintEffectNoSchedule}}},
	}))
	return w.settleMachine(name, func(m *infrav1.HarvesterMachine) bool { return conditions.IsTrue(m, infrav1.ReadyCondition) })
}

// Weak point 10: the time of one API call passed for the time that a machine takes.
func TestCreationIsTimedUntilTheMachineIsThere(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" })
	count, _ := w.timed("caphv_machine_creation_duration_seconds")
	assert.Zero(t, count, "a VM that was ordered is no machine yet")
	const took = 5 * time.Minute
	w.clock.SetTime(get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}).CreationTimestamp.Add(took))
	w.boot("m-1")
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return m.Status.Initialization.IsProvisioned() })
	for range 3 {
		_, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
	}
	count, seconds := w.timed("caphv_machine_creation_duration_seconds")
	assert.EqualValues(t, 1, count, "once in its life")
	assert.InDelta(t, took.Seconds(), seconds, 1)
}

// timed is what a histogram without labels was told: how often, and how many seconds in all.
func (w *world) timed(name string) (count uint64, seconds float64) {
	w.t.Helper()
	families, err := w.registry.Gather()
	require.NoError(w.t, err)
	for _, family := range families {
		if family.GetName() == name {
			histogram := family.GetMetric()[0].GetHistogram()
			return histogram.GetSampleCount(), histogram.GetSampleSum()
		}
	}
	return 0, 0
}

func TestLifeOfAMachine(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	machine := w.provisionMachine("m-1", true)

	vm := get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})
	assert.Equal(t, names.ProviderID(string(vm.UID)), machine.Spec.ProviderID)
	assert.Equal(t, w.subnet+".10", machine.Status.AllocatedIPAddress)
	assert.Equal(t, w.pool, machine.Status.AllocatedPoolRef)
	assert.Equal(t, names.AddressOwner(w.target, "m-1"), w.readPool(w.pool).Status.Allocated[w.subnet+".10"])
	assert.True(t, machine.Status.Ready)
	require.Len(t, machine.Status.Addresses, 2)
	assert.Equal(t, w.subnet+".10", machine.Status.Addresses[1].Address)
	secret := get(w, w.harvester, w.target, "m-1-cloud-init", &corev1.Secret{})
	assert.Contains(t, string(secret.Data["userdata"]), secretMarker)
	assert.Contains(t, string(secret.Data["networkdata"]), w.subnet+".10/24")
	node := &corev1.Node{}
	require.NoError(t, w.guest.client.Get(w.ctx, objectKey("", "m-1"), node))
	assert.Equal(t, machine.Spec.ProviderID, node.Spec.ProviderID)
	assert.Empty(t, node.Spec.Taints)

	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return conditions.GetReason(m, infrav1.DeletingCondition) == infrav1.DeletingVMReason && w.vmIsBeingDeleted("m-1")
	})
	assert.NotEmpty(t, w.readPool(w.pool).Status.Allocated, "the address is held while the VM exists")

	w.finishVMDeletion("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err },
		func() bool { return !w.exists(w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{}) })

	assert.Empty(t, w.readPool(w.pool).Status.Allocated)
	assert.EqualValues(t, 5, w.readPool(w.pool).Status.Available)
	assert.False(t, w.exists(w.harvester, w.target, "m-1-cloud-init", &corev1.Secret{}))
	assert.False(t, w.exists(w.harvester, w.target, "m-1-disk-0", &corev1.PersistentVolumeClaim{}))
	assert.NotContains(t, w.eventsText(), secretMarker)
}
