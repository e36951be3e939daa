package harvestermachine

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// virtualMachine makes sure that the VM exists and carries our labels, and records its UID as the provider id. The
// VM's spec is written once, at creation: Harvester, its storage driver and people write into it afterwards.
func (r *Reconciler) virtualMachine(ctx context.Context, s *scope) phase.Outcome {
	if s.vm == nil {
		if err := r.createVM(ctx, s); err != nil {
			return phase.Fail(err, infrav1.VMFailedReason)
		}
	} else if err := ensureLabels(ctx, s); err != nil {
		return phase.Fail(err, infrav1.VMFailedReason)
	}
	s.machine.Spec.ProviderID = names.ProviderID(string(s.vm.UID))
	return phase.Done(infrav1.VMProvisionedReason, "")
}

func (r *Reconciler) createVM(ctx context.Context, s *scope) error {
	if err := requireNoForeignVolumes(ctx, s); err != nil {
		return phase.Because(infrav1.VMNotOwnedReason, err)
	}
	description, err := describeVM(s)
	if err != nil {
		return phase.Because(infrav1.VMRejectedReason, err)
	}
	vm, err := harvesterclient.BuildVM(description)
	if err != nil {
		return phase.Because(infrav1.VMRejectedReason, err)
	}
	s.made = true
	err = s.harvester.Client().Create(ctx, vm)
	r.Metrics.RecordMachineCreate(err)
	switch {
	case apierrors.IsAlreadyExists(err):
		// Created between our look and now: the next reconcile looks again and judges whose it is.
		return fmt.Errorf("%w: VM %s appeared meanwhile", harvesterclient.ErrConflict, s.vmKey())
	case isAny(err, harvesterclient.ErrInvalid):
		return phase.Because(infrav1.VMRejectedReason, fmt.Errorf("create VM %s: %w", s.vmKey(), err))
	case err != nil:
		return fmt.Errorf("create VM %s: %w", s.vmKey(), err)
	}
	s.vm = vm
	r.rememberCreated(s)
	r.event(ctx, s, infrav1.VMCreatedEvent, "Create", "Created VM %s", s.vmKey())
	return nil
}

// describeVM puts together what the VM is to be. It is pure, and shares no memory with the user's spec.
func describeVM(s *scope) (harvesterclient.VM, error) {
	spec := &s.machine.Spec
	memory, err := resource.ParseQuantity(spec.Memory)
	if err != nil {
		return harvesterclient.VM{}, fmt.Errorf("spec.memory %q is no quantity, such as 4Gi", spec.Memory)
	}
	labels := names.MachineLabels(s.identity())
	vm := harvesterclient.VM{
		Namespace: s.targetNamespace(), Name: s.vmName, Labels: labels, VolumeLabels: labels,
		CPU: uint32(max(spec.CPU, 0)), Memory: memory,
		CloudInitSecret: names.CloudInitSecret(s.vmName),
		SSHKeyNames:     []string{s.references.keyPair.Namespace + "/" + s.references.keyPair.Name},
		NodeAffinity:    nodeAffinity(spec.NodeAffinity, s.failureDomain()),
		PodAffinity:     spec.WorkloadAffinity.DeepCopy(),
		PodAntiAffinity: spread(s.identity().Group),
		CPUModel:        spec.CPUModel,
	}
	for _, device := range spec.HostDevices {
		vm.HostDevices = append(vm.HostDevices, harvesterclient.HostDevice{Name: device.Name, DeviceName: device.DeviceName})
	}
	if spec.Firmware != nil {
		vm.EFI, vm.SecureBoot = ptr.Deref(spec.Firmware.EFI, false), ptr.Deref(spec.Firmware.SecureBoot, false)
	}
	if spec.TPM != nil {
		vm.TPM = ptr.Deref(spec.TPM.Enabled, false)
		vm.PersistentTPM = vm.TPM && ptr.Deref(spec.TPM.Persistent, false) // Without a TPM, persistent says nothing.
	}
	for i, mac := range macAddresses(s) {
		vm.NICs = append(vm.NICs, harvesterclient.NIC{
			Name: names.NIC(i), Network: s.references.networks[i].ID(), MACAddress: mac.String(),
		})
	}
	vm.Disks, err = disks(s)
	return vm, err
}

func disks(s *scope) ([]harvesterclient.Disk, error) {
	bootOrders := bootOrders(s.machine.Spec.Volumes)
	result := make([]harvesterclient.Disk, 0, len(s.machine.Spec.Volumes))
	for i, volume := range s.machine.Spec.Volumes {
		disk := harvesterclient.Disk{
			Name: names.Disk(i), PVCName: names.Volume(s.vmName, i), BootOrder: bootOrders[i],
			StorageClassName: volume.StorageClass,
		}
		if volume.VolumeSize != nil {
			disk.Size = volume.VolumeSize.DeepCopy()
		}
		if image, found := s.references.images[i]; found {
			disk.ImageID, disk.StorageClassName = image.ID(), image.StorageClassName
			if disk.Size.IsZero() {
				disk.Size = *resource.NewQuantity(image.VirtualSize, resource.BinarySI)
			}
		}
		if disk.Size.IsZero() {
			return nil, fmt.Errorf("spec.volumes[%d].volumeSize is missing, and nothing tells how large the volume must be", i)
		}
		result = append(result, disk)
	}
	return result, nil
}

// bootOrders gives each volume its turn at booting: what the user says, else the order of the list. As soon as one
// volume says something, volumes that say nothing are not booted from.
func bootOrders(volumes []infrav1.Volume) []uint {
	orders := make([]uint, len(volumes))
	explicit := false
	for i, volume := range volumes {
		if volume.BootOrder != nil && *volume.BootOrder > 0 {
			orders[i], explicit = uint(*volume.BootOrder), true
		}
	}
	if explicit {
		return orders
	}
	for i := range orders {
		orders[i] = uint(i) + 1
	}
	return orders
}
