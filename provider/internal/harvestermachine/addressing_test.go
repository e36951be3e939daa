package harvestermachine

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

func lease(address, subnet, gateway string) ipam.Lease {
	result := ipam.Lease{Pool: "p", Address: netip.MustParseAddr(address)}
	if subnet != "" {
		result.Subnet = netip.MustParsePrefix(subnet)
	}
	if gateway != "" {
		result.Gateway = netip.MustParseAddr(gateway)
	}
	return result
}

func TestLeasedAddress(t *testing.T) {
	for name, test := range map[string]struct {
		lease           ipam.Lease
		settings        netSettings
		prefix, gateway string
		fails           string
	}{
		"the settings hold":                         {lease("172.16.3.40", "172.16.3.0/24", "172.16.3.1"), netSettings{gateway: "172.16.0.1", mask: "255.255.0.0"}, "172.16.3.40/16", "172.16.0.1", ""},
		"a pool of another subnet brings its own":   {lease("10.0.0.40", "10.0.0.0/24", "10.0.0.1"), netSettings{gateway: "172.16.0.1", mask: "255.255.0.0"}, "10.0.0.40/24", "10.0.0.1", ""},
		"no settings":                               {lease("10.0.0.40", "10.0.0.0/24", "10.0.0.1"), netSettings{}, "10.0.0.40/24", "10.0.0.1", ""},
		"a pool without a gateway keeps the user's": {lease("10.0.0.40", "10.0.0.0/24", ""), netSettings{gateway: "10.0.0.254"}, "10.0.0.40/24", "10.0.0.254", ""},
		"IPv6 does not take an IPv4 mask":           {lease("2001:db8::5", "2001:db8::/64", "2001:db8::1"), netSettings{gateway: "172.16.0.1", mask: "255.255.0.0"}, "2001:db8::5/64", "2001:db8::1", ""},
		"a gateway of the other family is left out": {lease("2001:db8::5", "2001:db8::/64", ""), netSettings{gateway: "172.16.0.1", mask: "255.255.0.0"}, "2001:db8::5/64", "invalid IP", ""},
		"a link-local gateway is reached anyhow":    {lease("2001:db8::5", "2001:db8::/64", "2001:db8::1"), netSettings{gateway: "fe80::1", mask: "255.255.0.0"}, "2001:db8::5/64", "fe80::1", ""},
		"a link-local gateway beside a mask":        {lease("2001:db8::5", "2001:db8::/64", "2001:db8::1"), netSettings{gateway: "fe80::1", mask: "ffff:ffff:ffff::"}, "2001:db8::5/48", "fe80::1", ""},
		"nothing says how large the network is":     {lease("10.0.0.40", "", ""), netSettings{}, "", "", "set vmNetworkConfig.subnetMask"},
		"a mask with holes":                         {lease("10.0.0.40", "", ""), netSettings{mask: "255.0.255.0"}, "", "", "run of ones"},
		"a mask that is none":                       {lease("10.0.0.40", "", ""), netSettings{mask: "/16"}, "", "", "dotted form"},
		"a gateway that is none":                    {lease("10.0.0.40", "", ""), netSettings{mask: "255.255.0.0", gateway: "router"}, "", "", "gateway"},
		"a DNS server that is none":                 {lease("10.0.0.40", "", ""), netSettings{mask: "255.255.0.0", servers: []string{"dns"}}, "", "", "DNS server"},
	} {
		t.Run(name, func(t *testing.T) {
			static, err := leasedAddress(test.lease, test.settings)
			if test.fails != "" {
				require.ErrorContains(t, err, test.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.prefix, static.prefix.String())
			assert.Equal(t, test.gateway, static.gateway.String())
		})
	}
}

func TestFixedAddress(t *testing.T) {
	settings := netSettings{gateway: "10.0.0.1", mask: "255.255.255.0", servers: []string{"10.0.0.53"}}
	static, err := fixedAddress(&infrav1.NetworkConfig{Address: "10.0.0.9/16", Gateway: "10.0.0.254"}, settings)
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.9/16", static.prefix.String())
	assert.Equal(t, "10.0.0.254", static.gateway.String())
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("10.0.0.53")}, static.servers)

	static, err = fixedAddress(&infrav1.NetworkConfig{Address: "10.0.0.9", Gateway: "10.0.0.254", DNSServers: []string{"10.0.0.54"}}, settings)
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.9/24", static.prefix.String())
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("10.0.0.54")}, static.servers)

	_, err = fixedAddress(&infrav1.NetworkConfig{Address: "10.0.0.9", Gateway: "10.0.0.254"}, netSettings{})
	require.ErrorContains(t, err, "no prefix length")
	_, err = fixedAddress(&infrav1.NetworkConfig{Address: "here", Gateway: "10.0.0.254"}, settings)
	require.ErrorContains(t, err, "no IP address")
}

func TestMachineSettingsWin(t *testing.T) {
	cluster := &infrav1.VMNetworkConfig{Gateway: "10.0.0.1", SubnetMask: "255.255.0.0", DNSServers: []string{"10.0.0.53"}, DNSSearch: []string{"a"}}
	machine := &infrav1.MachineVMNetworkConfig{Gateway: "10.1.0.1", DNSServers: []string{"10.1.0.53"}}
	assert.Equal(t, netSettings{"10.1.0.1", "255.255.0.0", []string{"10.1.0.53"}, []string{"a"}}, settingsFor(cluster, machine))
	assert.Equal(t, netSettings{"10.0.0.1", "255.255.0.0", []string{"10.0.0.53"}, []string{"a"}}, settingsFor(cluster, nil))
	assert.Equal(t, netSettings{}, settingsFor(nil, nil))
}
