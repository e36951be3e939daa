package kubevirt

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// MachineController reconciles VirtualMachines.
type MachineController struct {
	kit.Env
	Power *Power

	mu   sync.Mutex
	uids map[types.NamespacedName]types.UID
}

// SetupWithManager starts the controller with the manager.
func (c *MachineController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	c.uids = map[types.NamespacedName]types.UID{}
	return ctrl.NewControllerManagedBy(manager).Named("virtualmachine").
		For(&kubevirtv1.VirtualMachine{}).
		Owns(&kubevirtv1.VirtualMachineInstance{}).
		Watches(&corev1.PersistentVolumeClaim{}, handler.EnqueueRequestsFromMapFunc(c.usersOfClaim)).
		WithOptions(options).Complete(c)
}

// Reconcile brings one VM a step closer to what it asks for.
func (c *MachineController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	vm := &kubevirtv1.VirtualMachine{}
	if err := c.Client.Get(ctx, request.NamespacedName, vm); err != nil {
		if apierrors.IsNotFound(err) {
			c.forget(request.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	c.remember(vm)
	vmi, err := c.instanceOf(ctx, vm)
	if err != nil {
		return ctrl.Result{}, err
	}
	if vm.DeletionTimestamp.IsZero() && controllerutil.AddFinalizer(vm, kubevirtv1.VirtualMachineControllerFinalizer) {
		return ctrl.Result{}, c.Client.Update(ctx, vm)
	}
	before := vm.DeepCopy()
	vm.Status.StartFailure = StartFailure(vm.Status.StartFailure, vmi, c.Clock.Now())
	wait := BackoffLeft(vm.Status.StartFailure, c.Clock.Now())
	if err := c.step(ctx, vm, &vmi, wait > 0); err != nil {
		return ctrl.Result{}, err
	}
	if err := c.writeStatus(ctx, before, vm, vmi, wait > 0); err != nil {
		return ctrl.Result{}, err
	}
	if vmi != nil && vmi.IsFinal() && controllerutil.RemoveFinalizer(vmi, kubevirtv1.VirtualMachineControllerFinalizer) {
		// What there was to record of the instance is recorded.
		return ctrl.Result{RequeueAfter: wait}, client.IgnoreNotFound(c.Client.Update(ctx, vmi))
	}
	if !vm.DeletionTimestamp.IsZero() && vmi == nil && controllerutil.RemoveFinalizer(vm, kubevirtv1.VirtualMachineControllerFinalizer) {
		return ctrl.Result{}, client.IgnoreNotFound(c.Client.Update(ctx, vm))
	}
	return ctrl.Result{RequeueAfter: wait}, nil
}

// instanceOf returns the VM's instance, nil if there is none. The cache may not know one yet that was just created;
// creating it again then fails harmlessly.
func (c *MachineController) instanceOf(ctx context.Context, vm *kubevirtv1.VirtualMachine) (*kubevirtv1.VirtualMachineInstance, error) {
	vmi := &kubevirtv1.VirtualMachineInstance{}
	err := c.Client.Get(ctx, client.ObjectKeyFromObject(vm), vmi)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read instance of VM %s/%s: %w", vm.Namespace, vm.Name, err)
	}
	return vmi, nil
}

// step creates or removes the instance as decided, and keeps vmi in line.
func (c *MachineController) step(ctx context.Context, vm *kubevirtv1.VirtualMachine, vmi **kubevirtv1.VirtualMachineInstance, backingOff bool) error {
	decision := Decide(vm, *vmi)
	if decision.StartAgain {
		vm.Status.StateChangeRequests = append(vm.Status.StateChangeRequests, kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StartRequest})
	}
	if decision.Step == Create && backingOff {
		return nil
	}
	if decision.RequestDone {
		vm.Status.StateChangeRequests = vm.Status.StateChangeRequests[1:]
	}
	switch {
	case decision.Step == Create:
		dropRestartRequired(vm)
		revision, err := c.revise(ctx, vm)
		if err != nil {
			return err
		}
		instance := NewInstance(vm)
		instance.Status.VirtualMachineRevisionName = revision
		if err := c.Client.Create(ctx, instance); err != nil {
			return fmt.Errorf("create instance of VM %s/%s: %w", vm.Namespace, vm.Name, err)
		}
		*vmi = instance
	case decision.Step == Remove && orphans(vm, *vmi):
		*vmi = nil // deleted with orphan propagation: the instance runs on without its VM
	case decision.Step == Remove:
		// The garbage collector may be orphaning it at this moment, which the cache does not show yet: the version says so.
		seen := client.Preconditions{UID: &(*vmi).UID, ResourceVersion: &(*vmi).ResourceVersion}
		err := c.Client.Delete(ctx, *vmi, seen)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("remove instance of VM %s/%s: %w", vm.Namespace, vm.Name, err)
		}
		dropRestartRequired(vm)
	}
	return nil
}

// orphans tells whether a VM is being deleted in a way that leaves its instance alone. The garbage collector takes the
// owner reference off the instance first and the finalizer off the VM then, so either sign may be all that is left.
func orphans(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) bool {
	return !vm.DeletionTimestamp.IsZero() &&
		(controllerutil.ContainsFinalizer(vm, metav1.FinalizerOrphanDependents) || !metav1.IsControlledBy(vmi, vm))
}

func (c *MachineController) writeStatus(ctx context.Context, before, vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, backingOff bool) error {
	unbound, err := c.hasUnboundClaims(ctx, vm)
	if err != nil {
		return err
	}
	restart, err := c.restartRequired(ctx, vm, vmi)
	if err != nil {
		return err
	}
	SetStatus(vm, vmi, Surroundings{UnboundClaims: unbound, BackingOff: backingOff, RestartRequired: restart}, metav1.NewTime(c.Clock.Now()))
	if equality.Semantic.DeepEqual(before.Status, vm.Status) {
		return nil
	}
	if err := client.IgnoreNotFound(c.Client.Status().Update(ctx, vm)); err != nil {
		return fmt.Errorf("write status of VM %s/%s: %w", vm.Namespace, vm.Name, err)
	}
	return nil
}

func (c *MachineController) hasUnboundClaims(ctx context.Context, vm *kubevirtv1.VirtualMachine) (bool, error) {
	if vm.Spec.Template == nil {
		return false, nil
	}
	state, err := claimsState(ctx, c.Client, vm.Namespace, vm.Spec.Template.Spec.Volumes)
	return len(state.unbound) > 0, err
}

// usersOfClaim are the VMs to look at when a claim changes.
func (c *MachineController) usersOfClaim(ctx context.Context, claim client.Object) []ctrl.Request {
	vms := &kubevirtv1.VirtualMachineList{}
	if err := c.Client.List(ctx, vms, client.InNamespace(claim.GetNamespace())); err != nil {
		c.Log.Error(err, "list VMs of a claim", "claim", client.ObjectKeyFromObject(claim).String())
		return nil
	}
	var requests []ctrl.Request
	for i := range vms.Items {
		vm := &vms.Items[i]
		if vm.Spec.Template == nil {
			continue
		}
		for _, name := range claims.Used(vm.Spec.Template.Spec.Volumes) {
			if name == claim.GetName() {
				requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(vm)})
			}
		}
	}
	return requests
}

func (c *MachineController) remember(vm *kubevirtv1.VirtualMachine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := client.ObjectKeyFromObject(vm)
	if former, ok := c.uids[key]; ok && former != vm.UID {
		c.gone(key, former)
	}
	c.uids[key] = vm.UID
}

func (c *MachineController) forget(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if uid, ok := c.uids[key]; ok {
		delete(c.uids, key)
		c.gone(key, uid)
	}
}

// gone drops what is kept for a VM that does not exist any more.
func (c *MachineController) gone(key types.NamespacedName, uid types.UID) {
	c.Power.ForgetVM(uid)
	c.History.Record(history.Event{Kind: history.MachineGone, Namespace: key.Namespace, Name: key.Name, UID: string(uid)})
}
