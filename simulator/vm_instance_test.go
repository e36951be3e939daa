package simulator_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// Section 9, VM lifecycle, line 4.
func TestInstanceGoesThroughItsPhases(t *testing.T) {
	c, err := client.NewWithWatch(shared.stand.Admin(), client.Options{Scheme: simulator.NewScheme()})
	require.NoError(t, err)
	space := namespace(t, c)
	changes, err := c.Watch(t.Context(), &kubevirtv1.VirtualMachineInstanceList{}, client.InNamespace(space))
	require.NoError(t, err)
	defer changes.Stop()
	vm := launch(t, c, space, "one")

	var phases []kubevirtv1.VirtualMachineInstancePhase
	macFirst := false
	for !slices.Contains(phases, kubevirtv1.Running) || !macFirst {
		select {
		case event := <-changes.ResultChan():
			vmi, ok := event.Object.(*kubevirtv1.VirtualMachineInstance)
			require.True(t, ok)
			if phase := vmi.Status.Phase; len(phases) == 0 || phases[len(phases)-1] != phase {
				phases = append(phases, phase)
			}
			if nics := vmi.Status.Interfaces; len(nics) == 1 && nics[0].MAC != "" && nics[0].IP == "" {
				macFirst = true
				assert.Equal(t, "domain, multus-status", nics[0].InfoSource)
				assert.False(t, hasCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected))
			}
		case <-time.After(time.Minute):
			t.Fatalf("phases %v, MAC before address: %t", phases, macFirst)
		}
	}
	assert.Equal(t, []kubevirtv1.VirtualMachineInstancePhase{"", kubevirtv1.Pending, kubevirtv1.Scheduling, kubevirtv1.Scheduled, kubevirtv1.Running}, phases)

	vmi := waitAddress(t, c, vm)
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(vm), vm))
	assert.Equal(t, vm.UID, vmi.OwnerReferences[0].UID)
	assert.Equal(t, "test", vmi.Labels["role"])
	assert.Equal(t, vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress, vmi.Status.Interfaces[0].MAC)
	assert.Equal(t, "domain, guest-agent, multus-status", vmi.Status.Interfaces[0].InfoSource)
	assert.True(t, hasCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected))
	assert.True(t, hasCondition(vmi, kubevirtv1.VirtualMachineInstanceReady))
	assert.NotEmpty(t, vmi.Status.NodeName)
}

func hasCondition(vmi *kubevirtv1.VirtualMachineInstance, kind kubevirtv1.VirtualMachineInstanceConditionType) bool {
	return slices.ContainsFunc(vmi.Status.Conditions, func(condition kubevirtv1.VirtualMachineInstanceCondition) bool {
		return condition.Type == kind && condition.Status == corev1.ConditionTrue
	})
}

// Section 9, VM lifecycle, line 4: bridges that only the agent knows have no name, and virtual addresses show up beside
// the machine's own.
func TestAgentReportsWhatTheSpecDoesNotKnow(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	stage.Lock()
	if stage.extra == nil {
		stage.extra = map[string][]guestapi.GuestAddress{}
	}
	stage.extra[space+"/one"] = []guestapi.GuestAddress{{MAC: "02:42:00:00:00:01", Interface: "cni0", IPs: []netip.Addr{netip.MustParseAddr("10.42.0.1"), netip.MustParseAddr("10.42.0.2")}}}
	stage.Unlock()
	vmi := waitAddress(t, c, launch(t, c, space, "one"))
	require.Len(t, vmi.Status.Interfaces, 2)
	assert.Equal(t, "nic-0", vmi.Status.Interfaces[0].Name)
	bridge := vmi.Status.Interfaces[1]
	assert.Empty(t, bridge.Name)
	assert.Equal(t, "cni0", bridge.InterfaceName)
	assert.Equal(t, "guest-agent", bridge.InfoSource)
	assert.Equal(t, []string{"10.42.0.1", "10.42.0.2"}, bridge.IPs)
}

// Section 9, VM lifecycle, line 4: every start makes an instance of its own.
func TestEveryStartHasAnInstanceUIDOfItsOwn(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	first := waitAddress(t, c, vm)
	boot, ok := bootOf(space + "/one")
	require.True(t, ok)
	assert.Equal(t, string(vm.UID), boot.UID)
	assert.Equal(t, string(first.UID), boot.InstanceUID)

	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) { vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted) })
	gone(t, c, first.DeepCopy())
	get(t, c, client.ObjectKeyFromObject(vm), vm, hasStatus(kubevirtv1.VirtualMachineStatusStopped))
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) { vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyAlways) })
	second := waitAddress(t, c, vm)
	assert.NotEqual(t, first.UID, second.UID)
	boot, _ = bootOf(space + "/one")
	assert.Equal(t, string(vm.UID), boot.UID, "the machine is still the same")
	assert.Equal(t, string(second.UID), boot.InstanceUID)
	assert.Equal(t, first.Status.Interfaces[0].IP, second.Status.Interfaces[0].IP, "the same MAC gets the same lease")
}

// Section 9, VM lifecycle, line 4.
func TestVMThatFitsNoHostIsUnschedulable(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	vm := newVM(t, c, space, "one")
	vm.Spec.Template.Spec.NodeSelector = map[string]string{"sandbox.caphv.io/of": space}
	require.NoError(t, c.Create(t.Context(), vm))
	get(t, c, client.ObjectKeyFromObject(vm), vm, hasStatus(kubevirtv1.VirtualMachineStatusUnschedulable))
	host := &corev1.Node{}
	host.Name = "harvester-1"
	change(t, c, host, func(host *corev1.Node) { host.Labels["sandbox.caphv.io/of"] = space })
	assert.Equal(t, "harvester-1", waitAddress(t, c, vm).Status.NodeName)
}

// Section 9, VM lifecycle, line 5.
func TestMachineWaitsForItsCloudInitSecret(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := newVM(t, c, space, "one")
	require.NoError(t, c.Create(t.Context(), vm))
	key := client.ObjectKeyFromObject(vm)
	vmi := get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.Status.Phase == kubevirtv1.Scheduling, "instance is %s", vmi.Status.Phase)
	})
	launch(t, c, space, "two") // whoever starts machines has had its turn when one that came later runs
	require.NoError(t, c.Get(t.Context(), key, vmi))
	assert.Equal(t, kubevirtv1.Scheduling, vmi.Status.Phase)
	_, booted := bootOf(space + "/one")
	assert.False(t, booted)
	get(t, c, key, vm, hasStatus(kubevirtv1.VirtualMachineStatusStarting))

	secret := cloudInit(space, "one", "127.50.77.1")
	require.NoError(t, c.Create(t.Context(), secret))
	vmi = waitAddress(t, c, vm)
	assert.Equal(t, "127.50.77.1", vmi.Status.Interfaces[0].IP, "the static address of the network data")
	boot, ok := bootOf(space + "/one")
	require.True(t, ok)
	assert.Equal(t, secret.Data["userdata"], boot.UserData)
	assert.Equal(t, secret.Data["networkdata"], boot.NetworkData)
	assert.Equal(t, "default/production", boot.NICs[0].Network)
	assert.Equal(t, uint32(2), boot.CPU)
	assert.Equal(t, int64(4<<30), boot.MemoryBytes)

	// The Secret is read again at every start.
	require.NoError(t, c.Delete(t.Context(), secret))
	newOperator(t, vm).accepted("virtualmachines", "restart")
	eventually(t, func() error {
		err := c.Get(t.Context(), key, vmi)
		if err != nil {
			return err
		}
		return accept(string(vmi.UID) != boot.InstanceUID && vmi.Status.Phase == kubevirtv1.Scheduling, "instance is %s", vmi.Status.Phase)
	})
	launch(t, c, space, "three")
	last, _ := bootOf(space + "/one")
	assert.Equal(t, boot.InstanceUID, last.InstanceUID, "it was not booted again")
	require.NoError(t, c.Get(t.Context(), key, vmi))
	assert.Equal(t, kubevirtv1.Scheduling, vmi.Status.Phase)
}

// What KubeVirt keeps and writes about a start: finalizers of both its controllers, the volumes, and the spec that the VM
// was started from, in one ControllerRevision.
func TestEveryStartKeepsWhatItStartedFrom(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	revisions := func() (names []string) {
		list := &appsv1.ControllerRevisionList{}
		require.NoError(t, c.List(t.Context(), list, client.InNamespace(space)))
		for i := range list.Items {
			require.Equal(t, vm.UID, list.Items[i].OwnerReferences[0].UID)
			names = append(names, list.Items[i].Name)
		}
		return names
	}
	first := waitAddress(t, c, vm)
	assert.Contains(t, first.Finalizers, kubevirtv1.VirtualMachineControllerFinalizer)
	assert.Contains(t, first.Finalizers, kubevirtv1.VirtualMachineInstanceFinalizer)
	assert.Equal(t, []string{first.Status.VirtualMachineRevisionName}, revisions())
	require.Len(t, first.Status.VolumeStatus, 2)
	assert.Equal(t, "one-disk-0", first.Status.VolumeStatus[0].PersistentVolumeClaimInfo.ClaimName)

	key := client.ObjectKeyFromObject(vm)
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) { vm.Spec.Template.Spec.Domain.CPU.Cores = 3 })
	get(t, c, key, vm, restartIsRequired(true))
	newOperator(t, vm).accepted("virtualmachines", "restart")
	second := get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.UID != first.UID && vmi.Status.Phase == kubevirtv1.Running, "instance is %s", vmi.Status.Phase)
	})
	get(t, c, key, vm, restartIsRequired(false))
	assert.Equal(t, uint32(3), second.Spec.Domain.CPU.Cores)
	assert.NotEqual(t, first.Status.VirtualMachineRevisionName, second.Status.VirtualMachineRevisionName)
	assert.Equal(t, []string{second.Status.VirtualMachineRevisionName}, revisions())
}

func restartIsRequired(want bool) func(*kubevirtv1.VirtualMachine) error {
	return func(vm *kubevirtv1.VirtualMachine) error {
		got := slices.ContainsFunc(vm.Status.Conditions, func(condition kubevirtv1.VirtualMachineCondition) bool {
			return condition.Type == kubevirtv1.VirtualMachineRestartRequired && condition.Status == corev1.ConditionTrue
		})
		return accept(got == want, "conditions %v", vm.Status.Conditions)
	}
}

// Under RerunOnFailure an instance that somebody deletes is not made again; a request starts the VM.
func TestDeletedInstanceStaysAwayUnderRerunOnFailure(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	vmi := waitAddress(t, c, vm)
	require.NoError(t, c.Delete(t.Context(), vmi))
	gone(t, c, vmi)
	launch(t, c, space, "two") // whoever starts machines has had its turn when one that came later runs
	require.True(t, apierrors.IsNotFound(c.Get(t.Context(), client.ObjectKeyFromObject(vm), vmi)))
	get(t, c, client.ObjectKeyFromObject(vm), vm, hasStatus(kubevirtv1.VirtualMachineStatusStopped))
	newOperator(t, vm).accepted("virtualmachines", "start")
	waitAddress(t, c, vm)
}

// An instance ends before it goes.
func TestInstanceSucceedsBeforeItGoes(t *testing.T) {
	c, err := client.NewWithWatch(shared.stand.Admin(), client.Options{Scheme: simulator.NewScheme()})
	require.NoError(t, err)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	changes, err := c.Watch(t.Context(), &kubevirtv1.VirtualMachineInstanceList{}, client.InNamespace(space))
	require.NoError(t, err)
	defer changes.Stop()
	require.NoError(t, c.Delete(t.Context(), vm))
	var last kubevirtv1.VirtualMachineInstancePhase
	for {
		select {
		case event := <-changes.ResultChan():
			vmi, ok := event.Object.(*kubevirtv1.VirtualMachineInstance)
			require.True(t, ok)
			if event.Type == watch.Deleted {
				assert.Equal(t, kubevirtv1.Succeeded, last)
				return
			}
			last = vmi.Status.Phase
		case <-time.After(time.Minute):
			t.Fatalf("the instance is still there, in phase %s", last)
		}
	}
}
