package simulator_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kubevirt"
)

// Section 9, VM lifecycle, line 9: halted by quota.
func TestQuotaHaltsAVM(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	key := client.ObjectKeyFromObject(vm)
	require.NoError(t, shared.stand.VMs().HaltByQuota(t.Context(), key, "not enough memory"))
	get(t, c, key, vm, hasStatus(kubevirtv1.VirtualMachineStatusStopped))
	assert.Equal(t, kubevirtv1.RunStrategyHalted, *vm.Spec.RunStrategy)
	assert.Equal(t, "not enough memory", vm.Annotations[kubevirt.QuotaAnnotation])
	events := &corev1.EventList{}
	require.NoError(t, c.List(t.Context(), events, client.InNamespace(vm.Namespace)))
	require.Len(t, events.Items, 1)
	assert.Equal(t, "InsufficientResourceQuota", events.Items[0].Reason)
}

// Section 9, VM lifecycle, line 9: a guest that shuts itself down stays down under RerunOnFailure, without an instance, and
// comes back under Always.
func TestGuestShutsItselfDown(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	key := client.ObjectKeyFromObject(vm)
	vmi := waitAddress(t, c, vm)
	former := vmi.UID
	require.NoError(t, shared.stand.VMs().ShutDown(t.Context(), key))
	gone(t, c, vmi)
	get(t, c, key, vm, hasStatus(kubevirtv1.VirtualMachineStatusStopped))
	require.Error(t, shared.stand.VMs().ShutDown(t.Context(), key), "it is off")
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) { vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyAlways) })
	assert.NotEqual(t, former, waitAddress(t, c, vm).UID)
}

// Section 9, VM lifecycle, line 9: a crash.
func TestCrashedMachineIsRestarted(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	key := client.ObjectKeyFromObject(vm)
	former := waitAddress(t, c, vm).UID
	require.NoError(t, shared.stand.VMs().Crash(t.Context(), key))
	get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.UID != former && vmi.Status.Phase == kubevirtv1.Running, "instance is %s", vmi.Status.Phase)
	})
}

// Section 9, VM lifecycle, line 9: a machine that cannot start at all.
func TestMachineThatNeverStartsBacksOff(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	refuse := func(err error) {
		stage.Lock()
		defer stage.Unlock()
		if stage.refuse == nil {
			stage.refuse = map[string]error{}
		}
		stage.refuse[space+"/one"] = err
	}
	refuse(errors.New("no such machine type"))
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	vm := newVM(t, c, space, "one")
	require.NoError(t, c.Create(t.Context(), vm))
	get(t, c, client.ObjectKeyFromObject(vm), vm, hasStatus(kubevirtv1.VirtualMachineStatusCrashLoopBackOff))
	require.NotNil(t, vm.Status.StartFailure)
	refuse(nil)
	waitAddress(t, c, vm)
	get(t, c, client.ObjectKeyFromObject(vm), vm, func(vm *kubevirtv1.VirtualMachine) error {
		return accept(vm.Status.StartFailure == nil, "%+v", vm.Status.StartFailure)
	})
}

// Section 9, VM lifecycle, line 9: migration.
func TestMigrationChangesTheHostAndNothingElse(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	before := waitAddress(t, c, vm).DeepCopy()
	require.NoError(t, shared.stand.VMs().Migrate(t.Context(), client.ObjectKeyFromObject(vm)))
	after := get(t, c, client.ObjectKeyFromObject(vm), &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.Status.NodeName != before.Status.NodeName, "still on %s", vmi.Status.NodeName)
	})
	assert.Equal(t, before.UID, after.UID)
	assert.Equal(t, before.Status.Interfaces, after.Status.Interfaces)
	assert.True(t, after.Status.MigrationState.Completed)
	get(t, c, client.ObjectKeyFromObject(vm), after, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.Annotations[corev1.LabelHostname] == vmi.Status.NodeName, "the topology did not follow: %v", vmi.Annotations)
	})
}

// Section 9, VM lifecycle, line 9: the agent is lost, and comes back.
func TestLosingTheAgentLosesTheAddresses(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	key := client.ObjectKeyFromObject(vm)
	shared.stand.VMs().WithoutAgent(key, true)
	vmi := get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.Status.Interfaces[0].IP == "", "interfaces: %v", vmi.Status.Interfaces)
	})
	assert.Equal(t, kubevirtv1.Running, vmi.Status.Phase)
	assert.NotEmpty(t, vmi.Status.Interfaces[0].MAC)
	for _, condition := range vmi.Status.Conditions {
		assert.NotEqual(t, kubevirtv1.VirtualMachineInstanceAgentConnected, condition.Type, "the condition is absent, not False")
	}
	shared.stand.VMs().WithoutAgent(key, false)
	waitAddress(t, c, vm)
}

// Section 9, VM lifecycle, line 9: a machine that never gets an address.
func TestMachineWithoutAddress(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	key := client.ObjectKey{Namespace: space, Name: "one"}
	shared.stand.VMs().WithoutAddress(key, true)
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "127.50.77.2")))
	vm := newVM(t, c, space, "one")
	require.NoError(t, c.Create(t.Context(), vm))
	vmi := get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(hasCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected), "no agent: %v", vmi.Status.Conditions)
	})
	assert.Empty(t, vmi.Status.Interfaces[0].IP)
	shared.stand.VMs().WithoutAddress(key, false)
	waitAddress(t, c, vm)
}

// Section 9, VM lifecycle, line 9: a VM that vanishes, finalizers or not.
func TestVMVanishes(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	key := client.ObjectKeyFromObject(vm)
	require.NoError(t, shared.stand.VMs().Vanish(t.Context(), key))
	gone(t, c, vm)
	vmi := &kubevirtv1.VirtualMachineInstance{}
	vmi.Namespace, vmi.Name = key.Namespace, key.Name
	gone(t, c, vmi)
	claim := &corev1.PersistentVolumeClaim{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: key.Namespace, Name: "one-disk-0"}, claim), "its disk is left")
	launch(t, c, key.Namespace, "two") // whoever makes instances and claims has had its turn when those of a later VM are there
	require.True(t, apierrors.IsNotFound(c.Get(t.Context(), key, vm)), "nobody brings it back")
}
