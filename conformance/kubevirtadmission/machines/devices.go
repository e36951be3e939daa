package main

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

func disks() []value {
	one := func(change func(*harvesterclient.Disk)) func(*harvesterclient.VM) {
		return func(vm *harvesterclient.VM) { change(&vm.Disks[0]) }
	}

	return []value{
		{"blank", one(func(d *harvesterclient.Disk) { d.ImageID = "" })},
		{"class", one(func(d *harvesterclient.Disk) { d.StorageClassName = "lh-0123" })},
		{"no boot order", one(func(d *harvesterclient.Disk) { d.BootOrder = 0 })},
		{"boot order 1000", one(func(d *harvesterclient.Disk) { d.BootOrder = 1000 })},
		{"tiny", one(func(d *harvesterclient.Disk) { d.Size = resource.MustParse("1") })},
		{"longest names", one(func(d *harvesterclient.Disk) {
			d.Name, d.PVCName = strings.Repeat("d", 63), strings.Repeat("p", 253)
			d.ImageID = strings.Repeat("n", 63) + "/" + strings.Repeat("i", 253)
		})},
		{"24", func(vm *harvesterclient.VM) {
			for i := 1; i < 24; i++ {
				vm.Disks = append(vm.Disks, harvesterclient.Disk{
					Name: fmt.Sprintf("disk-%d", i), PVCName: fmt.Sprintf("a-disk-%d", i), Size: resource.MustParse("1Gi"), BootOrder: uint(i + 1),
				})
			}
		}},
	}
}

func nics() []value {
	one := func(change func(*harvesterclient.NIC)) func(*harvesterclient.VM) {
		return func(vm *harvesterclient.VM) { change(&vm.NICs[0]) }
	}

	return []value{
		{"mac", one(func(n *harvesterclient.NIC) { n.MACAddress = "02:00:00:00:00:01" })},
		{"capital mac", one(func(n *harvesterclient.NIC) { n.MACAddress = "0A:BC:DE:F0:12:34" })},
		{"mac with dashes", one(func(n *harvesterclient.NIC) { n.MACAddress = "02-00-00-00-00-01" })},
		{"longest names", one(func(n *harvesterclient.NIC) {
			n.Name, n.Network = strings.Repeat("n", 63), strings.Repeat("n", 63)+"/"+strings.Repeat("v", 253)
		})},
		{"name of digits", one(func(n *harvesterclient.NIC) { n.Name = "0" })},
		{"8", func(vm *harvesterclient.VM) {
			for i := 1; i < 8; i++ {
				vm.NICs = append(vm.NICs, harvesterclient.NIC{
					Name: fmt.Sprintf("nic-%d", i), Network: fmt.Sprintf("default/vlan-%d", i), MACAddress: fmt.Sprintf("02:00:00:00:00:%02x", i),
				})
			}
		}},
		{"twice on one network", func(vm *harvesterclient.VM) {
			vm.NICs = append(vm.NICs, harvesterclient.NIC{Name: "nic-1", Network: "default/vlan"})
		}},
	}
}

// hostDevices are devices that the package's cluster offers.
func hostDevices(count int) []harvesterclient.HostDevice {
	devices := make([]harvesterclient.HostDevice, 0, count)
	for i := range count {
		devices = append(devices, harvesterclient.HostDevice{Name: fmt.Sprintf("gpu-%d", i), DeviceName: "nvidia.com/GA102GL_A10"})
	}

	return devices
}
