package cloudinit_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/cloudinit"
)

func TestParseNetwork(t *testing.T) {
	static := cloudinit.Interface{
		MAC: "02:00:00:00:00:01", Name: "eth0",
		Addresses: []netip.Prefix{netip.MustParsePrefix("127.50.1.10/16")}, Gateway: netip.MustParseAddr("127.50.0.1"),
	}
	for name, test := range map[string]struct {
		text string
		want []cloudinit.Interface
	}{
		"nothing": {"", nil},
		"version 1": {`
version: 1
config:
- type: physical
  name: eth0
  mac_address: "02:00:00:00:00:01"
  subnets:
  - {type: static, address: 127.50.1.10/16, gateway: 127.50.0.1, dns_nameservers: [1.1.1.1]}
- {type: nameserver, address: [1.1.1.1]}
`, []cloudinit.Interface{static}},
		"version 1 with a mask and a route": {`
network:
  version: 1
  config:
  - type: physical
    name: eth0
    mac_address: 02-00-00-00-00-01
    subnets:
    - type: static
      address: 127.50.1.10
      netmask: 255.255.0.0
      routes: [{network: 0.0.0.0, netmask: 0.0.0.0, gateway: 127.50.0.1}]
`, []cloudinit.Interface{static}},
		"version 2": {`
version: 2
ethernets:
  nic0:
    match: {macaddress: "02:00:00:00:00:01"}
    set-name: eth0
    addresses: [127.50.1.10/16]
    routes: [{to: default, via: 127.50.0.1}]
`, []cloudinit.Interface{static}},
		"version 2 with the old gateway, in upper case": {`
network: {version: 2, ethernets: {eth0: {match: {macaddress: "02:00:00:00:00:01"}, addresses: [127.50.1.10/16], gateway4: 127.50.0.1}}}
`, []cloudinit.Interface{static}},
		"leases": {`
version: 2
ethernets:
  b: {dhcp4: true}
  a: {dhcp4: false, addresses: ["fd00::1/64", 127.50.1.1]}
`, []cloudinit.Interface{
			{Name: "a", Addresses: []netip.Prefix{netip.MustParsePrefix("fd00::1/64"), netip.MustParsePrefix("127.50.1.1/32")}},
			{Name: "b", DHCP4: true},
		}},
		"a lease in version 1": {"version: 1\nconfig: [{type: physical, name: e, subnets: [{type: dhcp}]}]\n", []cloudinit.Interface{{Name: "e", DHCP4: true}}},
	} {
		interfaces, err := cloudinit.ParseNetwork([]byte(test.text))
		require.NoError(t, err, name)
		assert.Equal(t, test.want, interfaces, name)
	}
}

func TestParseNetworkRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no version":      "ethernets: {}",
		"another version": "version: 3",
		"no mapping":      "- a",
		"no address":      "version: 2\nethernets: {a: {addresses: [here]}}",
		"a bad MAC":       "version: 2\nethernets: {a: {match: {macaddress: here}}}",
		"a bad mask":      "version: 1\nconfig: [{type: physical, name: a, subnets: [{type: static, address: 1.2.3.4, netmask: 255.0.255.0}]}]",
		"no mask at all":  "version: 1\nconfig: [{type: physical, name: a, subnets: [{type: static, address: 1.2.3.4, netmask: x}]}]",
	} {
		_, err := cloudinit.ParseNetwork([]byte(text))
		require.ErrorIs(t, err, cloudinit.ErrMalformed, name)
	}
}

func FuzzParseNetwork(f *testing.F) {
	f.Add([]byte("version: 2\nethernets: {a: {match: {macaddress: '02:00:00:00:00:01'}, addresses: [127.50.1.10/16]}}"))
	f.Add([]byte("version: 1\nconfig: [{type: physical, name: a, subnets: [{type: static, address: 1.2.3.4, netmask: 255.255.0.0}]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		interfaces, err := cloudinit.ParseNetwork(data)
		if err != nil {
			require.ErrorIs(t, err, cloudinit.ErrMalformed)
			return
		}
		for _, found := range interfaces {
			for _, address := range found.Addresses {
				assert.True(t, address.IsValid())
			}
		}
	})
}
