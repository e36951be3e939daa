package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// Section 9, VM lifecycle, line 1.
func TestVMIsMutated(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := newVM(t, c, space, "one")
	spec := &vm.Spec.Template.Spec
	spec.Domain.Resources.Requests = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("4Gi")}
	spec.Domain.Memory = &kubevirtv1.Memory{Guest: ptr.To(resource.MustParse("1Gi"))}
	spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{
		{MatchExpressions: []corev1.NodeSelectorRequirement{
			{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{"zone-a"}},
			{Key: "network.harvesterhci.io/mine", Operator: corev1.NodeSelectorOpExists},
		}},
	}}}}
	require.NoError(t, c.Create(t.Context(), vm))
	spec = &vm.Spec.Template.Spec
	assert.Equal(t, "200m", spec.Domain.Resources.Requests.Cpu().String())
	assert.Equal(t, "2730Mi", spec.Domain.Resources.Requests.Memory().String())
	assert.Equal(t, "4Gi", spec.Domain.Memory.Guest.String())
	assert.Equal(t, &kubevirtv1.CPU{Cores: 2, Sockets: 1, Threads: 1, MaxSockets: 1}, spec.Domain.CPU)
	assert.Regexp(t, `^.[26ae](:[0-9a-f]{2}){5}$`, spec.Domain.Devices.Interfaces[0].MacAddress)
	assert.Equal(t, int64(120), *spec.TerminationGracePeriodSeconds)
	assert.Equal(t, []corev1.NodeSelectorRequirement{
		{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{"zone-a"}},
		{Key: "network.harvesterhci.io/production", Operator: corev1.NodeSelectorOpIn, Values: []string{"true"}},
	}, spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions)

	mac := spec.Domain.Devices.Interfaces[0].MacAddress
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress = ""
		vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted)
	})
	assert.NotEqual(t, mac, vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress, "leaving the MAC out of an update changes it")
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) { vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyAlways) })
	assert.Equal(t, kubevirtv1.RunStrategyRerunOnFailure, *vm.Spec.RunStrategy, "what it ran with before the halt comes back")
}

// Section 9, VM lifecycle, line 1: mutators fail open.
func TestVMIsAdmittedAsItIsWithoutMutators(t *testing.T) {
	stand := own(t, simulator.Options{NoMutators: true})
	c := admin(t, stand)
	vm := newVM(t, c, namespace(t, c), "one")
	require.NoError(t, c.Create(t.Context(), vm))
	assert.Empty(t, vm.Spec.Template.Spec.Domain.Resources.Requests)
	assert.Empty(t, vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress)
	assert.Nil(t, vm.Spec.Template.Spec.Affinity)
}

// Section 9, VM lifecycle, line 2.
func TestVMIsRejected(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	taken := launch(t, c, space, "taken")
	tests := map[string]struct {
		change func(*kubevirtv1.VirtualMachine)
		kind   func(error) bool
		says   string
	}{
		"missing network": {func(vm *kubevirtv1.VirtualMachine) {
			vm.Spec.Template.Spec.Networks[0].Multus.NetworkName = "default/nowhere"
		},
			apierrors.IsInternalError, `"nowhere" not found`},
		"a single word is looked up in the VM's namespace first, and then in default": {func(vm *kubevirtv1.VirtualMachine) {
			vm.Spec.Template.Spec.Networks[0].Multus.NetworkName = "production"
		},
			apierrors.IsInternalError, "mutator.harvesterhci.io"},
		"no memory": {func(vm *kubevirtv1.VirtualMachine) {
			vm.Spec.Template.Spec.Domain.Resources = kubevirtv1.ResourceRequirements{}
		},
			apierrors.IsInvalid, "either memory.guest or resources.limits.memory must be set"},
		"another VM's claim": {func(vm *kubevirtv1.VirtualMachine) {
			vm.Spec.Template.Spec.Volumes[0].PersistentVolumeClaim.ClaimName = "taken-disk-0"
		}, apierrors.IsInvalid, "already used by other VM"},
		"claims that cannot be read": {func(vm *kubevirtv1.VirtualMachine) { vm.Annotations["harvesterhci.io/volumeClaimTemplates"] = "[{" },
			apierrors.IsInvalid, "volumeClaimTemplates"},
		"a claim without name": {func(vm *kubevirtv1.VirtualMachine) { vm.Annotations["harvesterhci.io/volumeClaimTemplates"] = "[{}]" },
			apierrors.IsInvalid, "PVC name is required"},
		"maintenance mode": {func(vm *kubevirtv1.VirtualMachine) { vm.Labels["harvesterhci.io/maintain-mode-strategy"] = "Panic" },
			apierrors.IsInvalid, "invalid maintenance mode strategy"},
		"duplicate MAC": {func(vm *kubevirtv1.VirtualMachine) {
			vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress = taken.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress
		}, apierrors.IsInternalError, "duplicate mac address"},
		"inline cloud-init over 2048 bytes": {func(vm *kubevirtv1.VirtualMachine) {
			vm.Spec.Template.Spec.Volumes[1].CloudInitNoCloud = &kubevirtv1.CloudInitNoCloudSource{UserData: string(make([]byte, 2049))}
		}, apierrors.IsInvalid, "userdata exceeds 2048 byte limit"},
		"running and runStrategy": {func(vm *kubevirtv1.VirtualMachine) { vm.Spec.Running = ptr.To(true) },
			apierrors.IsInvalid, "mutually exclusive"},
		"negative grace period": {func(vm *kubevirtv1.VirtualMachine) {
			vm.Spec.Template.Spec.TerminationGracePeriodSeconds = ptr.To[int64](-1)
		},
			apierrors.IsInvalid, "can't be negative"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			vm := newVM(t, c, space, "wrong")
			test.change(vm)
			err := c.Create(t.Context(), vm)
			require.ErrorContains(t, err, test.says)
			assert.True(t, test.kind(err), "%v", err)
		})
	}
	left := &kubevirtv1.VirtualMachineList{}
	require.NoError(t, c.List(t.Context(), left, client.InNamespace(space)))
	assert.Len(t, left.Items, 1)
}

// Section 9, VM lifecycle, line 2: the mutator looks for a single-word network in the VM's namespace, the validator in
// default. In namespace default both agree.
func TestSingleWordNetworkWorksInDefaultOnly(t *testing.T) {
	c := admin(t, shared.stand)
	vm := newVM(t, c, "default", "single-word")
	vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted)
	vm.Spec.Template.Spec.Networks[0].Multus.NetworkName = "production"
	require.NoError(t, c.Create(t.Context(), vm))
	require.NoError(t, c.Delete(t.Context(), vm))
	gone(t, c, vm)
}
