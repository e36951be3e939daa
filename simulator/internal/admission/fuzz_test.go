package admission

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// FuzzMACAnnotation gives addresses to cards whatever KubeVirt's annotation holds: one that the user gave stays, one that
// the annotation names is left to the instance, all others get one.
func FuzzMACAnnotation(f *testing.F) {
	for _, seed := range []string{"", "null", "[]", "{", `{"nic-0":"02:00:00:00:00:01"}`, `{"nic-1":5,"nic-0":"x"}`, `{"nic-2":""}`, `{"nic-0":null}`, `{"nic-0":"` + strings.Repeat("0", 1<<14) + `"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const given = "02:00:00:00:00:aa"
		vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{kit.MACAnnotation: text}}}
		vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}
		devices := &vm.Spec.Template.Spec.Domain.Devices
		devices.Interfaces = []kubevirtv1.Interface{{Name: "given", MacAddress: given}, {Name: "nic-0"}, {Name: "nic-1"}}
		setMACs(vm, newMACSource(1).next)
		observed := observedMACs(vm)
		require.Equal(t, given, devices.Interfaces[0].MacAddress)
		for _, nic := range devices.Interfaces[1:] {
			if _, known := observed[nic.Name]; known {
				require.Empty(t, nic.MacAddress)
				continue
			}
			_, err := net.ParseMAC(nic.MacAddress)
			require.NoError(t, err)
		}
		require.Equal(t, text, vm.Annotations[kit.MACAnnotation])
	})
}

// FuzzOvercommit reads whatever the setting may hold; what is taken can be divided by.
func FuzzOvercommit(f *testing.F) {
	for _, seed := range []string{"", "null", `{"cpu":1600,"memory":150,"storage":200}`, `{"cpu":0,"memory":1}`, `{"cpu":-1,"memory":1}`, `{"cpu":1e99}`, `{"cpu":"5"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		config, err := parseOvercommit(text)
		if err == nil {
			require.Positive(t, config.CPU)
			require.Positive(t, config.Memory)
		}
	})
}

// FuzzNetworkConfig reads whatever a network's configuration may hold, and names the network that it refuses.
func FuzzNetworkConfig(f *testing.F) {
	for _, seed := range []string{"", "null", `{"type":"bridge","bridge":"mgmt-br","vlan":5}`, `{"type":5}`, `{"vlan":"5"}`, `[]`, `{"vlan":1e99}`, `{"bridge":"` + strings.Repeat("b", 1<<14) + `"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		network := &nadv1.NetworkAttachmentDefinition{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "lan"}}
		network.Spec.Config = text
		if _, err := parseNetwork(network); err != nil {
			require.ErrorContains(t, err, "ns/lan")
		}
	})
}

// oneNetwork answers every read with the same network.
type oneNetwork struct {
	client.Reader
	network *nadv1.NetworkAttachmentDefinition
}

func (r oneNetwork) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	r.network.DeepCopyInto(into.(*nadv1.NetworkAttachmentDefinition))
	return nil
}

// FuzzVLANOfNetwork asks for the VLAN of a network whatever its configuration holds: it is named if that is refused, and
// its label has the last word.
func FuzzVLANOfNetwork(f *testing.F) {
	for _, seed := range []string{"", "null", `{"vlan":5}`, `{"vlan":"5"}`, `[]`, `{"vlan":1e99}`, `{"vlan":null}`, `{"vlan":-1}`, `{"vlan":` + strings.Repeat("9", 1<<14) + `}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		network := &nadv1.NetworkAttachmentDefinition{}
		network.Spec.Config = text
		rules := poolRules{reader: oneNetwork{network: network}}
		vlan, err := rules.vlan(t.Context(), "ns/lan")
		if err != nil {
			require.ErrorContains(t, err, "ns/lan")
			require.Zero(t, vlan)
		}
		network.Labels = map[string]string{nadv1.LabelVLANID: "7"}
		vlan, err = rules.vlan(t.Context(), "ns/lan")
		require.NoError(t, err)
		require.Equal(t, 7, vlan)
	})
}
