package main

import (
	"fmt"
	"iter"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// plain is the machine that every other differs from.
func plain() harvesterclient.VM {
	return harvesterclient.VM{
		Namespace: "vms", Name: "a", CPU: 2, Memory: resource.MustParse("4Gi"),
		Disks:           []harvesterclient.Disk{{Name: "disk-0", PVCName: "a-disk-0", Size: resource.MustParse("40Gi"), ImageID: "default/image", BootOrder: 1}},
		NICs:            []harvesterclient.NIC{{Name: "nic-0", Network: "default/vlan"}},
		CloudInitSecret: "a-cloud-init",
	}
}

// grid yields the plain machine, then one for each value, then one for each pair of values of two fields.
func grid() iter.Seq2[string, harvesterclient.VM] {
	return func(yield func(string, harvesterclient.VM) bool) {
		if !yield("plain", plain()) {
			return
		}
		all := fields()
		for i, first := range all {
			for _, value := range first.values {
				vm := plain()
				value.set(&vm)
				if !yield(first.name+"="+value.name, vm) || !pairs(yield, first, value, all[i+1:]) {
					return
				}
			}
		}
	}
}

// pairs yields one value with every value of later fields, and reports whether to go on.
func pairs(yield func(string, harvesterclient.VM) bool, first field, value value, later []field) bool {
	for _, second := range later {
		for _, other := range second.values {
			vm := plain()
			value.set(&vm)
			other.set(&vm)
			if !yield(fmt.Sprintf("%s=%s %s=%s", first.name, value.name, second.name, other.name), vm) {
				return false
			}
		}
	}

	return true
}

// unvaried are the fields of a description, its disks, interfaces and devices, that have one value all over the grid. The name
// that a host offers a device as is the host's, so it is left out.
func unvaried() []string {
	seen := map[string]map[string]bool{}
	note := func(name string, value reflect.Value) {
		if seen[name] == nil {
			seen[name] = map[string]bool{}
		}
		seen[name][fmt.Sprintf("%+v", value.Interface())] = true
	}
	each := func(prefix string, object any) {
		value := reflect.ValueOf(object)
		for i := range value.NumField() {
			note(prefix+value.Type().Field(i).Name, value.Field(i))
		}
	}
	for _, vm := range grid() {
		each("VM.", vm)
		for _, disk := range vm.Disks {
			each("Disk.", disk)
		}
		for _, nic := range vm.NICs {
			each("NIC.", nic)
		}
		for _, device := range vm.HostDevices {
			each("HostDevice.", device)
		}
	}
	var missing []string
	for name, values := range seen {
		if len(values) < 2 && name != "HostDevice.DeviceName" {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)

	return missing
}
