package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
)

func TestMissingReferenceIsNamedAndNothingIsMade(t *testing.T) {
	for name, test := range map[string]struct {
		spoil     func(*infrav1.HarvesterMachineSpec)
		condition string
		names     string
	}{
		"image":    {func(s *infrav1.HarvesterMachineSpec) { s.Volumes[0].ImageName = "default/no-image" }, "False/" + infrav1.ImageNotFoundReason, "no-image"},
		"key pair": {func(s *infrav1.HarvesterMachineSpec) { s.SSHKeyPair = "default/no-key" }, "False/" + infrav1.KeyPairNotFoundReason, "no-key"},
		"network":  {func(s *infrav1.HarvesterMachineSpec) { s.Networks = []string{"default/no-network"} }, "False/" + infrav1.NetworkNotFoundReason, "no-network"},
		"storage class": {func(s *infrav1.HarvesterMachineSpec) {
			s.Volumes = append(s.Volumes, infrav1.Volume{VolumeType: infrav1.VolumeTypeStorageClass, StorageClass: "no-class", VolumeSize: ptr.To(resource.MustParse("10Gi"))})
		}, "False/" + infrav1.StorageClassNotFoundReason, "no-class"},
		"failure domain": {func(s *infrav1.HarvesterMachineSpec) { s.FailureDomain = "no-zone" }, "False/" + infrav1.FailureDomainNotFoundReason, "no-zone"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seedHarvester(5)
			w.provisionCluster()
			w.proxy.cutAfter(0)
			w.createMachine("m-1", false, func(m *infrav1.HarvesterMachine) { test.spoil(&m.Spec) })
			machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
				return w.condition(m.Status.Conditions, infrav1.VMProvisionedCondition) == test.condition
			})
			assert.Contains(t, conditions.GetMessage(machine, infrav1.VMProvisionedCondition), test.names)
			assert.Empty(t, w.proxy.written(), "nothing half-made is left on Harvester")
			result, err := w.reconcileMachine("m-1")
			require.NoError(t, err)
			assert.NotZero(t, result.RequeueAfter, "nothing announces that the object came")
		})
	}
}

func TestPoolsAreTriedInOrder(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	second := w.pool + "-b"
	w.createPool(second, "10.200."+w.subnet[3:len(w.subnet)-2], 1)
	w.provisionCluster(func(c *infrav1.HarvesterCluster) {
		c.Spec.VMNetworkConfig.IPPoolRef, c.Spec.VMNetworkConfig.IPPoolRefs = "", []string{w.pool, second}
	})
	for machine, pool := range map[string]string{"m-1": w.pool} {
		assert.Equal(t, pool, w.provisionMachine(machine, false).Status.AllocatedPoolRef)
	}
	assert.Equal(t, second, w.provisionMachine("m-2", false).Status.AllocatedPoolRef)
	w.createMachine("m-3", false)
	machine := w.settleMachine("m-3", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.AddressReadyCondition) == "False/"+infrav1.PoolExhaustedReason
	})
	message := conditions.GetMessage(machine, infrav1.AddressReadyCondition)
	assert.Contains(t, message, w.pool)
	assert.Contains(t, message, second)

	w.deleteMachine("m-2")
	w.settle(func() error { _, err := w.reconcileMachine("m-2"); return err }, func() bool { return w.machineIsGone("m-2") })
	assert.Empty(t, w.readPool(second).Status.Allocated, "the address goes back to the pool that it came from")
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 1)
	assert.Equal(t, second, w.settleMachine("m-3", func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" }).Status.AllocatedPoolRef)
}

func TestBootstrapDataIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	machine := w.createMachine("m-1", false)
	base := client.MergeFrom(machine.DeepCopy())
	machine.Spec.Bootstrap = clusterv1.Bootstrap{ConfigRef: clusterv1.ContractVersionedObjectReference{APIGroup: "bootstrap.cluster.x-k8s.io", Kind: "RKE2Config", Name: "m-1"}}
	require.NoError(t, w.management.Patch(w.ctx, machine, base))
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.BootstrapReadyCondition) == "False/"+infrav1.WaitingForBootstrapDataReason
	})
	assert.False(t, w.exists(w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}))
}

func TestMalformedBootstrapDataIsNeverShown(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createMachine("m-1", false)
	secret := get(w, w.management, w.namespace, "m-1-bootstrap", &corev1.Secret{})
	secret.Data["value"] = []byte(`{"ignition": {"version": "3.3.0"}, "token": "` + secretMarker + `"}`)
	require.NoError(t, w.management.Update(w.ctx, secret))
	machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.BootstrapReadyCondition) == "False/"+infrav1.BootstrapDataInvalidReason
	})
	for _, condition := range machine.Status.Conditions {
		assert.NotContains(t, condition.Message, secretMarker)
	}
	assert.NotContains(t, w.eventsText(), secretMarker)
}

func TestNodeThatNeverComesIsReportedOnce(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" })
	w.boot("m-1")
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.NodeInitializedCondition) == "False/"+infrav1.WaitingForNodeReason
	})
	result, err := w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.InDelta(t, w.machines.NodeTimeout.Seconds(), result.RequeueAfter.Seconds(), 60, "the only timer is the deadline")
	w.clock.SetTime(w.clock.Now().Add(w.machines.NodeTimeout * 2))
	for range 3 {
		result, err = w.reconcileMachine("m-1")
		require.NoError(t, err)
	}
	assert.Zero(t, result.RequeueAfter)
	assert.Equal(t, 1, countWord(w.eventsText(), infrav1.NodeInitializationTimedOutReason))
	assert.InDelta(t, 1, w.counter("caphv_node_init_errors_total"), 0, "weak point 10: nobody counted it")
	require.NoError(t, w.guest.client.Create(w.ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "m-1"}}))
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return conditions.IsTrue(m, infrav1.ReadyCondition) })
}

func TestNodeOfTheCloudProviderIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	machine := w.provisionMachine("m-1", false)
	node := &corev1.Node{}
	require.NoError(t, w.guest.client.Get(w.ctx, objectKey("", "m-1"), node))
	require.Equal(t, machine.Spec.ProviderID, node.Spec.ProviderID)
	before := node.ResourceVersion
	for range 3 {
		_, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
	}
	require.NoError(t, w.guest.client.Get(w.ctx, objectKey("", "m-1"), node))
	assert.Equal(t, before, node.ResourceVersion)

	w.guest.setDown(true)
	for range 3 {
		_, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
	}
	assert.True(t, w.machineIs("m-1", func(m *infrav1.HarvesterMachine) bool { return conditions.IsTrue(m, infrav1.ReadyCondition) }),
		"a guest that is away for a moment does not undo that its Node was initialised")
}

func TestNodeOfAnotherMachineIsAConflict(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	require.NoError(t, w.guest.client.Create(w.ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "m-1"},
		Spec:       corev1.NodeSpec{ProviderID: "harvester://another", Taints: []corev1.Taint{{Key: guest.UninitializedTaint, Effect: corev1.TaintEffectNoSchedule}}},
	}))
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" })
	w.boot("m-1")
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.NodeInitializedCondition) == "False/"+infrav1.NodeProviderIDConflictReason
	})
	node := &corev1.Node{}
	require.NoError(t, w.guest.client.Get(w.ctx, objectKey("", "m-1"), node))
	assert.Len(t, node.Spec.Taints, 1)
}

// Weak points 4 and 5: the user's affinity was changed through a shared pointer, and the spread matched nobody but the
// VM itself.
func TestPlacement(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	user := &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{
		{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "disk", Operator: corev1.NodeSelectorOpIn, Values: []string{"ssd"}}}},
	}}}
	place := func(m *infrav1.HarvesterMachine) {
		m.Spec.NodeAffinity, m.Spec.FailureDomain = user.DeepCopy(), "zone-a"
	}
	first, second := w.provisionMachine("m-1", true, place), w.provisionMachine("m-2", true, place)
	assert.Equal(t, user, first.Spec.NodeAffinity)
	assert.Equal(t, user, second.Spec.NodeAffinity)
	assert.Equal(t, "zone-a", first.Status.FailureDomain)

	vm, other := get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{}), get(w, w.harvester, w.target, "m-2", &kubevirtv1.VirtualMachine{})
	affinity := vm.Spec.Template.Spec.Affinity
	required := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	require.Len(t, required, 1)
	assert.Len(t, required[0].MatchExpressions, 2, "the user's and the zone's")
	require.Len(t, affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution, 1)
	selector, err := metav1.LabelSelectorAsSelector(affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm.LabelSelector)
	require.NoError(t, err)
	assert.True(t, selector.Matches(labelSet(other.Spec.Template.ObjectMeta.Labels)), "the spread must see the other replica")
}
