package balancer

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// SetupWithManager starts the controller with the manager.
func (c *Controller) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	c.probes = newProber()
	return ctrl.NewControllerManagedBy(manager).Named("loadbalancer").
		For(&lbv1.LoadBalancer{}).
		Watches(&corev1.Service{}, &handler.EnqueueRequestForObject{}, builder.WithPredicates(isBalancerService)).
		Watches(&kubevirtv1.VirtualMachineInstance{}, handler.EnqueueRequestsFromMapFunc(c.balancersOf)).
		WithOptions(options).Complete(c)
}

// balancersOf are the load balancers whose backends an instance is or was.
func (c *Controller) balancersOf(ctx context.Context, object client.Object) []reconcile.Request {
	balancers := &lbv1.LoadBalancerList{}
	if err := c.Client.List(ctx, balancers, client.InNamespace(object.GetNamespace())); err != nil {
		c.Log.Error(err, "list load balancers of an instance", "instance", client.ObjectKeyFromObject(object).String())
		return nil
	}
	var requests []reconcile.Request
	for i := range balancers.Items {
		lb := &balancers.Items[i]
		if isVM(lb) && selects(lb.Spec.BackendServerSelector, object.GetLabels()) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(lb)})
		}
	}
	return requests
}

// isBalancerService lets LoadBalancer Services pass, also adopted ones, which have no owner. Those of kube-system are
// Harvester's own.
var isBalancerService = predicate.NewPredicateFuncs(func(object client.Object) bool {
	service, ok := object.(*corev1.Service)
	return ok && service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.Namespace != "kube-system"
})

// SetupWithManager starts the announcer with the manager.
func (a *Announcer) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("kube-vip").
		For(&corev1.Service{}, builder.WithPredicates(isBalancerService)).
		Watches(&discoveryv1.EndpointSlice{}, handler.EnqueueRequestsFromMapFunc(serviceOf)).
		WithOptions(options).Complete(a)
}

// serviceOf is the Service that an EndpointSlice belongs to.
func serviceOf(_ context.Context, object client.Object) []reconcile.Request {
	name, ok := object.GetLabels()[discoveryv1.LabelServiceName]
	if !ok || object.GetNamespace() == "kube-system" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: object.GetNamespace(), Name: name}}}
}
