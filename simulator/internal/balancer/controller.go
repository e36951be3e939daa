// Package balancer behaves as Harvester's load balancer controller and as kube-vip, which announces the addresses.
//
// Controller writes what upstream's writes, pass by pass: first an address, then a Service, then endpoints. Announcer
// is kube-vip: it gives Services their ingress address and programs the data path. What to write is decided by pure
// functions (Select, Servers and the desired objects).
package balancer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/pool"
)

// Finalizer is the controller's own on every load balancer.
const Finalizer = "wrangler.cattle.io/harvester-lb-controller"

// retryDelay is after how long an address is asked for again; upstream's controller never gives up.
const retryDelay = time.Second

// Why a load balancer is not ready; the texts are upstream's and end up in the condition's message.
var (
	errWaitAddress      = errors.New("service is waiting for external IP")
	errNoServers        = errors.New("no running backend servers")
	errServersWithoutIP = errors.New("running backend servers have no IP")
	errUnhealthy        = errors.New("running backend servers are not probed as healthy")
)

// Controller reconciles LoadBalancers.
type Controller struct {
	kit.Env
	// Registry tells which pools can be allocated from.
	Registry *pool.Registry
	probes   *prober
}

// Reconcile does one pass over one load balancer.
func (c *Controller) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	lb := &lbv1.LoadBalancer{}
	if err := c.Client.Get(ctx, request.NamespacedName, lb); err != nil {
		if apierrors.IsNotFound(err) {
			c.probes.forget(request.String())
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !lb.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, c.remove(ctx, lb)
	}
	if controllerutil.AddFinalizer(lb, Finalizer) {
		return ctrl.Result{}, c.Client.Update(ctx, lb)
	}
	before := lb.DeepCopy()
	reason := c.pass(ctx, before, lb)
	if errors.Is(reason, errStale) {
		return ctrl.Result{}, reason
	}
	if err := c.writeStatus(ctx, before, lb, reason); err != nil {
		return ctrl.Result{}, err
	}
	switch {
	case errors.Is(reason, errNoMatchedPool), errors.Is(reason, errWaitAddress):
		return ctrl.Result{RequeueAfter: retryDelay}, nil
	case lb.Spec.HealthCheck != nil && lb.Spec.HealthCheck.Port != 0 && isVM(lb):
		return ctrl.Result{RequeueAfter: period(lb.Spec.HealthCheck)}, nil
	case reason == nil, errors.Is(reason, errNoServers), errors.Is(reason, errServersWithoutIP), errors.Is(reason, errUnhealthy):
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, reason
}

// pass brings the load balancer one step further and returns why it is not ready. The later steps look at what was
// written in the pass before, so a change takes several passes, each caused by the write of the one before.
func (c *Controller) pass(ctx context.Context, before, lb *lbv1.LoadBalancer) error {
	if err := c.ensureAddress(ctx, lb); err != nil {
		return err
	}
	if !isVM(lb) {
		return nil
	}
	service, err := c.ensureService(ctx, before)
	if err != nil {
		return err
	}
	lb.Status.Address = ingressAddress(service)
	if lb.Status.Address == "" {
		return errWaitAddress
	}
	return c.ensureServers(ctx, lb)
}

func (c *Controller) ensureService(ctx context.Context, lb *lbv1.LoadBalancer) (*corev1.Service, error) {
	current := &corev1.Service{}
	err := c.Client.Get(ctx, client.ObjectKeyFromObject(lb), current)
	if apierrors.IsNotFound(err) {
		service := desiredService(lb, nil)
		if err := c.Client.Create(ctx, service); err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("fail to create service: %w", err)
		}
		return service, nil
	}
	if err != nil {
		return nil, fmt.Errorf("fail to get service: %w", err)
	}
	service := desiredService(lb, current)
	if equality.Semantic.DeepEqual(service, current) {
		return service, nil
	}
	if err := c.Client.Update(ctx, service); err != nil {
		return nil, fmt.Errorf("fail to update service: %w", err)
	}
	return service, nil
}

// ensureServers writes the endpoints and status.backendServers.
func (c *Controller) ensureServers(ctx context.Context, lb *lbv1.LoadBalancer) error {
	instances := &kubevirtv1.VirtualMachineInstanceList{}
	if err := c.Client.List(ctx, instances, client.InNamespace(lb.Namespace)); err != nil {
		return fmt.Errorf("fail to list vmi per selector: %w", err)
	}
	servers, matched := Servers(lb, instances.Items)
	healthy := c.probes.check(ctx, lb, servers)
	if err := c.ensureEndpoints(ctx, lb, servers, healthy); err != nil {
		return err
	}
	former := lb.Status.BackendServers
	lb.Status.BackendServers = nil
	up := 0
	for _, server := range servers {
		lb.Status.BackendServers = append(lb.Status.BackendServers, server.Address)
		if healthy(server) {
			up++
		}
	}
	if !slices.Equal(former, lb.Status.BackendServers) {
		c.noteBackends(lb, servers)
	}
	switch {
	case len(servers) == 0 && matched > 0 && c.Quirks.ClusterBalancersFollowVMs:
		return errServersWithoutIP
	case len(servers) == 0:
		return errNoServers
	case up == 0:
		return fmt.Errorf("%w total:%d, healthy:0", errUnhealthy, len(servers))
	}
	return nil
}

// noteBackends adds the machines behind a load balancer to the history.
func (c *Controller) noteBackends(lb *lbv1.LoadBalancer, servers []Server) {
	backends := map[string]map[string]string{}
	for _, server := range servers {
		backends[server.Name] = server.Labels
	}
	c.History.Record(history.Event{
		Kind: history.BackendsChanged, Namespace: lb.Namespace, Name: lb.Name, UID: string(lb.UID), Labels: lb.Labels, Backends: backends,
	})
}

func (c *Controller) ensureEndpoints(ctx context.Context, lb *lbv1.LoadBalancer, servers []Server, healthy func(Server) bool) error {
	current := &discoveryv1.EndpointSlice{}
	err := c.Client.Get(ctx, client.ObjectKeyFromObject(lb), current)
	if apierrors.IsNotFound(err) {
		err = c.Client.Create(ctx, desiredEndpoints(lb, nil, servers, healthy, c.Quirks.DummyEndpoint))
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("fail to create endpointslice: %w", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("fail to get endpointslice: %w", err)
	}
	slice := desiredEndpoints(lb, current, servers, healthy, c.Quirks.DummyEndpoint)
	if equality.Semantic.DeepEqual(slice, current) {
		return nil
	}
	if err := c.Client.Update(ctx, slice); err != nil {
		return fmt.Errorf("fail to update endpointslice: %w", err)
	}
	return nil
}

// writeStatus sets the Ready condition and writes the object if its status changed.
func (c *Controller) writeStatus(ctx context.Context, before, lb *lbv1.LoadBalancer, reason error) error {
	status, message := corev1.ConditionTrue, ""
	if reason != nil {
		status, message = corev1.ConditionFalse, reason.Error()
	}
	lb.Status.Conditions = kit.SetCondition(lb.Status.Conditions, lbv1.LoadBalancerReady, status, "", message, c.Clock.Now())
	if equality.Semantic.DeepEqual(before.Status, lb.Status) {
		return nil
	}
	if err := c.Client.Update(ctx, lb); err != nil {
		return fmt.Errorf("fail to update status: %w", err)
	}
	return nil
}

// remove releases the address and lets the object go; Service and EndpointSlice follow by their owner references. The
// address is released only if ipam says pool in so many letters: with an empty one it leaks, as upstream.
func (c *Controller) remove(ctx context.Context, lb *lbv1.LoadBalancer) error {
	if !controllerutil.ContainsFinalizer(lb, Finalizer) {
		return nil
	}
	if lb.Spec.IPAM == lbv1.Pool && lb.Status.AllocatedAddress.IPPool != "" {
		if err := c.release(ctx, lb, lb.Status.AllocatedAddress.IPPool); err != nil {
			return err
		}
	}
	c.probes.forget(client.ObjectKeyFromObject(lb).String())
	controllerutil.RemoveFinalizer(lb, Finalizer)
	return client.IgnoreNotFound(c.Client.Update(ctx, lb))
}
