package hostvm

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// instanceFinalizers are Harvester's on every instance; their work is done elsewhere, and they go as soon as the
// instance is being deleted.
var instanceFinalizers = []string{
	"wrangler.cattle.io/harvester-lb-vmi-controller",
	"wrangler.cattle.io/VMController.BackfillObservedNetworkMacAddress",
}

// InstanceController is Harvester's VMI controller.
type InstanceController struct {
	kit.Env
}

// SetupWithManager starts the controller with the manager.
func (c *InstanceController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("harvester-vmi").
		For(&kubevirtv1.VirtualMachineInstance{}).
		Watches(&kubevirtv1.VirtualMachine{}, &handler.EnqueueRequestForObject{}).
		WithOptions(options).Complete(c)
}

// Reconcile keeps the labels, annotations and finalizers of one instance.
func (c *InstanceController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if err := c.Client.Get(ctx, request.NamespacedName, vmi); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	changed := false
	for _, finalizer := range instanceFinalizers {
		if vmi.DeletionTimestamp.IsZero() {
			changed = controllerutil.AddFinalizer(vmi, finalizer) || changed
		} else {
			changed = controllerutil.RemoveFinalizer(vmi, finalizer) || changed
		}
	}
	if vmi.DeletionTimestamp.IsZero() {
		written, err := c.describe(ctx, request, vmi)
		if err != nil {
			return ctrl.Result{}, err
		}
		changed = changed || written
	}
	if !changed {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, client.IgnoreNotFound(c.Client.Update(ctx, vmi))
}

// describe syncs labels from the VM and topology from the host.
func (c *InstanceController) describe(ctx context.Context, request ctrl.Request, vmi *kubevirtv1.VirtualMachineInstance) (bool, error) {
	changed := false
	vm := &kubevirtv1.VirtualMachine{}
	err := c.Client.Get(ctx, request.NamespacedName, vm)
	if err == nil && vm.DeletionTimestamp.IsZero() {
		changed = SyncLabels(vm, vmi)
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return false, err
	}
	if vmi.Status.NodeName == "" {
		return changed, nil
	}
	host := &corev1.Node{}
	if err := c.Client.Get(ctx, client.ObjectKey{Name: vmi.Status.NodeName}, host); err != nil {
		return changed, client.IgnoreNotFound(err)
	}
	return Topology(vmi, host) || changed, nil
}
