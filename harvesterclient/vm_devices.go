package harvesterclient

import (
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// features switches on ACPI, by which the guest learns of a soft reboot or shutdown, and, for secure boot, the system
// management mode that KubeVirt insists on.
func (vm *VM) features() *kubevirtv1.Features {
	enabled := true
	features := &kubevirtv1.Features{ACPI: kubevirtv1.FeatureState{Enabled: &enabled}}
	if vm.EFI && vm.SecureBoot {
		smm := true
		features.SMM = &kubevirtv1.FeatureState{Enabled: &smm}
	}

	return features
}

// firmware says explicitly whether secure boot is wanted: KubeVirt's default for EFI is yes.
func (vm *VM) firmware() *kubevirtv1.Firmware {
	if !vm.EFI {
		return nil
	}
	secureBoot := vm.SecureBoot

	return &kubevirtv1.Firmware{
		Bootloader: &kubevirtv1.Bootloader{EFI: &kubevirtv1.EFI{SecureBoot: &secureBoot}},
	}
}

func (vm *VM) tpm() *kubevirtv1.TPMDevice {
	if !vm.TPM {
		return nil
	}
	device := &kubevirtv1.TPMDevice{}
	if vm.PersistentTPM {
		persistent := true
		device.Persistent = &persistent
	}

	return device
}

func (vm *VM) hostDevices() []kubevirtv1.HostDevice {
	if len(vm.HostDevices) == 0 {
		return nil
	}
	devices := make([]kubevirtv1.HostDevice, 0, len(vm.HostDevices))
	for _, device := range vm.HostDevices {
		devices = append(devices, kubevirtv1.HostDevice{Name: device.Name, DeviceName: device.DeviceName})
	}

	return devices
}

func (vm *VM) disks() []kubevirtv1.Disk {
	disks := make([]kubevirtv1.Disk, 0, len(vm.Disks)+1)
	for _, disk := range vm.Disks {
		device := virtioDisk(disk.Name)
		if disk.BootOrder > 0 {
			order := disk.BootOrder
			device.BootOrder = &order
		}
		disks = append(disks, device)
	}
	if vm.CloudInitSecret != "" {
		disks = append(disks, virtioDisk(cloudInitDisk))
	}

	return disks
}

func virtioDisk(name string) kubevirtv1.Disk {
	return kubevirtv1.Disk{
		Name:       name,
		DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: kubevirtv1.DiskBusVirtio}},
	}
}

func (vm *VM) volumes() []kubevirtv1.Volume {
	volumes := make([]kubevirtv1.Volume, 0, len(vm.Disks)+1)
	for _, disk := range vm.Disks {
		volumes = append(volumes, kubevirtv1.Volume{
			Name: disk.Name,
			VolumeSource: kubevirtv1.VolumeSource{
				PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
					PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: disk.PVCName},
				},
			},
		})
	}
	if vm.CloudInitSecret != "" {
		volumes = append(volumes, kubevirtv1.Volume{
			Name: cloudInitDisk,
			VolumeSource: kubevirtv1.VolumeSource{
				CloudInitNoCloud: &kubevirtv1.CloudInitNoCloudSource{
					UserDataSecretRef:    &corev1.LocalObjectReference{Name: vm.CloudInitSecret},
					NetworkDataSecretRef: &corev1.LocalObjectReference{Name: vm.CloudInitSecret},
				},
			},
		})
	}

	return volumes
}

func (vm *VM) interfaces() []kubevirtv1.Interface {
	interfaces := make([]kubevirtv1.Interface, 0, len(vm.NICs))
	for _, nic := range vm.NICs {
		interfaces = append(interfaces, kubevirtv1.Interface{
			Name:                   nic.Name,
			Model:                  kubevirtv1.VirtIO,
			MacAddress:             nic.MACAddress,
			InterfaceBindingMethod: kubevirtv1.InterfaceBindingMethod{Bridge: &kubevirtv1.InterfaceBridge{}},
		})
	}

	return interfaces
}

func (vm *VM) networks() []kubevirtv1.Network {
	networks := make([]kubevirtv1.Network, 0, len(vm.NICs))
	for _, nic := range vm.NICs {
		networks = append(networks, kubevirtv1.Network{
			Name:          nic.Name,
			NetworkSource: kubevirtv1.NetworkSource{Multus: &kubevirtv1.MultusNetwork{NetworkName: nic.Network}},
		})
	}

	return networks
}
