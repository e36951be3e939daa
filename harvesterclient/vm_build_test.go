package harvesterclient

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// smallVM is the least that is valid.
func smallVM() VM {
	return VM{
		Namespace: "vms", Name: "c1-md-0-abcde", CPU: 2, Memory: resource.MustParse("4Gi"),
		Disks: []Disk{{Name: "disk-0", PVCName: "c1-md-0-abcde-disk-0", Size: resource.MustParse("40Gi")}},
		NICs:  []NIC{{Name: "nic-0", Network: "default/vlan10"}},
	}
}

// fullVM sets every field.
func fullVM() VM {
	return VM{
		Namespace: "vms", Name: "c1-cp-0",
		Labels:       map[string]string{LabelCreator: CreatorNodeDriver, LabelGuestCluster: "c1", "harvestercluster/machinetype": "controlplane-c1"},
		Annotations:  map[string]string{"example.org/note": "hello"},
		VolumeLabels: map[string]string{"cluster.x-k8s.io/cluster-name": "c1"},
		CPU:          4, Memory: resource.MustParse("8Gi"),
		Disks: []Disk{
			{Name: "disk-0", PVCName: "c1-cp-0-disk-0", Size: resource.MustParse("40Gi"), StorageClassName: "lh-1234", ImageID: "default/image-x7k2p", BootOrder: 1},
			{Name: "disk-1", PVCName: "c1-cp-0-disk-1", Size: resource.MustParse("100Gi"), StorageClassName: "harvester-longhorn", BootOrder: 2},
			{Name: "disk-2", PVCName: "c1-cp-0-disk-2", Size: resource.MustParse("1Ti")},
		},
		NICs: []NIC{
			{Name: "nic-0", Network: "default/vlan10", MACAddress: "02:00:00:00:00:01"},
			{Name: "nic-1", Network: "harvester-public/storage"},
		},
		CloudInitSecret: "c1-cp-0-cloud-init",
		SSHKeyNames:     []string{"default/admin"},
		EFI:             true, SecureBoot: true, TPM: true, PersistentTPM: true,
		CPUModel:    "host-passthrough",
		HostDevices: []HostDevice{{Name: "gpu-0", DeviceName: "nvidia.com/GA102GL_A10"}, {Name: "gpu-1", DeviceName: "nvidia.com/GA102GL_A10"}},
		NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{
				{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{"zone-a"}},
			}}},
		}},
		PodAffinity: &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
			{Weight: 1, PodAffinityTerm: corev1.PodAffinityTerm{TopologyKey: corev1.LabelTopologyZone}},
		}},
		PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
			{Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{
				TopologyKey:   corev1.LabelHostname,
				LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"harvestercluster/machinetype": "controlplane-c1"}},
			}},
		}},
	}
}

func TestBuildVMGolden(t *testing.T) {
	t.Parallel()
	efiOnly := smallVM()
	efiOnly.EFI, efiOnly.TPM, efiOnly.CloudInitSecret = true, true, "ci"
	for name, vm := range map[string]VM{"small": smallVM(), "full": fullVM(), "efi-without-secure-boot": efiOnly} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built, err := BuildVM(vm)
			require.NoError(t, err)
			got, err := yaml.Marshal(built)
			require.NoError(t, err)
			assertGolden(t, filepath.Join("testdata", "vm", name+".yaml"), got)
		})
	}
}

func assertGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test once with -update and look at what it writes")
	assert.Equal(t, string(want), string(got))
}

// What section 3 of Harvester's behaviour asks of a virtual machine, one by one.
func TestBuildVMFollowsHarvester(t *testing.T) {
	t.Parallel()
	vm, err := BuildVM(fullVM())
	require.NoError(t, err)
	template := vm.Spec.Template
	domain := template.Spec.Domain

	assert.Nil(t, vm.Spec.Running)
	assert.Equal(t, kubevirtv1.RunStrategyRerunOnFailure, *vm.Spec.RunStrategy)
	assert.Equal(t, kubevirtv1.EvictionStrategyLiveMigrateIfPossible, *template.Spec.EvictionStrategy)
	assert.Empty(t, domain.Resources.Requests, "Harvester computes them")
	assert.Equal(t, "8Gi", domain.Resources.Limits.Memory().String())
	assert.Equal(t, "8Gi", domain.Memory.Guest.String())
	assert.Equal(t, &kubevirtv1.CPU{Cores: 4, Sockets: 1, Threads: 1, Model: "host-passthrough"}, domain.CPU)
	assert.Equal(t, kubevirtv1.HostDevice{Name: "gpu-1", DeviceName: "nvidia.com/GA102GL_A10"}, domain.Devices.HostDevices[1])
	assert.True(t, *domain.Features.SMM.Enabled, "secure boot needs it")
	assert.Equal(t, "c1-cp-0", template.ObjectMeta.Labels[LabelVMName])
	assert.Equal(t, "c1", template.ObjectMeta.Labels[LabelGuestCluster], "labels reach the instance")
	assert.JSONEq(t, `["default/admin"]`, template.ObjectMeta.Annotations[AnnotationSSHNames])
	assert.Nil(t, template.Spec.TerminationGracePeriodSeconds, "Harvester's setting decides")

	cloudInit := template.Spec.Volumes[len(template.Spec.Volumes)-1]
	assert.Equal(t, "cloudinitdisk", cloudInit.Name)
	assert.Equal(t, "c1-cp-0-cloud-init", cloudInit.CloudInitNoCloud.UserDataSecretRef.Name)
	assert.Equal(t, "c1-cp-0-cloud-init", cloudInit.CloudInitNoCloud.NetworkDataSecretRef.Name)

	var claims []corev1.PersistentVolumeClaim
	require.NoError(t, json.Unmarshal([]byte(vm.Annotations[AnnotationVolumeClaimTemplates]), &claims))
	require.Len(t, claims, 3)
	assert.Equal(t, "default/image-x7k2p", claims[0].Annotations[AnnotationImageID])
	assert.Equal(t, "lh-1234", *claims[0].Spec.StorageClassName)
	assert.Nil(t, claims[2].Spec.StorageClassName, "the default class")
	for _, claim := range claims {
		assert.Equal(t, corev1.PersistentVolumeBlock, *claim.Spec.VolumeMode)
		assert.Equal(t, []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}, claim.Spec.AccessModes)
		assert.Empty(t, claim.OwnerReferences)
		assert.Equal(t, "c1", claim.Labels["cluster.x-k8s.io/cluster-name"])
	}
	assert.Equal(t, []string{"c1-cp-0-disk-0", "c1-cp-0-disk-1", "c1-cp-0-disk-2"}, RemovedDisks(vm))
}

func TestBuildVMRefuses(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*VM){
		`Name: "A_b" is not a DNS label`:                                func(vm *VM) { vm.Name = "A_b" },
		`Namespace: "" is not a namespace name`:                         func(vm *VM) { vm.Namespace = "" },
		`CPU: must be at least 1`:                                       func(vm *VM) { vm.CPU = 0 },
		`Memory: must be positive, is -1`:                               func(vm *VM) { vm.Memory = resource.MustParse("-1") },
		`SecureBoot: needs EFI`:                                         func(vm *VM) { vm.EFI = false },
		`PersistentTPM: needs TPM`:                                      func(vm *VM) { vm.TPM = false },
		`HostDevices[1].Name: "gpu-0" is taken`:                         func(vm *VM) { vm.HostDevices[1].Name = "gpu-0" },
		`HostDevices[0].Name: "GPU" is not a DNS label`:                 func(vm *VM) { vm.HostDevices[0].Name = "GPU" },
		`HostDevices[0].DeviceName: "a/b/c" is not a resource name`:     func(vm *VM) { vm.HostDevices[0].DeviceName = "a/b/c" },
		`Disks: at least one is needed`:                                 func(vm *VM) { vm.Disks = nil },
		`Disks[1].Name: "disk-0" is taken`:                              func(vm *VM) { vm.Disks[1].Name = "disk-0" },
		`Disks[1].Name: "cloudinitdisk" is taken`:                       func(vm *VM) { vm.Disks[1].Name = "cloudinitdisk" },
		`Disks[0].Name: "Disk" is not a DNS label`:                      func(vm *VM) { vm.Disks[0].Name = "Disk" },
		`Disks[1].PVCName: "c1-cp-0-disk-0" is taken`:                   func(vm *VM) { vm.Disks[1].PVCName = "c1-cp-0-disk-0" },
		`Disks[0].PVCName: "" is not an object name`:                    func(vm *VM) { vm.Disks[0].PVCName = "" },
		`Disks[2].Size: must be positive, is 0`:                         func(vm *VM) { vm.Disks[2].Size = resource.Quantity{} },
		`Disks[0].ImageID: "image-x" is not <namespace>/<name>`:         func(vm *VM) { vm.Disks[0].ImageID = "image-x" },
		`Disks[1].BootOrder: 1 is taken`:                                func(vm *VM) { vm.Disks[1].BootOrder = 1 },
		`NICs: at least one is needed`:                                  func(vm *VM) { vm.NICs = nil },
		`NICs[0].Name: "" is not a DNS label`:                           func(vm *VM) { vm.NICs[0].Name = "" },
		`NICs[1].Name: "nic-0" is taken`:                                func(vm *VM) { vm.NICs[1].Name = "nic-0" },
		`NICs[1].Network: "vlan10" is not <namespace>/<name>`:           func(vm *VM) { vm.NICs[1].Network = "vlan10" },
		`NICs[0].MACAddress: "01:00:00:00:00:01" is not the address of`: func(vm *VM) { vm.NICs[0].MACAddress = "01:00:00:00:00:01" },
		`NICs[0].MACAddress: "x" is not the address of`:                 func(vm *VM) { vm.NICs[0].MACAddress = "x" },
		`NICs[1].MACAddress: "02-00-00-00-00-01" is taken`:              func(vm *VM) { vm.NICs[1].MACAddress = "02-00-00-00-00-01" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			vm := fullVM()
			spoil(&vm)
			_, err := BuildVM(vm)
			require.ErrorIs(t, err, ErrInvalid)
			require.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "virtual machine ")
		})
	}
}

// drawVM makes any valid description.
func drawVM(t *rapid.T) VM {
	label := rapid.StringMatching(`[a-z]([a-z0-9-]{0,12}[a-z0-9])?`)
	vm := VM{
		Namespace: label.Draw(t, "namespace"), Name: label.Draw(t, "name"),
		Labels:      rapid.MapOf(label, label).Draw(t, "labels"),
		Annotations: rapid.MapOf(label, rapid.String()).Draw(t, "annotations"),
		CPU:         rapid.Uint32Range(1, 256).Draw(t, "cpu"),
		Memory:      *resource.NewQuantity(rapid.Int64Range(1, 1<<42).Draw(t, "memory"), resource.BinarySI),
		SSHKeyNames: rapid.SliceOf(label).Draw(t, "keys"),
		EFI:         rapid.Bool().Draw(t, "efi"), TPM: rapid.Bool().Draw(t, "tpm"),
	}
	vm.SecureBoot = vm.EFI && rapid.Bool().Draw(t, "secure boot")
	vm.PersistentTPM = vm.TPM && rapid.Bool().Draw(t, "persistent tpm")
	vm.CPUModel = rapid.SampledFrom([]string{"", "host-model", "Haswell-noTSX"}).Draw(t, "model")
	for _, name := range rapid.SliceOfNDistinct(label, 0, 3, rapid.ID[string]).Draw(t, "devices") {
		vm.HostDevices = append(vm.HostDevices, HostDevice{Name: name, DeviceName: "vendor.example/device"})
	}
	for i, name := range rapid.SliceOfNDistinct(label, 1, 5, rapid.ID[string]).Draw(t, "disks") {
		vm.Disks = append(vm.Disks, Disk{
			Name: name, PVCName: vm.Name + "-" + name, Size: *resource.NewQuantity(rapid.Int64Range(1, 1<<50).Draw(t, "size"), resource.BinarySI),
			StorageClassName: rapid.SampledFrom([]string{"", "longhorn"}).Draw(t, "class"), ImageID: rapid.SampledFrom([]string{"", "a/b"}).Draw(t, "image"),
			BootOrder: uint(rapid.IntRange(0, 1).Draw(t, "boots") * (i + 1)),
		})
	}
	for i, name := range rapid.SliceOfNDistinct(label, 1, 3, rapid.ID[string]).Draw(t, "nics") {
		vm.NICs = append(vm.NICs, NIC{Name: name, Network: "a/b", MACAddress: rapid.SampledFrom([]string{"", "02:00:00:00:00:0" + string(rune('0'+i))}).Draw(t, "mac")})
	}
	if rapid.Bool().Draw(t, "affinity") {
		vm.NodeAffinity, vm.PodAffinity, vm.PodAntiAffinity = fullVM().NodeAffinity, fullVM().PodAffinity, fullVM().PodAntiAffinity
	}
	vm.CloudInitSecret = rapid.SampledFrom([]string{"", "ci"}).Draw(t, "cloud-init")

	return vm
}

func TestBuildVMProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		vm := drawVM(t)
		before, err := json.Marshal(vm)
		require.NoError(t, err)
		first, err := BuildVM(vm)
		require.NoError(t, err)
		second, err := BuildVM(vm)
		require.NoError(t, err)

		require.Equal(t, encode(t, first), encode(t, second), "equal descriptions give equal bytes")
		require.Len(t, RemovedDisks(first), len(vm.Disks), "every disk goes with the machine")
		require.Len(t, first.Spec.Template.Spec.Networks, len(vm.NICs))
		require.Len(t, first.Spec.Template.Spec.Volumes, len(first.Spec.Template.Spec.Domain.Devices.Disks))
		for i, disk := range first.Spec.Template.Spec.Domain.Devices.Disks {
			require.Equal(t, disk.Name, first.Spec.Template.Spec.Volumes[i].Name)
		}
		requireDisjoint(t, reflect.ValueOf(&vm), reflect.ValueOf(first))
		requireDisjoint(t, reflect.ValueOf(first), reflect.ValueOf(second))
		after, err := json.Marshal(vm)
		require.NoError(t, err)
		require.Equal(t, string(before), string(after), "the description is not touched")
	})
}

func encode(t require.TestingT, vm *kubevirtv1.VirtualMachine) string {
	data, err := json.Marshal(vm)
	require.NoError(t, err)

	return string(data)
}

// The labels of the machine and those of its template are two maps.
func TestBuildVMMapsAreSeparate(t *testing.T) {
	t.Parallel()
	vm, err := BuildVM(fullVM())
	require.NoError(t, err)
	vm.Labels["x"] = "y"
	assert.NotContains(t, vm.Spec.Template.ObjectMeta.Labels, "x")
}

// requireDisjoint fails if any pointer, map or slice can be reached from both values.
func requireDisjoint(t require.TestingT, a, b reflect.Value) {
	seen := map[uintptr]string{}
	walk(a, "", func(address uintptr, path string) { seen[address] = path })
	walk(b, "", func(address uintptr, path string) {
		if other, shared := seen[address]; shared {
			require.Failf(t, "shared memory", "%s and %s", other, path)
		}
	})
}

func walk(v reflect.Value, path string, visit func(uintptr, string)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Pointer && v.Type().Elem().Size() > 0 {
			visit(v.Pointer(), path)
		}
		walk(v.Elem(), path, visit)
	case reflect.Map:
		if v.Len() > 0 {
			visit(v.Pointer(), path)
		}
		for _, key := range v.MapKeys() {
			walk(v.MapIndex(key), path+"["+key.String()+"]", visit)
		}
	case reflect.Slice:
		if v.Len() > 0 && v.Type().Elem().Size() > 0 {
			visit(v.Pointer(), path)
		}
		for i := range v.Len() {
			walk(v.Index(i), path+"[]", visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	default:
	}
}
