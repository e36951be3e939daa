package admission

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

// Annotations that change how memory is computed.
const (
	reservedMemoryAnnotation = "harvesterhci.io/reservedMemory"
	hotplugAnnotation        = "harvesterhci.io/enableCPUAndMemoryHotplug"
)

const (
	mebibyte = 1 << 20
	// hypervisorReserve is what the guest gets less than the limit when no overhead ratio is configured.
	hypervisorReserve = 100 * mebibyte
	// smallestGuest is the least memory a guest may end up with.
	smallestGuest = 10 * mebibyte
)

// overcommit is setting overcommit-config: percentages of what is promised to what is reserved.
type overcommit struct {
	CPU     int64 `json:"cpu"`
	Memory  int64 `json:"memory"`
	Storage int64 `json:"storage"`
}

func parseOvercommit(text string) (overcommit, error) {
	var config overcommit
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return overcommit{}, fmt.Errorf("setting overcommit-config: %w", err)
	}
	if config.CPU <= 0 || config.Memory <= 0 {
		return overcommit{}, fmt.Errorf("setting overcommit-config: percentages must be positive")
	}
	return config, nil
}

// setResources computes requests and guest memory from the limits. What the user wrote there is overwritten; without a
// limit it stays. ratio tells whether setting additional-guest-memory-overhead-ratio is in force.
func setResources(vm *kubevirtv1.VirtualMachine, config overcommit, ratio bool, quirks version.Quirks) error {
	domain := &vm.Spec.Template.Spec.Domain
	if cpu := domain.Resources.Limits.Cpu(); !cpu.IsZero() {
		request := cpu.MilliValue()
		if !dedicated(vm) {
			request = request * 100 / config.CPU
		}
		setRequest(domain, corev1.ResourceCPU, *resource.NewMilliQuantity(request, cpu.Format))
	}
	memory := domain.Resources.Limits.Memory()
	if memory.IsZero() {
		return nil
	}
	guest, err := guestMemory(vm, *memory, ratio)
	if err != nil {
		return err
	}
	request := *resource.NewQuantity(memory.Value()*100/config.Memory/mebibyte*mebibyte, memory.Format)
	switch {
	case dedicated(vm):
		request = *memory
	case len(domain.Devices.HostDevices)+len(domain.Devices.GPUs) > 0:
		request = guest
	}
	setRequest(domain, corev1.ResourceMemory, request)
	hotplug := vm.Annotations[hotplugAnnotation] == "true"
	if domain.Memory == nil {
		domain.Memory = &kubevirtv1.Memory{}
	}
	if !hotplug || domain.Memory.Guest == nil {
		domain.Memory.Guest = &guest
	}
	if !hotplug && quirks.LimitsMaxSockets && vm.Spec.Template.Spec.Architecture != "arm64" {
		setMaxSockets(domain, quirks)
	}
	return nil
}

func setMaxSockets(domain *kubevirtv1.DomainSpec, quirks version.Quirks) {
	if domain.CPU == nil {
		domain.CPU = &kubevirtv1.CPU{}
	}
	domain.CPU.MaxSockets = 1
	if quirks.MaxSocketsFollowSockets {
		domain.CPU.MaxSockets = max(domain.CPU.Sockets, 1)
	}
}

func setRequest(domain *kubevirtv1.DomainSpec, name corev1.ResourceName, quantity resource.Quantity) {
	if domain.Resources.Requests == nil {
		domain.Resources.Requests = corev1.ResourceList{}
	}
	domain.Resources.Requests[name] = quantity
}

// guestMemory is what the guest sees of a memory limit.
func guestMemory(vm *kubevirtv1.VirtualMachine, limit resource.Quantity, ratio bool) (resource.Quantity, error) {
	guest := limit
	if memory := vm.Spec.Template.Spec.Domain.Memory; vm.Annotations[hotplugAnnotation] == "true" && memory != nil && memory.Guest != nil {
		guest = *memory.Guest
	}
	if text := vm.Annotations[reservedMemoryAnnotation]; text != "" {
		reserved, err := resource.ParseQuantity(text)
		if err != nil {
			return guest, fmt.Errorf("annotation %s: %q can't be converted to memory unit", reservedMemoryAnnotation, text)
		}
		if reserved.Cmp(limit) >= 0 {
			return guest, fmt.Errorf("reservedMemory can't be equal or greater than limits.memory %d %d", reserved.Value(), limit.Value())
		}
		guest.Sub(reserved)
	} else if !ratio {
		guest.Sub(*resource.NewQuantity(hypervisorReserve, resource.BinarySI))
	}
	if guest.Value() < smallestGuest {
		return guest, fmt.Errorf("guest memory is under the minimum requirement (10 Mi), original: %d, final: %d", limit.Value(), guest.Value())
	}
	return guest, nil
}

// resourcesChanged tells whether an update touches what setResources computes from.
func resourcesChanged(old, vm *kubevirtv1.VirtualMachine) bool {
	before, after := old.Spec.Template.Spec.Domain, vm.Spec.Template.Spec.Domain
	grew := func(from, to *resource.Quantity) bool { return !to.IsZero() && from.Cmp(*to) != 0 }
	return grew(before.Resources.Limits.Cpu(), after.Resources.Limits.Cpu()) ||
		grew(before.Resources.Limits.Memory(), after.Resources.Limits.Memory()) ||
		old.Annotations[reservedMemoryAnnotation] != vm.Annotations[reservedMemoryAnnotation] ||
		dedicated(old) != dedicated(vm) ||
		len(before.Devices.HostDevices) != len(after.Devices.HostDevices) || len(before.Devices.GPUs) != len(after.Devices.GPUs)
}

func dedicated(vm *kubevirtv1.VirtualMachine) bool {
	cpu := vm.Spec.Template.Spec.Domain.CPU
	return cpu != nil && cpu.DedicatedCPUPlacement
}

// setDefaultCPU makes missing cores, sockets and threads 1.
func setDefaultCPU(domain *kubevirtv1.DomainSpec) {
	if domain.CPU == nil {
		domain.CPU = &kubevirtv1.CPU{}
	}
	domain.CPU.Cores = max(domain.CPU.Cores, 1)
	domain.CPU.Sockets = max(domain.CPU.Sockets, 1)
	domain.CPU.Threads = max(domain.CPU.Threads, 1)
}
