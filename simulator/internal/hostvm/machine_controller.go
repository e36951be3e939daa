package hostvm

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// Finalizers that Harvester puts on every VM.
const (
	CleanupFinalizer  = "wrangler.cattle.io/VMController.CleanupPVCAndSnapshot"
	BalancerFinalizer = "wrangler.cattle.io/harvester-lb-vm-controller"
)

// MachineController is Harvester's VM controller.
type MachineController struct {
	kit.Env
	Timers *kit.Timers
	// Settle is how soon after its creation a VM is first written to.
	Settle time.Duration
}

// SetupWithManager starts the controller with the manager.
func (c *MachineController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("harvester-vm").
		For(&kubevirtv1.VirtualMachine{}).
		Watches(&kubevirtv1.VirtualMachineInstance{}, &handler.EnqueueRequestForObject{}).
		Watches(&hciv1.VirtualMachineImage{}, handler.EnqueueRequestsFromMapFunc(c.allMachines)).
		WithOptions(options).Complete(c)
}

// allMachines looks at every VM again: one may have waited for an image.
func (c *MachineController) allMachines(ctx context.Context, _ client.Object) []ctrl.Request {
	vms := &kubevirtv1.VirtualMachineList{}
	if err := c.Client.List(ctx, vms); err != nil {
		c.Log.Error(err, "list VMs")
		return nil
	}
	requests := make([]ctrl.Request, 0, len(vms.Items))
	for i := range vms.Items {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&vms.Items[i])})
	}
	return requests
}

// Reconcile does one of the background writes that a VM needs; each write brings the next call.
func (c *MachineController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	vm := &kubevirtv1.VirtualMachine{}
	if err := c.Client.Get(ctx, request.NamespacedName, vm); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !vm.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, c.remove(ctx, vm)
	}
	if left := c.Timers.Left("settle/"+string(vm.UID), c.Settle); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	// The finalizers come before anything that they clean up.
	added := controllerutil.AddFinalizer(vm, CleanupFinalizer)
	if c.Quirks.ClusterBalancersFollowVMs {
		added = controllerutil.AddFinalizer(vm, BalancerFinalizer) || added
	}
	if added {
		return ctrl.Result{}, c.Client.Update(ctx, vm)
	}
	if err := c.createClaims(ctx, vm); err != nil {
		return ctrl.Result{}, err
	}
	vmi, err := c.instance(ctx, vm)
	if err != nil {
		return ctrl.Result{}, err
	}
	if AnnotateMachine(vm, vmi) {
		return ctrl.Result{}, c.Client.Update(ctx, vm)
	}
	return ctrl.Result{}, nil
}

func (c *MachineController) instance(ctx context.Context, vm *kubevirtv1.VirtualMachine) (*kubevirtv1.VirtualMachineInstance, error) {
	vmi := &kubevirtv1.VirtualMachineInstance{}
	err := c.Client.Get(ctx, client.ObjectKeyFromObject(vm), vmi)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return vmi, err
}

// remove does what Harvester does as soon as a VM is being deleted, while its instance still runs.
func (c *MachineController) remove(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	if controllerutil.ContainsFinalizer(vm, CleanupFinalizer) {
		if err := c.removeClaims(ctx, vm); err != nil {
			return err
		}
	}
	if controllerutil.ContainsFinalizer(vm, BalancerFinalizer) {
		if err := c.removeBalancers(ctx, vm); err != nil {
			return err
		}
	}
	removed := controllerutil.RemoveFinalizer(vm, CleanupFinalizer)
	if controllerutil.RemoveFinalizer(vm, BalancerFinalizer) || removed {
		c.Timers.Forget("settle/" + string(vm.UID))
		return client.IgnoreNotFound(c.Client.Update(ctx, vm))
	}
	return nil
}

// removeBalancers deletes the load balancers that a guest cluster made for itself, when its machines are removed with
// everything.
func (c *MachineController) removeBalancers(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	cluster := vm.Labels[kit.GuestClusterLabel]
	if cluster == "" || vm.Labels[kit.CreatorLabel] != kit.NodeDriver || vm.Annotations[kit.RemoveAllAnnotation] != "true" {
		return nil
	}
	balancers := &lbv1.LoadBalancerList{}
	err := c.Client.List(ctx, balancers, client.InNamespace(vm.Namespace), client.MatchingLabels{kit.GuestBalancerLabel: cluster})
	if err != nil {
		return fmt.Errorf("list load balancers of guest cluster %s: %w", cluster, err)
	}
	for i := range balancers.Items {
		lb := &balancers.Items[i]
		if lb.Spec.WorkloadType != lbv1.Cluster {
			continue
		}
		if err := client.IgnoreNotFound(c.Client.Delete(ctx, lb)); err != nil {
			return fmt.Errorf("delete load balancer %s/%s: %w", lb.Namespace, lb.Name, err)
		}
	}
	return nil
}
