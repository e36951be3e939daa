package kubevirt

import (
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// Step is what to do about a VM's instance.
type Step string

// The steps.
const (
	Keep   Step = "keep"
	Create Step = "create"
	Remove Step = "remove"
)

// Decision is what a VM needs now.
type Decision struct {
	Step Step
	// RequestDone means that the first of the VM's state change requests is fulfilled and to be dropped.
	RequestDone bool
	// StartAgain means that a request to start is to be left in the VM's status, for when the instance is gone.
	StartAgain bool
}

// Strategy is a VM's run strategy, whichever of the two fields says it. Without either a VM stays halted.
func Strategy(vm *kubevirtv1.VirtualMachine) kubevirtv1.VirtualMachineRunStrategy {
	switch {
	case vm.Spec.RunStrategy != nil:
		return *vm.Spec.RunStrategy
	case vm.Spec.Running != nil && *vm.Spec.Running:
		return kubevirtv1.RunStrategyAlways
	}
	return kubevirtv1.RunStrategyHalted
}

// Decide compares what a VM asks for with its instance, nil if there is none.
func Decide(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) Decision {
	if vmi != nil && !vmi.DeletionTimestamp.IsZero() {
		return Decision{Step: Keep}
	}
	if !vm.DeletionTimestamp.IsZero() {
		return Decision{Step: removeIfThere(vmi)}
	}
	if len(vm.Status.StateChangeRequests) > 0 {
		return decideRequest(vm.Status.StateChangeRequests[0], vmi)
	}
	if Strategy(vm) == kubevirtv1.RunStrategyRerunOnFailure {
		return decideRerun(vm, vmi)
	}
	return Decision{Step: decideStrategy(Strategy(vm), vmi)}
}

func removeIfThere(vmi *kubevirtv1.VirtualMachineInstance) Step {
	if vmi == nil {
		return Keep
	}
	return Remove
}

// decideRequest fulfils a request made through a subresource. A stop names the instance it means, so that it does not
// hit the next one.
func decideRequest(request kubevirtv1.VirtualMachineStateChangeRequest, vmi *kubevirtv1.VirtualMachineInstance) Decision {
	if request.Action == kubevirtv1.StopRequest {
		if vmi == nil || request.UID != nil && *request.UID != vmi.UID {
			return Decision{Step: Keep, RequestDone: true}
		}
		return Decision{Step: Remove}
	}
	switch {
	case vmi == nil:
		return Decision{Step: Create, RequestDone: true}
	case vmi.IsFinal():
		return Decision{Step: Remove}
	}
	return Decision{Step: Keep, RequestDone: true}
}

// decideStrategy is what the run strategy asks for.
func decideStrategy(strategy kubevirtv1.VirtualMachineRunStrategy, vmi *kubevirtv1.VirtualMachineInstance) Step {
	switch strategy {
	case kubevirtv1.RunStrategyHalted:
		return removeIfThere(vmi)
	case kubevirtv1.RunStrategyAlways:
		return restartIf(vmi, vmi != nil && vmi.IsFinal())
	case kubevirtv1.RunStrategyOnce:
		return restartIf(vmi, false)
	default:
		return Keep
	}
}

// decideRerun starts a VM when it comes to the strategy, and again after a failure, for which it leaves a request. In no
// other case does a VM under it get an instance: one that was deleted stays away, and so does a guest that shut itself
// down, whose instance goes.
func decideRerun(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) Decision {
	switch {
	case vmi == nil && vm.Status.RunStrategy == kubevirtv1.RunStrategyRerunOnFailure:
		return Decision{Step: Keep}
	case vmi == nil:
		return Decision{Step: Create}
	case vmi.Status.Phase == kubevirtv1.Failed:
		return Decision{Step: Keep, StartAgain: true}
	case vmi.Status.Phase == kubevirtv1.Succeeded:
		return Decision{Step: Remove}
	}
	return Decision{Step: Keep}
}

// setToStart tells whether a VM without an instance is meant to have one, as far as its printable status says.
func setToStart(vm *kubevirtv1.VirtualMachine) bool {
	switch Strategy(vm) {
	case kubevirtv1.RunStrategyAlways, kubevirtv1.RunStrategyRerunOnFailure, kubevirtv1.RunStrategyOnce:
		return true
	case kubevirtv1.RunStrategyManual:
		requests := vm.Status.StateChangeRequests
		return len(requests) > 0 && requests[0].Action == kubevirtv1.StartRequest
	default:
		return false
	}
}

func restartIf(vmi *kubevirtv1.VirtualMachineInstance, over bool) Step {
	switch {
	case vmi == nil:
		return Create
	case over:
		return Remove
	}
	return Keep
}
