// Package services is a node's proxy for Services, in place of kube-proxy: it listens at every cluster address, and passes
// each connection on to an endpoint that is ready.
package services

import (
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// plan says what is listened on, and where connections go: addresses with ports. A port without an endpoint that is ready is
// not in it, so that a connection is refused, as kube-proxy refuses it. Only TCP is passed on.
func plan(services []*corev1.Service, slices []*discoveryv1.EndpointSlice) map[string][]string {
	targets := map[string][]string{}
	for _, service := range services {
		if service.Spec.ClusterIP == "" || service.Spec.ClusterIP == corev1.ClusterIPNone {
			continue
		}
		for _, port := range service.Spec.Ports {
			if port.Protocol != corev1.ProtocolTCP && port.Protocol != "" {
				continue
			}
			if ready := endpoints(service, port.Name, slices); len(ready) > 0 {
				targets[address(service.Spec.ClusterIP, port.Port)] = ready
			}
		}
	}
	return targets
}

// endpoints of one port of a Service that are ready.
func endpoints(service *corev1.Service, portName string, slices []*discoveryv1.EndpointSlice) []string {
	var ready []string
	for _, slice := range slices {
		if slice.Namespace != service.Namespace || slice.Labels[discoveryv1.LabelServiceName] != service.Name {
			continue
		}
		for _, port := range slice.Ports {
			if port.Port == nil || port.Name != nil && *port.Name != portName {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if (endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready) && len(endpoint.Addresses) > 0 {
					ready = append(ready, address(endpoint.Addresses[0], *port.Port))
				}
			}
		}
	}
	return ready
}

func address(host string, port int32) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }
