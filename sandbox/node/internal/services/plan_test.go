package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func service(name, address string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}, Spec: corev1.ServiceSpec{ClusterIP: address, Ports: ports}}
}

func slice(service, portName string, port int32, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: service + "-x", Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		Ports:      []discoveryv1.EndpointPort{{Name: &portName, Port: &port}}, Endpoints: endpoints,
	}
}

func endpoint(address string, ready *bool) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: ready}}
}

func TestPlan(t *testing.T) {
	https := corev1.ServicePort{Name: "https", Port: 443}
	ready := slice("web", "https", 9443, endpoint("10.244.0.2", ptr.To(true)), endpoint("10.244.0.3", nil))
	elsewhere := ready.DeepCopy()
	elsewhere.Namespace = "other"
	for name, test := range map[string]struct {
		service *corev1.Service
		slice   *discoveryv1.EndpointSlice
		want    map[string][]string
	}{
		"ready, or not known not to be": {
			service("web", "10.0.0.9", https), ready, map[string][]string{"10.0.0.9:443": {"10.244.0.2:9443", "10.244.0.3:9443"}},
		},
		"not ready":         {service("web", "10.0.0.9", https), slice("web", "https", 9443, endpoint("10.244.0.2", ptr.To(false))), map[string][]string{}},
		"another port":      {service("web", "10.0.0.9", https), slice("web", "metrics", 8443, endpoint("10.244.0.2", nil)), map[string][]string{}},
		"another Service's": {service("web", "10.0.0.9", https), slice("db", "https", 9443, endpoint("10.244.0.2", nil)), map[string][]string{}},
		"another namespace": {service("web", "10.0.0.9", https), elsewhere, map[string][]string{}},
		"headless":          {service("web", corev1.ClusterIPNone, https), ready, map[string][]string{}},
		"no address":        {service("web", "", https), ready, map[string][]string{}},
		"UDP":               {service("web", "10.0.0.9", corev1.ServicePort{Name: "https", Port: 443, Protocol: corev1.ProtocolUDP}), ready, map[string][]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, plan([]*corev1.Service{test.service}, []*discoveryv1.EndpointSlice{test.slice}))
		})
	}
}
