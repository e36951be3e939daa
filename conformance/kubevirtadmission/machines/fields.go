package main

import (
	"fmt"
	"math"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// field is one thing that may differ, and what it may be besides what the plain machine has.
type field struct {
	name   string
	values []value
}

type value struct {
	name string
	set  func(*harvesterclient.VM)
}

// fields together set every field of a description.
func fields() []field {
	return []field{
		{"namespace", texts(func(vm *harvesterclient.VM, v string) { vm.Namespace = v }, "x", "cattle-0", strings.Repeat("n", 63))},
		{"name", texts(func(vm *harvesterclient.VM, v string) { vm.Name = v }, "x", "0", "a-0-b", strings.Repeat("n", 63))},
		{"labels", labels(func(vm *harvesterclient.VM, v map[string]string) { vm.Labels = v })},
		{"annotations", labels(func(vm *harvesterclient.VM, v map[string]string) { vm.Annotations = v })},
		{"volumeLabels", labels(func(vm *harvesterclient.VM, v map[string]string) { vm.VolumeLabels = v })},
		{"cpu", cores(1, 3, 64, 254, 1024, math.MaxUint32)},
		{"memory", quantities(func(vm *harvesterclient.VM, v resource.Quantity) { vm.Memory = v }, "1", "1Mi", "512M", "1.5Gi", "16Ti", "6E", "2500m")},
		{"disks", disks()},
		{"nics", nics()},
		{"cloudInit", texts(func(vm *harvesterclient.VM, v string) { vm.CloudInitSecret = v }, "", strings.Repeat("s", 253))},
		{"ssh", []value{
			{"one", func(vm *harvesterclient.VM) { vm.SSHKeyNames = []string{"default/key"} }},
			{"two", func(vm *harvesterclient.VM) { vm.SSHKeyNames = []string{"default/key", "vms/other"} }},
		}},
		{"firmware", []value{
			{"efi", func(vm *harvesterclient.VM) { vm.EFI = true }},
			{"secureBoot", func(vm *harvesterclient.VM) { vm.EFI, vm.SecureBoot = true, true }},
		}},
		{"tpm", []value{
			{"tpm", func(vm *harvesterclient.VM) { vm.TPM = true }},
			{"persistent", func(vm *harvesterclient.VM) { vm.TPM, vm.PersistentTPM = true, true }},
		}},
		{"cpuModel", texts(func(vm *harvesterclient.VM, v string) { vm.CPUModel = v }, "host-model", "host-passthrough", "Haswell-noTSX")},
		{"hostDevices", []value{
			{"one", func(vm *harvesterclient.VM) { vm.HostDevices = hostDevices(1) }},
			{"eight", func(vm *harvesterclient.VM) { vm.HostDevices = hostDevices(8) }},
		}},
		{"nodeAffinity", nodeAffinities()},
		{"podAffinity", podAffinities()},
		{"podAntiAffinity", podAntiAffinities()},
	}
}

func texts(set func(*harvesterclient.VM, string), values ...string) []value {
	list := make([]value, 0, len(values))
	for _, text := range values {
		name := text
		if len(name) > 12 {
			name = fmt.Sprintf("%d characters", len(text))
		}
		list = append(list, value{name, func(vm *harvesterclient.VM) { set(vm, text) }})
	}

	return list
}

func labels(set func(*harvesterclient.VM, map[string]string)) []value {
	return []value{
		{"one", func(vm *harvesterclient.VM) { set(vm, map[string]string{"cluster": "a"}) }},
		{"prefixed", func(vm *harvesterclient.VM) {
			set(vm, map[string]string{"infrastructure.cluster.x-k8s.io/role": "control-plane", "harvesterhci.io/creator": "docker-machine-driver-harvester"})
		}},
		{"empty", func(vm *harvesterclient.VM) { set(vm, map[string]string{"a.b/c": ""}) }},
		{"longest", func(vm *harvesterclient.VM) {
			prefix := strings.Join([]string{strings.Repeat("p", 63), strings.Repeat("q", 63), strings.Repeat("r", 63), strings.Repeat("s", 61)}, ".")
			set(vm, map[string]string{prefix + "/" + strings.Repeat("k", 63): strings.Repeat("v", 63)})
		}},
	}
}

func cores(counts ...uint32) []value {
	list := make([]value, 0, len(counts))
	for _, count := range counts {
		list = append(list, value{fmt.Sprint(count), func(vm *harvesterclient.VM) { vm.CPU = count }})
	}

	return list
}

func quantities(set func(*harvesterclient.VM, resource.Quantity), texts ...string) []value {
	list := make([]value, 0, len(texts))
	for _, text := range texts {
		list = append(list, value{text, func(vm *harvesterclient.VM) { set(vm, resource.MustParse(text)) }})
	}

	return list
}
