package harvestermachine

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	kubevirtv1 "kubevirt.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// What a load balancer inside the workload cluster, or the control plane's own endpoint, puts on an interface wanders from
// machine to machine, and temporary addresses are gone tomorrow: neither is a machine's address.
func TestMachineAddresses(t *testing.T) {
	const mac = "52:54:00:12:34:56" // makes 5054:ff:fe12:3456
	for name, test := range map[string]struct {
		assigned, reported string
		endpoint           string
		want               string
	}{
		"nothing known":                      {},
		"an assigned address needs no agent": {assigned: "nic-0=192.0.2.5", want: "192.0.2.5"},
		"it comes once":                      {assigned: "nic-0=192.0.2.5", reported: "nic-0=192.0.2.5", want: "192.0.2.5"},
		"the VIP of a Service":               {assigned: "nic-0=192.0.2.5", reported: "nic-0=192.0.2.5 nic-0=192.0.2.77", want: "192.0.2.5"},
		"the VIP of a Service, listed first": {assigned: "nic-0=192.0.2.5", reported: "nic-0=192.0.2.77 nic-0=192.0.2.5", want: "192.0.2.5"},
		"the VIP of a Service, with DHCP":    {reported: "nic-0=192.0.2.5 nic-0=192.0.2.77", want: "192.0.2.5"},
		"the endpoint":                       {reported: "nic-0=192.0.2.9 nic-0=192.0.2.5", endpoint: "192.0.2.9", want: "192.0.2.5"},
		"the endpoint by name":               {assigned: "nic-0=192.0.2.5", reported: "nic-0=192.0.2.5 nic-0=192.0.2.9", endpoint: "api.example", want: "192.0.2.5"},
		"the endpoint in another spelling":   {reported: "nic-0=2001:db8::9 nic-0=2001:db8:1::5", endpoint: "2001:DB8:0:0::9", want: "2001:db8:1::5"},
		"the endpoint as IPv4 in IPv6":       {reported: "nic-0=192.0.2.9 nic-0=192.0.2.5", endpoint: "::ffff:192.0.2.9", want: "192.0.2.5"},
		"an assigned endpoint":               {assigned: "nic-0=192.0.2.9", endpoint: "192.0.2.9"},
		"a temporary address":                {reported: "nic-0=2001:db8::beef nic-0=2001:db8::5054:ff:fe12:3456", want: "2001:db8::5054:ff:fe12:3456"},
		"a temporary address, listed last":   {reported: "nic-0=2001:db8::5054:ff:fe12:3456 nic-0=2001:db8::beef", want: "2001:db8::5054:ff:fe12:3456"},
		"a temporary and an opaque address":  {reported: "nic-0=2001:db8::beef nic-0=2001:db8::abcd", want: "2001:db8::abcd"},
		"two networks of IPv6":               {reported: "nic-0=2001:db8::1 nic-0=fd00::1", want: "2001:db8::1 fd00::1"},
		"both families, one assigned":        {assigned: "nic-0=192.0.2.5", reported: "nic-0=2001:db8::5 nic-0=192.0.2.5", want: "192.0.2.5 2001:db8::5"},
		"both families, both assigned":       {assigned: "nic-0=192.0.2.5 nic-0=2001:db8::5", reported: "nic-0=2001:db8::77", want: "192.0.2.5 2001:db8::5"},
		"two interfaces":                     {assigned: "nic-1=198.51.100.5", reported: "nic-0=192.0.2.5 nic-1=198.51.100.77", want: "192.0.2.5 198.51.100.5"},
		"an interface that is not the VM's":  {reported: "cni0=10.42.0.1 nic-0=192.0.2.5", want: "192.0.2.5"},
	} {
		t.Run(name, func(t *testing.T) {
			assigned := map[string][]netip.Addr{}
			for _, pair := range strings.Fields(test.assigned) {
				nic, ip, _ := strings.Cut(pair, "=")
				assigned[nic] = append(assigned[nic], netip.MustParseAddr(ip))
			}
			var reported []harvesterclient.Address
			for _, pair := range strings.Fields(test.reported) {
				nic, ip, _ := strings.Cut(pair, "=")
				reported = append(reported, harvesterclient.Address{NIC: nic, MAC: mac, IP: netip.MustParseAddr(ip)})
			}
			found := machineAddresses("m", []string{"nic-0", "nic-1"}, assigned, reported, test.endpoint)
			assert.Equal(t, "Hostname m", string(found[0].Type)+" "+found[0].Address)
			var got []string
			for _, address := range found[1:] {
				assert.EqualValues(t, "InternalIP", address.Type)
				got = append(got, address.Address)
			}
			assert.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}

// A VM of an older release calls its interfaces otherwise; the position tells which one is meant.
func TestInterfaceNames(t *testing.T) {
	s := &scope{machine: &infrav1.HarvesterMachine{Spec: infrav1.HarvesterMachineSpec{Networks: []string{"a", "b"}}}}
	assert.Equal(t, []string{"nic-0", "nic-1"}, interfaceNames(s))
	s.vm = &kubevirtv1.VirtualMachine{}
	assert.Len(t, interfaceNames(s), 2)
	s.vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}
	s.vm.Spec.Template.Spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{{Name: "old"}}
	assert.Equal(t, []string{"old", "nic-1"}, interfaceNames(s))
}
