package admission

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/balancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

func listener(name string, port, backend int32, protocol corev1.Protocol) lbv1.Listener {
	return lbv1.Listener{Name: name, Port: port, BackendPort: backend, Protocol: protocol}
}

func TestCheckBalancer(t *testing.T) {
	health := func(port uint) *lbv1.HealthCheck {
		return &lbv1.HealthCheck{Port: port, SuccessThreshold: 1, FailureThreshold: 1, PeriodSeconds: 1, TimeoutSeconds: 1}
	}
	api := listener("api", 6443, 6443, corev1.ProtocolTCP)
	tests := map[string]struct {
		spec lbv1.LoadBalancerSpec
		says string
	}{
		"fine":                    {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api, listener("join", 9345, 9345, corev1.ProtocolTCP)}}, ""},
		"none":                    {lbv1.LoadBalancerSpec{}, "at least one listener"},
		"none for a cluster":      {lbv1.LoadBalancerSpec{WorkloadType: lbv1.Cluster}, ""},
		"duplicate name":          {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api, listener("api", 1, 1, corev1.ProtocolTCP)}}, "duplicate name"},
		"duplicate port":          {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api, listener("b", 6443, 1, corev1.ProtocolTCP)}}, "duplicate port"},
		"duplicate backend port":  {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api, listener("b", 443, 6443, corev1.ProtocolTCP)}}, "duplicate backend port"},
		"same port over UDP":      {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api, listener("b", 6443, 6443, corev1.ProtocolUDP)}}, ""},
		"port zero":               {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{listener("a", 0, 1, corev1.ProtocolTCP)}}, "listener port 0"},
		"backend port too big":    {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{listener("a", 1, 65536, corev1.ProtocolTCP)}}, "backend port 65536"},
		"probe of a listener":     {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api}, HealthCheck: health(6443)}, ""},
		"probe of nothing":        {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api}, HealthCheck: health(80)}, "not in listener backend port list"},
		"probe of UDP":            {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{listener("a", 53, 53, corev1.ProtocolUDP)}, HealthCheck: health(53)}, "only be a TCP"},
		"probe without threshold": {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api}, HealthCheck: &lbv1.HealthCheck{Port: 6443}}, "should > 0"},
		"probe switched off":      {lbv1.LoadBalancerSpec{Listeners: []lbv1.Listener{api}, HealthCheck: &lbv1.HealthCheck{}}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := checkBalancer(&lbv1.LoadBalancer{Spec: test.spec})
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestCheckUnchanged(t *testing.T) {
	of := func(ipam lbv1.IPAM, workload lbv1.WorkloadType) *lbv1.LoadBalancer {
		return &lbv1.LoadBalancer{Spec: lbv1.LoadBalancerSpec{IPAM: ipam, WorkloadType: workload}}
	}
	require.NoError(t, checkUnchanged(of("", ""), of(lbv1.Pool, lbv1.VM)))
	require.ErrorContains(t, checkUnchanged(of(lbv1.Pool, lbv1.VM), of(lbv1.DHCP, lbv1.VM)), "IPAM")
	require.ErrorContains(t, checkUnchanged(of(lbv1.DHCP, lbv1.VM), of("", lbv1.VM)), "IPAM")
	require.ErrorContains(t, checkUnchanged(of(lbv1.Pool, ""), of(lbv1.Pool, lbv1.Cluster)), "WorkloadType")
}

func TestGuestNetwork(t *testing.T) {
	machine := func(name, creator, cluster, network string) kubevirtv1.VirtualMachineInstance {
		vmi := kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{kit.CreatorLabel: creator, kit.GuestClusterLabel: cluster}}}
		if network != "" {
			vmi.Spec.Networks = []kubevirtv1.Network{{Name: "n", NetworkSource: kubevirtv1.NetworkSource{Multus: &kubevirtv1.MultusNetwork{NetworkName: network}}}}
		}
		return vmi
	}
	guest := &lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{balancer.ClusterAnnotation: "guest"}}}
	said := &lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{balancer.ClusterAnnotation: "guest", balancer.NetworkAnnotation: "default/said"}}}
	byName := []kubevirtv1.VirtualMachineInstance{machine("other", kit.NodeDriver, "", "default/x"), machine("guest-cp", kit.NodeDriver, "", "default/a")}
	byLabel := []kubevirtv1.VirtualMachineInstance{machine("cp-0", "somebody", "guest", "default/b")}
	assert.Equal(t, "default/a", guestNetwork(guest, byName, false))
	assert.Equal(t, "default/a", guestNetwork(said, byName, false), "what it says is overwritten before 1.9")
	assert.Equal(t, "default/said", guestNetwork(said, byName, true))
	assert.Empty(t, guestNetwork(guest, byLabel, false))
	assert.Equal(t, "default/b", guestNetwork(guest, byLabel, true))
	assert.Equal(t, "default/a", guestNetwork(guest, byName, true), "the old rule comes last")
	assert.Empty(t, guestNetwork(&lbv1.LoadBalancer{}, byName, true))
}

// Before 1.9 the webhook describes a load balancer without workloadType as a guest cluster's.
func TestWhoseALoadBalancerWithoutWorkloadTypeIs(t *testing.T) {
	scheme := runtime.NewScheme()
	require.NoError(t, corev1.AddToScheme(scheme))
	require.NoError(t, kubevirtv1.AddToScheme(scheme))
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "vms"}}).Build()
	for _, test := range []struct {
		release  string
		workload lbv1.WorkloadType
		guest    bool
	}{
		{"v1.8.0", "", true}, {"v1.9.0", "", false},
		{"v1.8.0", lbv1.VM, false}, {"v1.9.0", lbv1.VM, false},
		{"v1.8.0", lbv1.Cluster, true}, {"v1.9.0", lbv1.Cluster, true},
	} {
		lb := &lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{Namespace: "vms", Name: "lb"}, Spec: lbv1.LoadBalancerSpec{WorkloadType: test.workload}}
		require.NoError(t, balancerRules{reader: reader, quirks: quirks(t, test.release)}.mutate(t.Context(), nil, lb))
		_, described := lb.Annotations[balancer.NetworkAnnotation]
		assert.Equal(t, test.guest, described, "%s %q", test.release, test.workload)
	}
}
