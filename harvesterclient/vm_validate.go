package harvesterclient

import (
	"fmt"
	"net"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// validate finds the first thing in a description that KubeVirt or Harvester would reject, or, worse, take.
func (vm *VM) validate() error {
	switch {
	case len(validation.IsDNS1123Label(vm.Name)) > 0:
		return vm.invalid("Name", "%q is not a DNS label of at most 63 characters", vm.Name)
	case len(validation.IsDNS1123Label(vm.Namespace)) > 0:
		return vm.invalid("Namespace", "%q is not a namespace name", vm.Namespace)
	case vm.CPU == 0:
		return vm.invalid("CPU", "must be at least 1")
	case vm.Memory.Sign() <= 0:
		return vm.invalid("Memory", "must be positive, is %s", vm.Memory.String())
	case vm.SecureBoot && !vm.EFI:
		return vm.invalid("SecureBoot", "needs EFI")
	case vm.PersistentTPM && !vm.TPM:
		return vm.invalid("PersistentTPM", "needs TPM")
	}
	if err := vm.validateDisks(); err != nil {
		return err
	}

	if err := vm.validateHostDevices(); err != nil {
		return err
	}

	return vm.validateNICs()
}

func (vm *VM) validateHostDevices() error {
	names := map[string]bool{}
	for i, device := range vm.HostDevices {
		field := fmt.Sprintf("HostDevices[%d]", i)
		switch {
		case len(validation.IsDNS1123Label(device.Name)) > 0:
			return vm.invalid(field+".Name", "%q is not a DNS label", device.Name)
		case names[device.Name]:
			return vm.invalid(field+".Name", "%q is taken", device.Name)
		case len(validation.IsQualifiedName(device.DeviceName)) > 0:
			return vm.invalid(field+".DeviceName", "%q is not a resource name such as nvidia.com/GA102GL_A10", device.DeviceName)
		}
		names[device.Name] = true
	}

	return nil
}

func (vm *VM) invalid(field, format string, args ...any) error {
	return failf(ErrInvalid, "virtual machine %s/%s: %s: %s", vm.Namespace, vm.Name, field, fmt.Sprintf(format, args...))
}

func (vm *VM) validateDisks() error {
	if len(vm.Disks) == 0 {
		return vm.invalid("Disks", "at least one is needed")
	}
	names, claims, orders := map[string]bool{cloudInitDisk: true}, map[string]bool{}, map[uint]bool{}
	for i, disk := range vm.Disks {
		field := fmt.Sprintf("Disks[%d]", i)
		switch {
		case len(validation.IsDNS1123Label(disk.Name)) > 0:
			return vm.invalid(field+".Name", "%q is not a DNS label", disk.Name)
		case names[disk.Name]:
			return vm.invalid(field+".Name", "%q is taken", disk.Name)
		case len(validation.IsDNS1123Subdomain(disk.PVCName)) > 0:
			return vm.invalid(field+".PVCName", "%q is not an object name", disk.PVCName)
		case claims[disk.PVCName]:
			return vm.invalid(field+".PVCName", "%q is taken", disk.PVCName)
		case disk.Size.Sign() <= 0:
			return vm.invalid(field+".Size", "must be positive, is %s", disk.Size.String())
		case disk.ImageID != "" && !isNamespacedName(disk.ImageID):
			return vm.invalid(field+".ImageID", "%q is not <namespace>/<name>", disk.ImageID)
		case disk.BootOrder > 0 && orders[disk.BootOrder]:
			return vm.invalid(field+".BootOrder", "%d is taken", disk.BootOrder)
		}
		names[disk.Name], claims[disk.PVCName], orders[disk.BootOrder] = true, true, true
	}

	return nil
}

func (vm *VM) validateNICs() error {
	if len(vm.NICs) == 0 {
		return vm.invalid("NICs", "at least one is needed")
	}
	names, macs := map[string]bool{}, map[string]bool{}
	for i, nic := range vm.NICs {
		field := fmt.Sprintf("NICs[%d]", i)
		mac, err := net.ParseMAC(nic.MACAddress)
		switch {
		case len(validation.IsDNS1123Label(nic.Name)) > 0:
			return vm.invalid(field+".Name", "%q is not a DNS label", nic.Name)
		case names[nic.Name]:
			return vm.invalid(field+".Name", "%q is taken", nic.Name)
		case !isNamespacedName(nic.Network):
			return vm.invalid(field+".Network", "%q is not <namespace>/<name>", nic.Network)
		case nic.MACAddress == "":
		case err != nil || len(mac) != 6 || mac[0]&1 == 1:
			return vm.invalid(field+".MACAddress", "%q is not the address of one network interface", nic.MACAddress)
		case macs[mac.String()]:
			return vm.invalid(field+".MACAddress", "%q is taken", nic.MACAddress)
		}
		names[nic.Name] = true
		if err == nil {
			macs[mac.String()] = true
		}
	}

	return nil
}

func isNamespacedName(value string) bool {
	namespace, name, found := strings.Cut(value, "/")

	return found && len(validation.IsDNS1123Label(namespace)) == 0 && len(validation.IsDNS1123Subdomain(name)) == 0
}
