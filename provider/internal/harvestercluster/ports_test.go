package harvestercluster

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func clusterOf(kind string, port int32) *clusterv1.Cluster {
	cluster := &clusterv1.Cluster{ObjectMeta: metav1.ObjectMeta{Name: "c"}}
	cluster.Spec.ControlPlaneRef.Kind = kind
	cluster.Spec.ClusterNetwork.APIServerPort = port
	return cluster
}

func tcp(name string, port, backendPort int32) lbv1.Listener {
	return lbv1.Listener{Name: name, Port: port, Protocol: corev1.ProtocolTCP, BackendPort: backendPort}
}

func TestPlanPorts(t *testing.T) {
	api, join := tcp("rke2-api", 6443, 6443), tcp("rke2-join", 9345, 9345)
	user := func(name string, port, backendPort int32) infrav1.Listener {
		return infrav1.Listener{Name: name, Port: port, BackendPort: backendPort}
	}
	for name, test := range map[string]struct {
		endpoint  infrav1.APIEndpoint
		network   int32
		kind      string
		listeners []infrav1.Listener
		want      []lbv1.Listener
		port      int32
		problem   string
	}{
		"nothing said":                       {want: []lbv1.Listener{api, join}, port: 6443},
		"a listener of another service":      {listeners: []infrav1.Listener{user("http", 80, 30080)}, want: []lbv1.Listener{api, join, tcp("http", 80, 30080)}, port: 6443},
		"443 leads to the API server":        {listeners: []infrav1.Listener{user("https", 443, 6443)}, want: []lbv1.Listener{join, tcp("https", 443, 6443)}, port: 443},
		"it is named as ours":                {listeners: []infrav1.Listener{user("rke2-api", 443, 6443)}, want: []lbv1.Listener{join, tcp("rke2-api", 443, 6443)}, port: 443},
		"our name for something else":        {listeners: []infrav1.Listener{user("rke2-api", 80, 80)}, want: []lbv1.Listener{tcp("rke2-api-2", 6443, 6443), join, tcp("rke2-api", 80, 80)}, port: 6443},
		"our name for joining":               {listeners: []infrav1.Listener{user("rke2-join", 80, 80)}, want: []lbv1.Listener{api, tcp("rke2-join-2", 9345, 9345), tcp("rke2-join", 80, 80)}, port: 6443},
		"the user's listener for joining":    {listeners: []infrav1.Listener{user("join", 9345, 9345)}, want: []lbv1.Listener{api, tcp("join", 9345, 9345)}, port: 6443},
		"9345 leads elsewhere":               {listeners: []infrav1.Listener{user("web", 9345, 80)}, problem: `"web" sends port 9345`},
		"9345 leads elsewhere, with kubeadm": {kind: "KubeadmControlPlane", listeners: []infrav1.Listener{user("web", 9345, 80)}, want: []lbv1.Listener{api, tcp("web", 9345, 80)}, port: 6443},
		"9345 is the API":                    {listeners: []infrav1.Listener{user("api", 9345, 6443)}, problem: "choose another"},
		"another port leads to 9345":         {listeners: []infrav1.Listener{user("web", 80, 9345)}, problem: "nodes of RKE2 join at port 9345"},
		"the Cluster's port":                 {network: 8443, want: []lbv1.Listener{tcp("rke2-api", 8443, 6443), join}, port: 8443},
		"the Cluster's port, kubeadm":        {kind: "KubeadmControlPlane", network: 8443, want: []lbv1.Listener{tcp("rke2-api", 8443, 6443), join}, port: 8443},
		"the HarvesterCluster's port wins":   {network: 8443, endpoint: infrav1.APIEndpoint{Port: 443}, want: []lbv1.Listener{tcp("rke2-api", 443, 6443), join}, port: 443},
		"a known endpoint keeps its port":    {network: 8443, endpoint: infrav1.APIEndpoint{Host: "192.0.2.1", Port: 6443}, want: []lbv1.Listener{api, join}, port: 6443},
		"the placeholder of old templates":   {network: 8443, endpoint: infrav1.APIEndpoint{Host: "0.0.0.0", Port: 6443}, want: []lbv1.Listener{tcp("rke2-api", 8443, 6443), join}, port: 8443},
		"the Cluster's port and a listener":  {network: 443, listeners: []infrav1.Listener{user("https", 443, 6443)}, want: []lbv1.Listener{join, tcp("https", 443, 6443)}, port: 443},
		"they differ":                        {network: 8443, listeners: []infrav1.Listener{user("https", 443, 6443)}, problem: `"https" sends port 443 to the API server, but the endpoint's port is 8443`},
		"the endpoint's port leads away":     {listeners: []infrav1.Listener{user("web", 6443, 8080)}, problem: `"web" sends port 6443, which is the endpoint's, to port 8080`},
		"kubeadm may listen elsewhere":       {kind: "KubeadmControlPlane", listeners: []infrav1.Listener{user("api", 6443, 8443)}, want: []lbv1.Listener{join, tcp("api", 6443, 8443)}, port: 6443},
		"UDP is another matter": {
			listeners: []infrav1.Listener{{Name: "quic", Protocol: infrav1.ListenerUDP, Port: 6443, BackendPort: 6443}}, port: 6443,
			want: []lbv1.Listener{api, join, {Name: "quic", Protocol: corev1.ProtocolUDP, Port: 6443, BackendPort: 6443}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			infra := &infrav1.HarvesterCluster{}
			infra.Spec.ControlPlaneEndpoint, infra.Spec.LoadBalancerConfig.Listeners = test.endpoint, test.listeners
			if test.kind == "" {
				test.kind = rke2Kind
			}
			planned, problem := planPorts(infra, clusterOf(test.kind, test.network))
			if test.problem != "" {
				assert.Contains(t, problem, test.problem)
				return
			}
			assert.Empty(t, problem)
			assert.Equal(t, test.port, planned.api)
			assert.Equal(t, test.want, planned.listeners)
		})
	}
}

// Whatever the user lists: either something is said, or the endpoint's port leads to the API server, nodes can join, and
// ours never make Harvester refuse: two listeners with one name, or with one port or backend port of a protocol.
func TestPlannedPortsAlwaysWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		infra := &infrav1.HarvesterCluster{}
		port := rapid.SampledFrom([]int32{0, 80, 6443, 9345, 443})
		infra.Spec.ControlPlaneEndpoint.Port = port.Draw(t, "endpoint")
		for range rapid.IntRange(0, 4).Draw(t, "listeners") {
			infra.Spec.LoadBalancerConfig.Listeners = append(infra.Spec.LoadBalancerConfig.Listeners, infrav1.Listener{
				Name:        rapid.SampledFrom([]string{"rke2-api", "rke2-join", "rke2-api-2", "http"}).Draw(t, "name"),
				Port:        rapid.SampledFrom([]int32{80, 6443, 9345, 443}).Draw(t, "port"),
				BackendPort: rapid.SampledFrom([]int32{80, 6443, 9345, 30080}).Draw(t, "backend"),
				Protocol:    rapid.SampledFrom([]infrav1.ListenerProtocol{"", infrav1.ListenerTCP, infrav1.ListenerUDP}).Draw(t, "protocol"),
			})
		}
		kind := rapid.SampledFrom([]string{rke2Kind, "KubeadmControlPlane", ""}).Draw(t, "kind")
		planned, problem := planPorts(infra, clusterOf(kind, port.Draw(t, "network")))
		if problem != "" {
			return
		}
		all := planned.listeners
		for i := range len(all) - len(infra.Spec.LoadBalancerConfig.Listeners) {
			for j := range all {
				if i != j && (all[i].Name == all[j].Name || (all[i].Protocol == all[j].Protocol && (all[i].Port == all[j].Port || all[i].BackendPort == all[j].BackendPort))) {
					t.Fatalf("%v clashes with %v", all[i], all[j])
				}
			}
		}
		leads := func(port, backendPort int32) bool {
			return find(all, func(l lbv1.Listener) bool {
				return l.Port == port && (l.BackendPort == backendPort || kind != rke2Kind)
			}) != nil
		}
		if !leads(planned.api, serverPort) || (kind == rke2Kind && !leads(joinPort, joinPort)) {
			t.Fatalf("%d is not served by %v", planned.api, all)
		}
	})
}

func TestUseSupplied(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint infrav1.APIEndpoint
		cluster  clusterv1.APIEndpoint
		network  int32
		want     infrav1.APIEndpoint
		reason   string
	}{
		"whole":                          {endpoint: infrav1.APIEndpoint{Host: "api.example", Port: 443}, want: infrav1.APIEndpoint{Host: "api.example", Port: 443}, reason: infrav1.EndpointSuppliedReason},
		"without a port":                 {endpoint: infrav1.APIEndpoint{Host: "192.0.2.7"}, want: infrav1.APIEndpoint{Host: "192.0.2.7", Port: 6443}, reason: infrav1.EndpointSuppliedReason},
		"the port of the network":        {endpoint: infrav1.APIEndpoint{Host: "192.0.2.7"}, network: 8443, want: infrav1.APIEndpoint{Host: "192.0.2.7", Port: 8443}, reason: infrav1.EndpointSuppliedReason},
		"named by the Cluster":           {cluster: clusterv1.APIEndpoint{Host: "192.0.2.8", Port: 443}, want: infrav1.APIEndpoint{Host: "192.0.2.8", Port: 443}, reason: infrav1.EndpointSuppliedReason},
		"instead of a placeholder":       {endpoint: infrav1.APIEndpoint{Host: "0.0.0.0", Port: 6443}, cluster: clusterv1.APIEndpoint{Host: "192.0.2.8", Port: 443}, want: infrav1.APIEndpoint{Host: "192.0.2.8", Port: 443}, reason: infrav1.EndpointSuppliedReason},
		"IPv6":                           {endpoint: infrav1.APIEndpoint{Host: "2001:db8::1", Port: 6443}, cluster: clusterv1.APIEndpoint{Host: "2001:db8:0::1", Port: 6443}, want: infrav1.APIEndpoint{Host: "2001:db8::1", Port: 6443}, reason: infrav1.EndpointSuppliedReason},
		"a name for the address":         {endpoint: infrav1.APIEndpoint{Host: "192.0.2.7", Port: 6443}, cluster: clusterv1.APIEndpoint{Host: "api.example", Port: 6443}, want: infrav1.APIEndpoint{Host: "192.0.2.7", Port: 6443}, reason: infrav1.EndpointSuppliedReason},
		"the Cluster names another host": {endpoint: infrav1.APIEndpoint{Host: "192.0.2.7", Port: 6443}, cluster: clusterv1.APIEndpoint{Host: "192.0.2.8", Port: 6443}, want: infrav1.APIEndpoint{Host: "192.0.2.7", Port: 6443}, reason: infrav1.EndpointMismatchReason},
		"the Cluster names another port": {endpoint: infrav1.APIEndpoint{Host: "192.0.2.7", Port: 6443}, cluster: clusterv1.APIEndpoint{Host: "192.0.2.7", Port: 443}, want: infrav1.APIEndpoint{Host: "192.0.2.7", Port: 6443}, reason: infrav1.EndpointMismatchReason},
		"a scheme":                       {endpoint: infrav1.APIEndpoint{Host: "https://api.example"}, want: infrav1.APIEndpoint{Host: "https://api.example"}, reason: infrav1.EndpointInvalidReason},
		"a host with port":               {endpoint: infrav1.APIEndpoint{Host: "api.example:443"}, want: infrav1.APIEndpoint{Host: "api.example:443"}, reason: infrav1.EndpointInvalidReason},
		"a space":                        {endpoint: infrav1.APIEndpoint{Host: "api example"}, want: infrav1.APIEndpoint{Host: "api example"}, reason: infrav1.EndpointInvalidReason},
	} {
		t.Run(name, func(t *testing.T) {
			infra := &infrav1.HarvesterCluster{}
			infra.Spec.ControlPlaneEndpoint = test.endpoint
			cluster := clusterOf(rke2Kind, test.network)
			cluster.Spec.ControlPlaneEndpoint = test.cluster
			outcome := useSupplied(infra, cluster)
			assert.Equal(t, test.reason, outcome.Reason, outcome.Message)
			assert.Equal(t, test.reason == infrav1.EndpointSuppliedReason, outcome.Status == metav1.ConditionTrue)
			assert.Equal(t, test.want, infra.Spec.ControlPlaneEndpoint)
		})
	}
}
