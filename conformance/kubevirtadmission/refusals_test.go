package kubevirtadmission

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	k8sv1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// plain is the machine that the grid starts from.
func plain(t *testing.T) *kubevirtv1.VirtualMachine {
	t.Helper()
	list, err := machines()
	require.NoError(t, err)
	require.Equal(t, "plain", list[0].Name)
	vm := &kubevirtv1.VirtualMachine{}
	require.NoError(t, json.Unmarshal(list[0].VM, vm))

	return vm
}

// refusals are changes to the plain machine after which KubeVirt refuses it, and what it says then. The first of them are
// what harvesterclient's own validation promises to keep from it.
var refusals = map[string]struct {
	change func(*kubevirtv1.VirtualMachine)
	says   string
}{
	"secure boot without system management mode": {func(vm *kubevirtv1.VirtualMachine) {
		on := true
		vm.Spec.Template.Spec.Domain.Firmware = &kubevirtv1.Firmware{Bootloader: &kubevirtv1.Bootloader{EFI: &kubevirtv1.EFI{SecureBoot: &on}}}
	}, "SMM"},
	"hostname that is no DNS label": {func(vm *kubevirtv1.VirtualMachine) { vm.Spec.Template.Spec.Hostname = "a_b" }, "hostname"},
	"hostname of 64 characters": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Hostname = strings.Repeat("n", 64)
	}, "hostname"},
	"negative memory limit": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Domain.Resources.Limits[k8sv1.ResourceMemory] = resource.MustParse("-1")
	}, "must be greater than or equal to 0"},
	"negative CPU limit": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Domain.Resources.Limits[k8sv1.ResourceCPU] = resource.MustParse("-1")
	}, "must be greater than or equal to 0"},
	"two disks of one name": {func(vm *kubevirtv1.VirtualMachine) {
		devices := &vm.Spec.Template.Spec.Domain.Devices
		devices.Disks = append(devices.Disks, devices.Disks[0])
	}, "must not have the same Name"},
	"two volumes of one name": {func(vm *kubevirtv1.VirtualMachine) {
		spec := &vm.Spec.Template.Spec
		spec.Volumes = append(spec.Volumes, spec.Volumes[0])
	}, "must not have the same Name"},
	"disk without a volume": {func(vm *kubevirtv1.VirtualMachine) {
		spec := &vm.Spec.Template.Spec
		spec.Volumes = spec.Volumes[1:]
	}, "'disk-0' not found"},
	"two disks of one boot order": {func(vm *kubevirtv1.VirtualMachine) {
		devices := &vm.Spec.Template.Spec.Domain.Devices
		devices.Disks[1].BootOrder = devices.Disks[0].BootOrder
	}, "Boot order"},
	"boot order zero": {func(vm *kubevirtv1.VirtualMachine) {
		zero := uint(0)
		vm.Spec.Template.Spec.Domain.Devices.Disks[0].BootOrder = &zero
	}, "must have a boot order > 0"},
	"two interfaces of one name": {func(vm *kubevirtv1.VirtualMachine) {
		devices := &vm.Spec.Template.Spec.Domain.Devices
		devices.Interfaces = append(devices.Interfaces, devices.Interfaces[0])
	}, "Only one interface"},
	"interface without a network": {func(vm *kubevirtv1.VirtualMachine) { vm.Spec.Template.Spec.Networks = nil }, "nic-0"},
	"network without an interface": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Domain.Devices.Interfaces = nil
	}, "nic-0"},
	"malformed MAC address": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress = "02:00:00:00:00"
	}, "malformed MAC address"},
	"MAC address of 8 bytes": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress = "02:00:00:00:00:00:00:01"
	}, "too long"},
	"network without a name": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Networks[0].Multus.NetworkName = ""
	}, "CNI delegating plugin must have a networkName"},
	"inline user data of 2049 bytes": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Volumes[1].CloudInitNoCloud = &kubevirtv1.CloudInitNoCloudSource{UserData: strings.Repeat("x", 2049)}
	}, "2048 byte limit"},
	"two sources of user data": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Volumes[1].CloudInitNoCloud.UserData = "#cloud-config"
	}, "only one"},
	"running and a run strategy": {func(vm *kubevirtv1.VirtualMachine) {
		running := true
		vm.Spec.Running = &running
	}, "mutually exclusive"},
	"no run strategy":      {func(vm *kubevirtv1.VirtualMachine) { vm.Spec.RunStrategy = nil }, "RunStrategy must be specified"},
	"unknown run strategy": {func(vm *kubevirtv1.VirtualMachine) { *vm.Spec.RunStrategy = "Sometimes" }, "Invalid RunStrategy"},
	"reserved label": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.ObjectMeta.Labels[kubevirtv1.NodeNameLabel] = "host-0"
	}, "reserved kubevirt.io/ labels"},
	"affinity with a wrong operator": {func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Affinity = &k8sv1.Affinity{NodeAffinity: &k8sv1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &k8sv1.NodeSelector{
			NodeSelectorTerms: []k8sv1.NodeSelectorTerm{{MatchExpressions: []k8sv1.NodeSelectorRequirement{{Key: "zone", Operator: "Is"}}}},
		}}}
	}, "should be one of"},
	"more sockets than the most": {func(vm *kubevirtv1.VirtualMachine) {
		cpu := vm.Spec.Template.Spec.Domain.CPU
		cpu.Sockets, cpu.MaxSockets = math.MaxUint8, 1
	}, "Number of sockets"},
}

func TestWhatIsRefused(t *testing.T) {
	admission, err := New()
	require.NoError(t, err)
	for name, refusal := range refusals {
		t.Run(name, func(t *testing.T) {
			vm := plain(t)
			refusal.change(vm)
			raw, err := json.Marshal(vm)
			require.NoError(t, err)
			_, err = admission.Create(t.Context(), raw)
			require.ErrorIs(t, err, ErrDenied)
			assert.ErrorContains(t, err, refusal.says)
		})
	}
}

// tolerated are changes that one might think KubeVirt refuses, and that it leaves to the scheduler, to hot plugging, or to
// no one.
var tolerated = map[string]func(*kubevirtv1.VirtualMachine){
	"guest memory above its limit": func(vm *kubevirtv1.VirtualMachine) {
		guest := resource.MustParse("5Gi")
		vm.Spec.Template.Spec.Domain.Memory.Guest = &guest
	},
	"volume without a disk": func(vm *kubevirtv1.VirtualMachine) {
		devices := &vm.Spec.Template.Spec.Domain.Devices
		devices.Disks = devices.Disks[1:]
	},
	"device that no host offers": func(vm *kubevirtv1.VirtualMachine) {
		vm.Spec.Template.Spec.Domain.Devices.HostDevices = []kubevirtv1.HostDevice{{Name: "gpu-0", DeviceName: "nvidia.com/other"}}
	},
}

func TestWhatIsTakenAllTheSame(t *testing.T) {
	admission, err := New()
	require.NoError(t, err)
	for name, change := range tolerated {
		t.Run(name, func(t *testing.T) {
			vm := plain(t)
			change(vm)
			raw, err := json.Marshal(vm)
			require.NoError(t, err)
			_, err = admission.Create(t.Context(), raw)
			require.NoError(t, err)
		})
	}
}
