package kubevirt

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

func TestInterfacesHaveMACsFirstAndAddressesFromTheAgent(t *testing.T) {
	vmi := instanceIn(kubevirtv1.Running)
	vmi.Spec.Networks = []kubevirtv1.Network{
		{Name: "nic-0", NetworkSource: kubevirtv1.NetworkSource{Multus: &kubevirtv1.MultusNetwork{NetworkName: "default/production"}}},
		{Name: "nic-1", NetworkSource: kubevirtv1.NetworkSource{Pod: &kubevirtv1.PodNetwork{}}},
	}
	vmi.Spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{{Name: "nic-0", MacAddress: "52:54:00:AA:00:01"}, {Name: "nic-1"}}

	before := Interfaces(vmi, nil)
	require.Len(t, before, 2)
	assert.Equal(t, "domain, multus-status", before[0].InfoSource)
	assert.Equal(t, "domain", before[1].InfoSource)
	assert.Empty(t, before[0].IP)
	assert.Regexp(t, "^52:54:00:", before[1].MAC, "one without a MAC gets one from the hypervisor")

	after := Interfaces(vmi, []guestapi.GuestAddress{
		{MAC: "02:11:22:33:44:55", Interface: "cni0", IPs: []netip.Addr{netip.MustParseAddr("10.42.0.1")}},
		{MAC: "52:54:00:aa:00:01", Interface: "eth0", IPs: []netip.Addr{netip.MustParseAddr("127.50.1.10"), netip.MustParseAddr("127.60.0.10")}},
	})
	require.Len(t, after, 3)
	assert.Equal(t, "nic-0", after[0].Name)
	assert.Equal(t, "127.50.1.10", after[0].IP)
	assert.Equal(t, []string{"127.50.1.10", "127.60.0.10"}, after[0].IPs, "a virtual address shows up beside the machine's own")
	assert.Equal(t, "domain, guest-agent, multus-status", after[0].InfoSource)
	assert.Equal(t, "eth0", after[0].InterfaceName)
	assert.Empty(t, after[2].Name, "what only the agent knows has no name")
	assert.Equal(t, "guest-agent", after[2].InfoSource)
}

func TestNewInstanceTakesAfterTheTemplate(t *testing.T) {
	vm := machineWith(kubevirtv1.RunStrategyAlways)
	vm.Labels = map[string]string{"only": "vm"}
	vm.Annotations = map[string]string{kit.MACAnnotation: `{"nic-0":"52:54:00:00:00:07"}`}
	vm.Spec.Template.ObjectMeta = metav1.ObjectMeta{Labels: map[string]string{"role": "cp"}, Annotations: map[string]string{"a": "b"}}
	vm.Spec.Template.Spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{{Name: "nic-0"}}
	vmi := NewInstance(vm)
	assert.Equal(t, vm.Name, vmi.Name)
	assert.Equal(t, map[string]string{"role": "cp"}, vmi.Labels)
	assert.Equal(t, map[string]string{"a": "b"}, vmi.Annotations)
	assert.Equal(t, "52:54:00:00:00:07", vmi.Spec.Domain.Devices.Interfaces[0].MacAddress)
	assert.Empty(t, vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress, "the VM is left alone")
	assert.Equal(t, vm.UID, vmi.OwnerReferences[0].UID)
	assert.Equal(t, vm.UID, ownerUID(vmi))
}
