package harvestermachine

import (
	"flag"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

var update = flag.Bool("update", false, "write the golden files anew")

// asked is what an interface does: "-" nothing, "s" static, "d" DHCP, with "r" for routes and "n" for name servers from it.
func asked(t *testing.T, l layout) []string {
	t.Helper()
	network, err := l.network()
	require.NoError(t, err)
	var result []string
	for i, nic := range network.NICs {
		assert.Equal(t, l.macs[i], nic.MAC)
		text := "-"
		switch {
		case nic.DHCP4 && len(nic.Addresses) > 0:
			text = "both"
		case nic.DHCP4:
			text = "d"
			if !nic.NoDHCPRoutes {
				text += "r"
			}
			if !nic.NoDHCPDNS {
				text += "n"
			}
		case len(nic.Addresses) > 0:
			text = "s"
		}
		result = append(result, text)
	}
	return result
}

func TestOneDefaultRoute(t *testing.T) {
	address := func(gateway string) []*staticAddress {
		static := &staticAddress{prefix: netip.MustParsePrefix("10.0.0.9/24")}
		if gateway != "" {
			static.gateway = netip.MustParseAddr(gateway)
		}
		return []*staticAddress{static}
	}
	dhcp, none := infrav1.AddressingDHCP, infrav1.AddressingNone
	yes, no := ptr.To(true), ptr.To(false)
	type choices = map[int]*infrav1.NetworkInterface
	type statics = map[int][]*staticAddress
	for name, test := range map[string]struct {
		choices choices
		static  statics
		version int
		want    []string
	}{
		"nothing is said":                 {nil, nil, 2, []string{"drn", "d", "d"}},
		"the first has a gateway":         {nil, statics{0: address("10.0.0.1")}, 2, []string{"s", "d", "d"}},
		"the first has none":              {nil, statics{0: address("")}, 2, []string{"s", "drn", "d"}},
		"the first has one of IPv6":       {nil, statics{0: address("2001:db8::1")}, 2, []string{"s", "drn", "d"}},
		"the last has a gateway":          {nil, statics{2: address("10.0.0.1")}, 2, []string{"d", "d", "s"}},
		"DHCP is asked for":               {choices{1: {Addressing: dhcp}}, statics{0: address("10.0.0.1")}, 2, []string{"s", "d", "d"}},
		"routes are asked for":            {choices{1: {Addressing: dhcp, DHCPRoutes: yes}}, statics{0: address("10.0.0.1")}, 2, []string{"s", "drn", "d"}},
		"the second is to lead out":       {choices{1: {Addressing: dhcp, DHCPRoutes: yes}}, nil, 2, []string{"d", "drn", "d"}},
		"the first is not to lead out":    {choices{0: {Addressing: dhcp, DHCPRoutes: no}}, nil, 2, []string{"d", "drn", "d"}},
		"name servers only":               {choices{1: {Addressing: dhcp, DHCPDNS: yes}}, statics{0: address("10.0.0.1")}, 2, []string{"s", "dn", "d"}},
		"routes only":                     {choices{0: {Addressing: dhcp, DHCPDNS: no}}, nil, 2, []string{"dr", "d", "d"}},
		"none":                            {choices{0: {Addressing: none}, 1: {Addressing: none}}, nil, 2, []string{"-", "-", "drn"}},
		"version 1 has no word for it":    {nil, statics{0: address("10.0.0.1")}, 1, []string{"s", "drn", "drn"}},
		"version 1, and it is not asked":  {choices{2: {Addressing: none}}, nil, 1, []string{"drn", "drn", "-"}},
		"a choice for no network is idle": {choices{7: {Addressing: dhcp, DHCPRoutes: yes}}, nil, 2, []string{"drn", "d", "d"}},
		"what is said of DHCP needs DHCP": {choices{1: {Addressing: none, DHCPRoutes: yes}}, nil, 2, []string{"drn", "-", "d"}},
	} {
		t.Run(name, func(t *testing.T) {
			for index, choice := range test.choices {
				choice.Index = ptr.To(int32(index))
			}
			l := layout{macs: threeMACs(), choices: test.choices, static: test.static, version: test.version}
			assert.Equal(t, test.want, asked(t, l))
		})
	}
}

func threeMACs() []net.HardwareAddr {
	return []net.HardwareAddr{{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 3}}
}

func TestOptionalAndNameServersOfAnAskingInterface(t *testing.T) {
	l := layout{macs: threeMACs(), version: 2, settings: netSettings{servers: []string{"10.0.0.53"}}, choices: map[int]*infrav1.NetworkInterface{
		0: {Index: ptr.To(int32(0)), Addressing: infrav1.AddressingDHCP},
		1: {Index: ptr.To(int32(1)), Addressing: infrav1.AddressingDHCP, Optional: ptr.To(true), DNSServers: []string{"10.1.0.53"}, DNSSearch: []string{"b.example"}},
		2: {Index: ptr.To(int32(2)), Addressing: infrav1.AddressingNone, Optional: ptr.To(true)},
	}}
	network, err := l.network()
	require.NoError(t, err)
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("10.0.0.53")}, network.NICs[0].DNSServers, "the first takes the cluster's")
	assert.False(t, network.NICs[0].Optional)
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("10.1.0.53")}, network.NICs[1].DNSServers)
	assert.Equal(t, []string{"b.example"}, network.NICs[1].SearchDomains)
	assert.True(t, network.NICs[1].Optional)
	assert.True(t, network.NICs[2].Optional)
	l.choices[1].DNSServers = []string{"dns"}
	_, err = l.network()
	require.ErrorContains(t, err, "network interface 1")
}

// rendering is a machine with three interfaces and its image, as it comes to the cloud-init Secret.
func rendering(change func(*infrav1.HarvesterMachineSpec), image harvesterclient.Image) *scope {
	s := &scope{
		machine: &infrav1.HarvesterMachine{Spec: infrav1.HarvesterMachineSpec{
			SSHUser: "sles", Volumes: []infrav1.Volume{{VolumeType: infrav1.VolumeTypeImage}}, Networks: []string{"a", "b", "c"},
		}},
		infraCluster: &infrav1.HarvesterCluster{Spec: infrav1.HarvesterClusterSpec{TargetNamespace: "vms", VMNetworkConfig: &infrav1.VMNetworkConfig{
			IPPoolRef: "p", Gateway: "172.16.0.1", SubnetMask: "255.255.0.0", DNSServers: []string{"172.16.0.53"},
		}}},
		vmName:     "prod-cp-1",
		references: references{images: map[int]harvesterclient.Image{0: image}},
		leases:     map[int]ipam.Lease{0: lease("172.16.3.40", "172.16.0.0/16", "172.16.0.1")},
	}
	s.machine.UID = "one"
	s.references.keyPair.PublicKey = "ssh-ed25519 AAAAC3Nz operator"
	change(&s.machine.Spec)
	return s
}

func TestCloudInitGolden(t *testing.T) {
	sles := harvesterclient.Image{DisplayName: "sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2"}
	ubuntu := harvesterclient.Image{OSType: "ubuntu"}
	choose := func(choices ...infrav1.NetworkInterface) func(*infrav1.HarvesterMachineSpec) {
		return func(spec *infrav1.HarvesterMachineSpec) { spec.NetworkInterfaces = choices }
	}
	one, two := ptr.To(int32(1)), ptr.To(int32(2))
	for name, s := range map[string]*scope{
		"plain": rendering(func(*infrav1.HarvesterMachineSpec) {}, ubuntu),
		"sles":  rendering(func(*infrav1.HarvesterMachineSpec) {}, sles),
		"choices": rendering(choose(
			infrav1.NetworkInterface{Index: one, Addressing: infrav1.AddressingDHCP, DHCPDNS: ptr.To(true), Optional: ptr.To(true)},
			infrav1.NetworkInterface{Index: two, Addresses: []string{"10.20.0.7/24", "2001:db8::7/64"}, DNSServers: []string{"10.20.0.53"}},
		), ubuntu),
		"none": rendering(choose(
			infrav1.NetworkInterface{Index: one, Addressing: infrav1.AddressingNone},
			infrav1.NetworkInterface{Index: two, Addressing: infrav1.AddressingNone, Optional: ptr.To(true)},
		), ubuntu),
		"version-1": rendering(func(spec *infrav1.HarvesterMachineSpec) {
			spec.Guest = &infrav1.Guest{NetworkDataVersion: infrav1.NetworkDataV1, InstallAgent: ptr.To(false)}
		}, sles),
		"sl-micro": rendering(func(*infrav1.HarvesterMachineSpec) {}, harvesterclient.Image{DisplayName: "SL-Micro.x86_64-6.1-Default-qcow-GM.qcow2"}),
	} {
		t.Run(name, func(t *testing.T) {
			secret, err := cloudInitSecret(s, []byte("#cloud-config\nruncmd:\n- [rke2]\n"))
			require.NoError(t, err)
			compareGolden(t, name, secret)
		})
	}
}

func compareGolden(t *testing.T, name string, secret *corev1.Secret) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden.yaml")
	got := "# user data\n" + string(secret.Data[userDataKey]) + "---\n# network data\n" + string(secret.Data[networkDataKey])
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(want), got)
}
