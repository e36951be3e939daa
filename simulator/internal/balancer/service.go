package balancer

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// ServiceLabel marks Services and EndpointSlices of load balancers.
const ServiceLabel = "loadbalancer.harvesterhci.io/servicelb"

// desiredService is the Service of a load balancer, given the one that exists (nil if none). One that exists is adopted
// as it is: only its address and ports are overwritten, and it gets neither owner nor labels.
func desiredService(lb *lbv1.LoadBalancer, current *corev1.Service) *corev1.Service {
	service := current.DeepCopy()
	if service == nil {
		service = &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: lb.Namespace, Name: lb.Name,
				Labels:          map[string]string{ServiceLabel: "true"},
				OwnerReferences: []metav1.OwnerReference{ownerOf(lb)},
			},
			Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer},
		}
	}
	service.Spec.LoadBalancerIP = lb.Status.AllocatedAddress.IP
	if lb.Spec.IPAM == lbv1.DHCP {
		service.Spec.LoadBalancerIP = lbv1.DHCPPlaceholder
	}
	service.Spec.Ports = ports(lb, service.Spec.Ports)
	return service
}

// ports are the listeners as Service ports; node ports that were given out are kept.
func ports(lb *lbv1.LoadBalancer, current []corev1.ServicePort) []corev1.ServicePort {
	nodePorts := map[int32]int32{}
	for _, port := range current {
		nodePorts[port.Port] = port.NodePort
	}
	list := make([]corev1.ServicePort, 0, len(lb.Spec.Listeners))
	for _, listener := range lb.Spec.Listeners {
		list = append(list, corev1.ServicePort{
			Name: listener.Name, Protocol: listener.Protocol, Port: listener.Port,
			TargetPort: intstr.FromInt32(listener.BackendPort), NodePort: nodePorts[listener.Port],
		})
	}
	return list
}

func ownerOf(lb *lbv1.LoadBalancer) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: lbv1.GroupVersion.String(), Kind: "LoadBalancer", Name: lb.Name, UID: lb.UID,
	}
}
