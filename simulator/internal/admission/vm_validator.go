package admission

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

// maintainModeLabel says what happens to a VM when its host goes into maintenance.
const maintainModeLabel = "harvesterhci.io/maintain-mode-strategy"

var maintainModes = []string{"Migrate", "ShutdownAndRestartAfterEnable", "ShutdownAndRestartAfterDisable", "Shutdown"}

// vmValidator refuses what Harvester's validating webhook refuses.
type vmValidator struct {
	// cache has the indexes of SetupIndexes; known reads what they name.
	cache  client.Reader
	known  client.Reader
	quirks version.Quirks
}

func (v *vmValidator) create(ctx context.Context, _, vm *kubevirtv1.VirtualMachine) error {
	if err := v.checkSpec(ctx, vm); err != nil {
		return err
	}
	if err := v.checkMACs(ctx, vm); err != nil {
		return err
	}
	return checkMaintainMode(nil, vm)
}

func (v *vmValidator) update(ctx context.Context, old, vm *kubevirtv1.VirtualMachine) error {
	if err := v.checkSpec(ctx, vm); err != nil {
		return err
	}
	if err := checkTemplateChange(old, vm, v.quirks.FixesStorageClass); err != nil {
		return err
	}
	if err := checkMaintainMode(old, vm); err != nil {
		return err
	}
	if old.Spec.Template != nil && equality.Semantic.DeepEqual(old.Spec.Template.Spec.Domain.Devices.Interfaces, vm.Spec.Template.Spec.Domain.Devices.Interfaces) {
		return nil
	}
	return v.checkMACs(ctx, vm)
}

// checkSpec is what holds for a VM at any time.
func (v *vmValidator) checkSpec(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	if vm.Spec.Template == nil {
		return invalid("spec.template", "template is required")
	}
	if err := checkTemplates(vm); err != nil {
		return err
	}
	if err := v.checkVolumes(ctx, vm); err != nil {
		return err
	}
	if seconds := vm.Spec.Template.Spec.TerminationGracePeriodSeconds; seconds != nil && *seconds < 0 {
		return invalid("spec.template.spec.terminationGracePeriodSeconds", "Termination grace period can't be negative")
	}
	if err := checkMemory(vm, v.quirks.RefusesEmptyMemory); err != nil {
		return err
	}
	return checkReservedMemory(vm)
}

// checkMemory demands that the machine's memory is known.
func checkMemory(vm *kubevirtv1.VirtualMachine, required bool) error {
	domain := vm.Spec.Template.Spec.Domain
	if !required || !domain.Resources.Limits.Memory().IsZero() {
		return nil
	}
	if domain.Memory == nil || domain.Memory.Guest == nil || domain.Memory.Guest.IsZero() {
		return invalid("spec.template.spec.domain", "either memory.guest or resources.limits.memory must be set")
	}
	return nil
}

// checkReservedMemory compares the annotation with limit and guest memory.
func checkReservedMemory(vm *kubevirtv1.VirtualMachine) error {
	domain := vm.Spec.Template.Spec.Domain
	limit, text := domain.Resources.Limits.Memory(), vm.Annotations[reservedMemoryAnnotation]
	if limit.IsZero() || text == "" {
		return nil
	}
	field := fmt.Sprintf("metadata.annotations[%s]", reservedMemoryAnnotation)
	reserved, err := resource.ParseQuantity(text)
	switch {
	case err != nil:
		return invalid(field, err.Error())
	case reserved.Sign() < 0:
		return invalid(field, "reservedMemory cannot be less than 0")
	case reserved.Cmp(*limit) >= 0:
		return invalid(field, "reservedMemory cannot be equal or greater than limits.memory")
	}
	if domain.Memory != nil && domain.Memory.Guest != nil {
		total := domain.Memory.Guest.DeepCopy()
		total.Add(reserved)
		if total.Cmp(*limit) > 0 {
			return invalid(field, fmt.Sprintf("guest memory %d plus reservedMemory %d cannot be greater than limits.memory %d", domain.Memory.Guest.Value(), reserved.Value(), limit.Value()))
		}
	}
	return nil
}

// checkMaintainMode refuses unknown values, unless an old object has the same one already.
func checkMaintainMode(old, vm *kubevirtv1.VirtualMachine) error {
	value, ok := vm.Labels[maintainModeLabel]
	if !ok || slices.Contains(maintainModes, value) {
		return nil
	}
	if old != nil && old.Labels[maintainModeLabel] == value {
		return nil
	}
	return invalid(fmt.Sprintf("metadata.labels[%s]", maintainModeLabel), "invalid maintenance mode strategy: "+value)
}

// checkMACs refuses an address that another VM uses on the same cluster network.
func (v *vmValidator) checkMACs(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	own, _, err := clusterNetworks(ctx, v.known, vm, validatorNamespace)
	if err != nil {
		return err
	}
	if !v.quirks.UniqueMACs {
		return nil
	}
	for _, nic := range vm.Spec.Template.Spec.Domain.Devices.Interfaces {
		if nic.MacAddress == "" {
			continue
		}
		others := &kubevirtv1.VirtualMachineList{}
		if err := v.cache.List(ctx, others, client.MatchingFields{macIndex: nic.MacAddress}); err != nil {
			return err
		}
		for i := range others.Items {
			other := &others.Items[i]
			if other.Namespace == vm.Namespace && other.Name == vm.Name {
				continue
			}
			theirs, _, err := clusterNetworks(ctx, v.known, other, validatorNamespace)
			if err != nil {
				return err
			}
			if network, shared := sharesMAC(vm, other, own, theirs); shared {
				return duplicateMAC(vm, network)
			}
		}
	}
	return nil
}

// validatorNamespace is where the validator looks for a network that is named by a single word; the mutator looks in
// the VM's own namespace. Upstream is inconsistent there, so clients must always write <namespace>/<name>.
const validatorNamespace = "default"
