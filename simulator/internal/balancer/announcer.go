package balancer

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/dhcp"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// DataPath carries the traffic; *loadbalancer.Proxies is one.
type DataPath interface {
	Set(name string, vip netip.Addr, listeners []loadbalancer.Listener) error
	Remove(name string)
}

// Announcer is kube-vip: it gives every LoadBalancer Service the address that its spec asks for, after a while, and
// keeps the data path in line with the Service's endpoints.
type Announcer struct {
	kit.Env
	// Delay is how long an address takes to be announced.
	Delay time.Duration
	// Leases answers for Services that ask for an address by DHCP.
	Leases *dhcp.Server
	// Path carries the traffic; nil carries none.
	Path DataPath
	// Timers measure Delay.
	Timers *kit.Timers
}

// Reconcile announces one Service.
func (a *Announcer) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	service := &corev1.Service{}
	err := a.Client.Get(ctx, request.NamespacedName, service)
	if apierrors.IsNotFound(err) || err == nil && !service.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, a.withdraw(ctx, request)
	}
	if err != nil || service.Spec.Type != corev1.ServiceTypeLoadBalancer || service.Spec.LoadBalancerIP == "" {
		return ctrl.Result{}, err
	}
	if left := a.Timers.Left(timerKey(service), a.Delay); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	address, err := a.addressFor(ctx, service)
	if err != nil {
		return ctrl.Result{}, err
	}
	if ingressAddress(service) != address.String() {
		service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address.String()}}
		if err := a.Client.Status().Update(ctx, service); err != nil {
			return ctrl.Result{}, fmt.Errorf("announce %s for service %s: %w", address, request, err)
		}
	}
	return a.carry(ctx, request, service, address)
}

func timerKey(service *corev1.Service) string {
	return "announce/" + string(service.UID) + "/" + service.Spec.LoadBalancerIP
}

// addressFor is the address that the Service asks for, or a lease.
func (a *Announcer) addressFor(ctx context.Context, service *corev1.Service) (netip.Addr, error) {
	if service.Spec.LoadBalancerIP == lbv1.DHCPPlaceholder {
		return a.Leases.Lease(ctx, leaseID(service.Namespace, service.Name))
	}
	address, err := netip.ParseAddr(service.Spec.LoadBalancerIP)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("service %s/%s asks for address %q: %w", service.Namespace, service.Name, service.Spec.LoadBalancerIP, err)
	}
	return address, nil
}

// carry programs the data path. A port that cannot be opened is tried again: it may be free later.
func (a *Announcer) carry(ctx context.Context, request ctrl.Request, service *corev1.Service, address netip.Addr) (ctrl.Result, error) {
	if a.Path == nil {
		return ctrl.Result{}, nil
	}
	slices := &discoveryv1.EndpointSliceList{}
	if err := a.Client.List(ctx, slices, client.InNamespace(service.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service.Name}); err != nil {
		return ctrl.Result{}, fmt.Errorf("list endpoints of service %s: %w", request, err)
	}
	if err := a.Path.Set(request.String(), address, Listeners(service, slices.Items)); err != nil {
		a.Log.Info("load balancer port cannot be opened; trying again", "service", request.String(), "reason", err.Error())
		return ctrl.Result{RequeueAfter: retryDelay}, nil
	}
	return ctrl.Result{}, nil
}

// withdraw takes a Service's address off the network.
func (a *Announcer) withdraw(ctx context.Context, request ctrl.Request) error {
	if a.Path != nil {
		a.Path.Remove(request.String())
	}
	return a.Leases.Release(ctx, leaseID(request.Namespace, request.Name))
}

func leaseID(namespace, name string) string { return "service." + namespace + "." + name }

// Listeners are the ports of a Service with the machines behind each: the ready endpoints, the dummy excepted.
func Listeners(service *corev1.Service, endpoints []discoveryv1.EndpointSlice) []loadbalancer.Listener {
	var addresses []string
	for _, slice := range endpoints {
		for _, endpoint := range slice.Endpoints {
			if !isDummy(endpoint) && endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
				for _, address := range endpoint.Addresses {
					addresses = append(addresses, fromSlice(address))
				}
			}
		}
	}
	slices.Sort(addresses)
	addresses = slices.Compact(addresses)
	listeners := make([]loadbalancer.Listener, 0, len(service.Spec.Ports))
	for _, port := range service.Spec.Ports {
		if cmp.Or(port.Protocol, corev1.ProtocolTCP) != corev1.ProtocolTCP {
			continue
		}
		listener := loadbalancer.Listener{Port: int(port.Port)}
		for _, address := range addresses {
			listener.Backends = append(listener.Backends, net.JoinHostPort(address, strconv.Itoa(int(port.TargetPort.IntVal))))
		}
		listeners = append(listeners, listener)
	}
	return listeners
}
