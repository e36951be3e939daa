package balancer

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// The dummy endpoint keeps traffic of a load balancer without ready backends from being delivered to the host itself.
const (
	DummyAddress = "10.52.0.255"
	DummyUID     = "dummy347-546a-4642-9da6-5608endpoint"
)

// desiredEndpoints is the EndpointSlice of a load balancer, given the one that exists (nil if none). healthy tells
// which servers to send traffic to.
func desiredEndpoints(lb *lbv1.LoadBalancer, current *discoveryv1.EndpointSlice, servers []Server, healthy func(Server) bool, dummy bool) *discoveryv1.EndpointSlice {
	slice := current.DeepCopy()
	if slice == nil {
		slice = &discoveryv1.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: lb.Namespace, Name: lb.Name,
				Labels:          map[string]string{ServiceLabel: "true", discoveryv1.LabelServiceName: lb.Name},
				OwnerReferences: []metav1.OwnerReference{ownerOf(lb)},
			},
			AddressType: discoveryv1.AddressTypeIPv4,
		}
	}
	slice.Ports = endpointPorts(lb)
	slice.Endpoints = make([]discoveryv1.Endpoint, 0, len(servers)+1)
	ready := 0
	for _, server := range servers {
		up := healthy(server)
		if up {
			ready++
		}
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{toSlice(server.Address)},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(up)},
			TargetRef:  &corev1.ObjectReference{Namespace: lb.Namespace, Name: server.Name, UID: server.UID},
		})
	}
	if ready == 0 && dummy {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{DummyAddress},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
			TargetRef:  &corev1.ObjectReference{Namespace: lb.Namespace, Name: lb.Name, UID: DummyUID},
		})
	}
	return slice
}

func endpointPorts(lb *lbv1.LoadBalancer) []discoveryv1.EndpointPort {
	list := make([]discoveryv1.EndpointPort, 0, len(lb.Spec.Listeners))
	for i := range lb.Spec.Listeners {
		listener := lb.Spec.Listeners[i]
		list = append(list, discoveryv1.EndpointPort{
			Name: &listener.Name, Protocol: &listener.Protocol, Port: &listener.BackendPort,
		})
	}
	return list
}

func isDummy(endpoint discoveryv1.Endpoint) bool {
	return endpoint.TargetRef != nil && endpoint.TargetRef.UID == DummyUID
}
