package kubevirt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

var (
	machines  = schema.GroupResource{Group: kubevirtv1.GroupVersion.Group, Resource: "virtualmachines"}
	instances = schema.GroupResource{Group: kubevirtv1.GroupVersion.Group, Resource: "virtualmachineinstances"}
)

// Operations are what KubeVirt serves as subresources. Errors are API status errors: NotFound, or Conflict when the
// machine's state forbids the operation.
type Operations struct {
	kit.Env
	Power *Power
}

// Start starts a VM that is not running.
func (o *Operations) Start(ctx context.Context, key types.NamespacedName) error {
	vm, vmi, err := o.find(ctx, key)
	if err != nil {
		return err
	}
	if vmi != nil && !vmi.IsFinal() {
		return refuse(machines, key, "VM is already running")
	}
	switch strategy := Strategy(vm); strategy {
	case kubevirtv1.RunStrategyHalted:
		return o.setStrategy(ctx, vm, kubevirtv1.RunStrategyAlways)
	case kubevirtv1.RunStrategyAlways, kubevirtv1.RunStrategyOnce:
		return refuse(machines, key, fmt.Sprintf("%s does not support manual start requests", strategy))
	default:
		// The others start by request.
	}
	requests := []kubevirtv1.VirtualMachineStateChangeRequest{{Action: kubevirtv1.StartRequest}}
	if vmi != nil {
		requests = append([]kubevirtv1.VirtualMachineStateChangeRequest{{Action: kubevirtv1.StopRequest, UID: &vmi.UID}}, requests...)
	}
	return o.request(ctx, vm, requests)
}

// Stop stops a running VM.
func (o *Operations) Stop(ctx context.Context, key types.NamespacedName) error {
	vm, vmi, err := o.find(ctx, key)
	if err != nil {
		return err
	}
	if vmi == nil || vmi.IsFinal() {
		return refuse(machines, key, "VM is not running")
	}
	switch Strategy(vm) {
	case kubevirtv1.RunStrategyHalted:
		return refuse(machines, key, "VM is already stopping")
	case kubevirtv1.RunStrategyManual:
		return o.request(ctx, vm, []kubevirtv1.VirtualMachineStateChangeRequest{{Action: kubevirtv1.StopRequest, UID: &vmi.UID}})
	default:
		return o.setStrategy(ctx, vm, kubevirtv1.RunStrategyHalted)
	}
}

// Restart replaces a VM's instance by a new one.
func (o *Operations) Restart(ctx context.Context, key types.NamespacedName) error {
	vm, vmi, err := o.find(ctx, key)
	if err != nil {
		return err
	}
	strategy := Strategy(vm)
	switch {
	case strategy == kubevirtv1.RunStrategyHalted, strategy == kubevirtv1.RunStrategyOnce:
		return refuse(machines, key, fmt.Sprintf("%s does not support manual restart requests", strategy))
	case vmi == nil || vmi.IsFinal():
		return refuse(machines, key, fmt.Sprintf("VM is not running: %s", vm.Status.PrintableStatus))
	}
	return o.request(ctx, vm, []kubevirtv1.VirtualMachineStateChangeRequest{
		{Action: kubevirtv1.StopRequest, UID: &vmi.UID}, {Action: kubevirtv1.StartRequest},
	})
}

// Migrate asks for a running VM to be moved to another host.
func (o *Operations) Migrate(ctx context.Context, key types.NamespacedName) error {
	_, vmi, err := o.find(ctx, key)
	if err != nil {
		return err
	}
	if vmi == nil || vmi.Status.Phase != kubevirtv1.Running {
		return refuse(machines, key, "VM is not running")
	}
	return o.Client.Create(ctx, &kubevirtv1.VirtualMachineInstanceMigration{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, GenerateName: "kubevirt-migrate-vm-"},
		Spec:       kubevirtv1.VirtualMachineInstanceMigrationSpec{VMIName: key.Name},
	})
}

// SoftReboot asks the guest of a running instance to reboot; the instance stays the same.
func (o *Operations) SoftReboot(ctx context.Context, key types.NamespacedName) error {
	vmi, err := o.running(ctx, key)
	if err != nil {
		return err
	}
	if _, connected := findCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected); !connected && vmi.Spec.Domain.Features == nil {
		return refuse(instances, key, "VMI neither have the agent connected nor the ACPI feature enabled")
	}
	o.Power.Reboot(vmi.UID)
	return nil
}

// GuestOSInfo is what the guest agent says of the system inside.
func (o *Operations) GuestOSInfo(ctx context.Context, key types.NamespacedName) (*kubevirtv1.VirtualMachineInstanceGuestAgentInfo, error) {
	vmi, err := o.running(ctx, key)
	if err != nil {
		return nil, err
	}
	if _, connected := findCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected); !connected {
		return nil, refuse(instances, key, "VMI does not have guest agent connected")
	}
	return &kubevirtv1.VirtualMachineInstanceGuestAgentInfo{
		TypeMeta:          metav1.TypeMeta{APIVersion: "subresources.kubevirt.io/v1", Kind: "VirtualMachineInstanceGuestAgentInfo"},
		GAVersion:         "9.2.0",
		Hostname:          key.Name,
		OS:                vmi.Status.GuestOSInfo,
		SupportedCommands: []kubevirtv1.GuestAgentCommandInfo{{Name: "guest-network-get-interfaces", Enabled: true}},
	}, nil
}

func (o *Operations) running(ctx context.Context, key types.NamespacedName) (*kubevirtv1.VirtualMachineInstance, error) {
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if err := o.Live.Get(ctx, key, vmi); err != nil {
		return nil, err
	}
	if vmi.Status.Phase != kubevirtv1.Running {
		return nil, refuse(instances, key, "VMI is not running")
	}
	return vmi, nil
}

// find returns a VM and its instance, nil if there is none.
func (o *Operations) find(ctx context.Context, key types.NamespacedName) (*kubevirtv1.VirtualMachine, *kubevirtv1.VirtualMachineInstance, error) {
	vm := &kubevirtv1.VirtualMachine{}
	if err := o.Live.Get(ctx, key, vm); err != nil {
		return nil, nil, err
	}
	vmi := &kubevirtv1.VirtualMachineInstance{}
	err := o.Live.Get(ctx, key, vmi)
	if apierrors.IsNotFound(err) {
		return vm, nil, nil
	}
	return vm, vmi, err
}

// setStrategy patches the run strategy only: others write to the VM all the time.
func (o *Operations) setStrategy(ctx context.Context, vm *kubevirtv1.VirtualMachine, strategy kubevirtv1.VirtualMachineRunStrategy) error {
	patch := client.MergeFrom(vm.DeepCopy())
	vm.Spec.Running, vm.Spec.RunStrategy = nil, &strategy
	return o.Client.Patch(ctx, vm, patch)
}

// request leaves work for the VM's controller in the VM's status.
func (o *Operations) request(ctx context.Context, vm *kubevirtv1.VirtualMachine, requests []kubevirtv1.VirtualMachineStateChangeRequest) error {
	if len(vm.Status.StateChangeRequests) > 0 {
		return refuse(machines, client.ObjectKeyFromObject(vm), "unable to complete request: stop/start already underway")
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"stateChangeRequests": requests}})
	if err != nil {
		return fmt.Errorf("encode state change request: %w", err)
	}
	return o.Client.Status().Patch(ctx, vm, client.RawPatch(types.MergePatchType, patch))
}

func refuse(resource schema.GroupResource, key types.NamespacedName, why string) error {
	return apierrors.NewConflict(resource, key.Name, errors.New(why))
}
