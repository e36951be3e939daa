package platform_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/platform"
)

func TestVIPVariants(t *testing.T) {
	vip := netip.MustParseAddr("192.0.2.10")
	tests := map[string]struct {
		description       platform.Description
		mode, configured  string
		exposed, requests string
	}{
		"static":           {platform.Description{VIP: vip, IngressExpose: true}, "static", "192.0.2.10", "192.0.2.10", ""},
		"by DHCP":          {platform.Description{VIP: vip, VIPByDHCP: true, IngressExpose: true}, "dhcp", "192.0.2.10", "0.0.0.0", "192.0.2.10"},
		"without Service":  {platform.Description{VIP: vip}, "static", "192.0.2.10", "", ""},
		"DHCP and without": {platform.Description{VIP: vip, VIPByDHCP: true}, "dhcp", "192.0.2.10", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			objects, err := platform.Objects(test.description)
			require.NoError(t, err)
			exposed, mode, configured, requests := "", "", "", ""
			for _, object := range objects {
				switch typed := object.(type) {
				case *corev1.ConfigMap:
					assert.Equal(t, "harvester-system/vip", typed.Namespace+"/"+typed.Name)
					configured, mode = typed.Data["ip"], typed.Data["mode"]
				case *corev1.Service:
					assert.Equal(t, "kube-system/ingress-expose", typed.Namespace+"/"+typed.Name)
					exposed, requests = typed.Annotations["kube-vip.io/loadbalancerIPs"], typed.Annotations["kube-vip.io/requestedIP"]
				}
			}
			assert.Equal(t, test.exposed, exposed)
			assert.Equal(t, test.requests, requests)
			assert.Equal(t, test.configured, configured)
			assert.Equal(t, test.mode, mode)
		})
	}
}

func TestNode(t *testing.T) {
	node := platform.Node(platform.Host{Name: "a", Zone: "east", Networks: []string{"production"}})
	assert.Equal(t, "a", node.Labels[corev1.LabelHostname])
	assert.Equal(t, "east", node.Labels[corev1.LabelTopologyZone])
	assert.NotContains(t, node.Labels, corev1.LabelTopologyRegion)
	assert.Equal(t, "true", node.Labels["network.harvesterhci.io/production"])
	assert.Equal(t, "true", node.Labels["kubevirt.io/schedulable"])
	witness := platform.Node(platform.Host{Name: "w", Witness: true})
	assert.Equal(t, "false", witness.Labels["kubevirt.io/schedulable"])
	assert.Contains(t, witness.Labels, "node-role.harvesterhci.io/witness")
}

func TestNetworkLabels(t *testing.T) {
	network := func(config string, labels map[string]string) *nadv1.NetworkAttachmentDefinition {
		return &nadv1.NetworkAttachmentDefinition{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: nadv1.NetworkAttachmentDefinitionSpec{Config: config}}
	}
	assert.Equal(t, map[string]string{
		nadv1.LabelClusterNetwork: "production", nadv1.LabelType: "L2VlanNetwork", nadv1.LabelVLANID: "100", nadv1.LabelReady: "true",
	}, platform.NetworkLabels(network(`{"type":"bridge","bridge":"production-br","vlan":100}`, nil)))
	assert.Equal(t, map[string]string{
		nadv1.LabelClusterNetwork: "mgmt", nadv1.LabelType: "UntaggedNetwork", nadv1.LabelReady: "false",
	}, platform.NetworkLabels(network(`{"type":"bridge","bridge":"mgmt-br"}`, map[string]string{nadv1.LabelReady: "false"})), "what is there stays")
	assert.Empty(t, platform.NetworkLabels(network(`{"type":"kube-ovn"}`, nil)))
	assert.Empty(t, platform.NetworkLabels(network(`nonsense`, nil)))
}
