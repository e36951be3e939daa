package admission

import (
	"context"
	"fmt"

	kubevirtv1 "kubevirt.io/api/core/v1"
)

// maxInlineCloudInit is the most bytes that user data or network data may have in the VM itself.
const maxInlineCloudInit = 2048

// checkKubeVirt refuses VMs that KubeVirt's own webhook refuses, as far as a provider can come across it: how the VM is
// run, the cloud-init source, and whether volumes, disks, networks and interfaces belong together.
func checkKubeVirt(_ context.Context, _, vm *kubevirtv1.VirtualMachine) error {
	if vm.Spec.Template == nil {
		return invalid("spec.template", "missing virtual machine template.")
	}
	for _, check := range []func(*kubevirtv1.VirtualMachine) error{checkRunning, checkCloudInit, checkDisks, checkInterfaces} {
		if err := check(vm); err != nil {
			return err
		}
	}
	return nil
}

// checkRunning demands exactly one of running and runStrategy, and a strategy that exists.
func checkRunning(vm *kubevirtv1.VirtualMachine) error {
	switch {
	case vm.Spec.Running != nil && vm.Spec.RunStrategy != nil:
		return invalid("spec.running", "Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead")
	case vm.Spec.Running == nil && vm.Spec.RunStrategy == nil:
		return invalid("spec.runStrategy", "RunStrategy must be specified")
	case vm.Spec.Running != nil:
		return nil
	}
	switch *vm.Spec.RunStrategy {
	case kubevirtv1.RunStrategyAlways, kubevirtv1.RunStrategyRerunOnFailure, kubevirtv1.RunStrategyManual, kubevirtv1.RunStrategyHalted, kubevirtv1.RunStrategyOnce:
		return nil
	default:
		return invalid("spec.runStrategy", fmt.Sprintf("Invalid RunStrategy (%s)", *vm.Spec.RunStrategy))
	}
}

// checkCloudInit demands one source for each document and bounds inline ones.
func checkCloudInit(vm *kubevirtv1.VirtualMachine) error {
	for i, volume := range vm.Spec.Template.Spec.Volumes {
		source := volume.CloudInitNoCloud
		if source == nil {
			continue
		}
		field := fmt.Sprintf("spec.template.spec.volumes[%d].cloudInitNoCloud", i)
		users := present(source.UserData != "", source.UserDataBase64 != "", source.UserDataSecretRef != nil)
		networks := present(source.NetworkData != "", source.NetworkDataBase64 != "", source.NetworkDataSecretRef != nil)
		switch {
		case users > 1:
			return invalid(field, "must have only one user data source set.")
		case networks > 1:
			return invalid(field, "must have only one network data source set.")
		case users+networks == 0:
			return invalid(field, "must have at least one userdatasource or one networkdatasource set.")
		case len(source.UserData) > maxInlineCloudInit, base64Size(source.UserDataBase64) > maxInlineCloudInit:
			return invalid(field, fmt.Sprintf("userdata exceeds %d byte limit. Should use UserDataSecretRef for larger data.", maxInlineCloudInit))
		case len(source.NetworkData) > maxInlineCloudInit, base64Size(source.NetworkDataBase64) > maxInlineCloudInit:
			return invalid(field, fmt.Sprintf("networkdata exceeds %d byte limit. Should use NetworkDataSecretRef for larger data.", maxInlineCloudInit))
		}
	}
	return nil
}

func present(flags ...bool) int {
	count := 0
	for _, flag := range flags {
		if flag {
			count++
		}
	}
	return count
}

// base64Size is how many bytes an encoded text stands for.
func base64Size(text string) int { return len(text) / 4 * 3 }

// checkDisks demands a volume for every disk, unique names, and unique positive boot orders.
func checkDisks(vm *kubevirtv1.VirtualMachine) error {
	spec := vm.Spec.Template.Spec
	volumes, disks, order := map[string]bool{}, map[string]bool{}, map[uint]bool{}
	for i, volume := range spec.Volumes {
		if volumes[volume.Name] {
			return invalid(fmt.Sprintf("spec.template.spec.volumes[%d].name", i), "must not have the same Name: "+volume.Name)
		}
		volumes[volume.Name] = true
	}
	for i, disk := range spec.Domain.Devices.Disks {
		field := fmt.Sprintf("spec.template.spec.domain.devices.disks[%d]", i)
		switch {
		case disks[disk.Name]:
			return invalid(field+".name", "must not have the same Name: "+disk.Name)
		case !volumes[disk.Name] && disk.CDRom == nil:
			return invalid(field+".name", fmt.Sprintf("%s must match a volume", disk.Name))
		case disk.BootOrder != nil && *disk.BootOrder < 1:
			return invalid(field+".bootOrder", "must have a boot order > 0, if supplied")
		case disk.BootOrder != nil && order[*disk.BootOrder]:
			return invalid(field+".bootOrder", fmt.Sprintf("Boot order for %s already set for a different device.", disk.Name))
		}
		disks[disk.Name] = true
		if disk.BootOrder != nil {
			order[*disk.BootOrder] = true
		}
	}
	return nil
}

// checkInterfaces demands that networks and interfaces pair up by name.
func checkInterfaces(vm *kubevirtv1.VirtualMachine) error {
	spec := vm.Spec.Template.Spec
	networks, interfaces := map[string]bool{}, map[string]bool{}
	for i, network := range spec.Networks {
		if networks[network.Name] {
			return invalid(fmt.Sprintf("spec.template.spec.networks[%d].name", i), fmt.Sprintf("Network with name %q already exists, every network must have a unique name", network.Name))
		}
		networks[network.Name] = true
	}
	for i, nic := range spec.Domain.Devices.Interfaces {
		field := fmt.Sprintf("spec.template.spec.domain.devices.interfaces[%d].name", i)
		switch {
		case interfaces[nic.Name]:
			return invalid(field, "Only one interface can be connected to one specific network")
		case !networks[nic.Name]:
			return invalid(field, fmt.Sprintf("interface %q: network not found", nic.Name))
		}
		interfaces[nic.Name] = true
	}
	for i, network := range spec.Networks {
		if !interfaces[network.Name] {
			return invalid(fmt.Sprintf("spec.template.spec.networks[%d].name", i), fmt.Sprintf("network %q is not used by any interface", network.Name))
		}
	}
	return nil
}
