package balancer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
)

func instance(name, role string, addresses ...string) kubevirtv1.VirtualMachineInstance {
	vmi := kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"role": role, "site": "a"}}}
	for _, address := range addresses {
		vmi.Status.Interfaces = append(vmi.Status.Interfaces, kubevirtv1.VirtualMachineInstanceNetworkInterface{IP: address})
	}
	return vmi
}

func TestServers(t *testing.T) {
	lb := &lbv1.LoadBalancer{Spec: lbv1.LoadBalancerSpec{BackendServerSelector: map[string][]string{"role": {"cp", "etcd"}, "site": {"a"}}}}
	leaving := instance("leaving", "cp", "10.0.0.9")
	leaving.DeletionTimestamp = &metav1.Time{}
	leaving.DeletionTimestamp.Time = leaving.DeletionTimestamp.AddDate(2026, 0, 0)
	servers, matched := Servers(lb, []kubevirtv1.VirtualMachineInstance{
		instance("b", "etcd", "fd00::1", "10.0.0.2", "10.0.0.3"),
		instance("a", "cp", "10.0.0.1"),
		instance("silent", "cp"),
		instance("worker", "worker", "10.0.0.8"),
		leaving,
	})
	assert.Equal(t, 3, matched)
	assert.Equal(t, []Server{
		{Name: "a", UID: "uid-a", Address: "10.0.0.1", Labels: map[string]string{"role": "cp", "site": "a"}},
		{Name: "b", UID: "uid-b", Address: "10.0.0.2", Labels: map[string]string{"role": "etcd", "site": "a"}},
	}, servers, "first IPv4 interface, in order of names")

	servers, matched = Servers(&lbv1.LoadBalancer{}, []kubevirtv1.VirtualMachineInstance{instance("a", "cp", "10.0.0.1")})
	assert.Zero(t, matched, "an empty selector matches nothing")
	assert.Empty(t, servers)
}

func balancer() *lbv1.LoadBalancer {
	return &lbv1.LoadBalancer{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "lb", UID: "lb-uid"},
		Spec: lbv1.LoadBalancerSpec{
			IPAM:      lbv1.Pool,
			Listeners: []lbv1.Listener{{Name: "api", Port: 6443, Protocol: corev1.ProtocolTCP, BackendPort: 16443}},
		},
	}
}

func TestDesiredServiceIsMadeWithOwnerAndWithoutAddressAtFirst(t *testing.T) {
	lb := balancer()
	service := desiredService(lb, nil)
	assert.Equal(t, "lb-uid", string(service.OwnerReferences[0].UID))
	assert.Equal(t, "true", service.Labels[ServiceLabel])
	assert.Empty(t, service.Spec.LoadBalancerIP)
	assert.Empty(t, service.Spec.Selector)
	assert.Equal(t, intstr.FromInt32(16443), service.Spec.Ports[0].TargetPort)
	lb.Status.AllocatedAddress.IP = "10.0.0.5"
	assert.Equal(t, "10.0.0.5", desiredService(lb, service).Spec.LoadBalancerIP)
	lb.Spec.IPAM = lbv1.DHCP
	assert.Equal(t, "0.0.0.0", desiredService(lb, nil).Spec.LoadBalancerIP)
}

func TestDesiredServiceAdoptsWhatExists(t *testing.T) {
	existing := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "lb", Labels: map[string]string{"mine": "yes"}},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 6443, NodePort: 31000}}},
	}
	service := desiredService(balancer(), existing)
	assert.Empty(t, service.OwnerReferences)
	assert.Equal(t, map[string]string{"mine": "yes"}, service.Labels)
	assert.Equal(t, int32(31000), service.Spec.Ports[0].NodePort)
	assert.Equal(t, "api", service.Spec.Ports[0].Name)
	assert.Empty(t, existing.Spec.Ports[0].Name, "the object that was read is left alone")
}

func TestDesiredEndpointsKeepADummyWhileNothingIsReady(t *testing.T) {
	servers := []Server{{Name: "a", UID: "uid-a", Address: "10.0.0.1"}}
	up, down := func(Server) bool { return true }, func(Server) bool { return false }
	for name, test := range map[string]struct {
		servers []Server
		healthy func(Server) bool
		dummy   bool
		want    []string
	}{
		"ready":            {servers, up, true, []string{"10.0.0.1"}},
		"unhealthy":        {servers, down, true, []string{"10.0.0.1", DummyAddress}},
		"none":             {nil, up, true, []string{DummyAddress}},
		"before dummies":   {nil, up, false, nil},
		"unhealthy before": {servers, down, false, []string{"10.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			slice := desiredEndpoints(balancer(), nil, test.servers, test.healthy, test.dummy)
			var addresses []string
			for _, endpoint := range slice.Endpoints {
				addresses = append(addresses, endpoint.Addresses...)
			}
			assert.Equal(t, test.want, addresses)
			assert.Equal(t, "lb", slice.Labels[discoveryv1.LabelServiceName])
		})
	}
}

func TestListenersLeaveOutDummiesUnreadyEndpointsAndUDP(t *testing.T) {
	service := &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
		{Port: 6443, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(16443)},
		{Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromInt32(53)},
	}}}
	endpoints := []discoveryv1.EndpointSlice{{Endpoints: []discoveryv1.Endpoint{
		{Addresses: []string{"10.0.0.2"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}},
		{Addresses: []string{"10.0.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}},
		{Addresses: []string{"10.0.0.3"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(false)}},
		{Addresses: []string{DummyAddress}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}, TargetRef: &corev1.ObjectReference{UID: DummyUID}},
	}}}
	assert.Equal(t, []loadbalancer.Listener{{Port: 6443, Backends: []string{"10.0.0.1:16443", "10.0.0.2:16443"}}}, Listeners(service, endpoints))
}

func TestProbeVerdictsTurnAfterTheThreshold(t *testing.T) {
	health := &lbv1.HealthCheck{SuccessThreshold: 2, FailureThreshold: 3}
	state := run{}
	for i, step := range []struct{ success, healthy bool }{
		{true, false}, {true, true}, {false, true}, {false, true}, {true, true}, {false, true}, {false, true}, {false, false}, {true, false}, {true, true},
	} {
		state = state.after(step.success, health)
		assert.Equal(t, step.healthy, state.healthy, "step %d", i)
	}
}
