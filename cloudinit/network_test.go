package cloudinit

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func prefixes(texts ...string) []netip.Prefix {
	var parsed []netip.Prefix
	for _, text := range texts {
		parsed = append(parsed, netip.MustParsePrefix(text))
	}
	return parsed
}

func addrs(texts ...string) []netip.Addr {
	var parsed []netip.Addr
	for _, text := range texts {
		parsed = append(parsed, netip.MustParseAddr(text))
	}
	return parsed
}

func mac(last byte) net.HardwareAddr { return net.HardwareAddr{0x52, 0x54, 0, 0, 0, last} }

// networks are the cases of the golden files. The tests with real cloud-init read the same files.
func networks() map[string]Network {
	static := NIC{
		Name: "eth0", MAC: mac(1), Addresses: prefixes("172.16.3.40/16"), Gateway4: netip.MustParseAddr("172.16.0.1"),
		DNSServers: addrs("172.16.0.1", "9.9.9.9"), SearchDomains: []string{"example.org", "lab.example.org"},
	}
	dual := static
	dual.Addresses = prefixes("172.16.3.40/16", "2001:db8::40/64")
	dual.Gateway6, dual.MTU = netip.MustParseAddr("2001:db8::1"), 1450
	dual.DNSServers = addrs("172.16.0.1", "2001:db8::53")
	dual.Routes = []Route{
		{To: netip.MustParsePrefix("10.8.0.0/13"), Via: netip.MustParseAddr("172.16.0.2"), Metric: 50},
		{To: netip.MustParsePrefix("2001:db8:9::/48"), Via: netip.MustParseAddr("2001:db8::2")},
	}
	return map[string]Network{
		"static": {NICs: []NIC{static}},
		"dual":   {NICs: []NIC{dual}},
		"dhcp":   {NICs: []NIC{{Name: "eth0", MAC: mac(1), DHCP4: true, DHCP6: true}}},
		"several": {NICs: []NIC{static,
			{Name: "eth1", MAC: mac(2), DHCP4: true},
			{Name: "storage0", MAC: mac(3), Addresses: prefixes("10.20.0.7/24", "10.21.0.7/24"), MTU: 9000},
			{Name: "eth3", MAC: mac(4)},
		}},
		"vlan": {NICs: []NIC{static}, VLANs: []VLAN{{ID: 20, Link: "eth0", NIC: NIC{
			Name: "eth0.20", Addresses: prefixes("10.20.0.7/24"), MTU: 1400,
			Routes: []Route{{To: netip.MustParsePrefix("10.30.0.0/16"), Via: netip.MustParseAddr("10.20.0.1")}},
		}}}},
		"leading": {NICs: []NIC{static,
			{Name: "eth1", MAC: mac(2), DHCP4: true, NoDHCPRoutes: true, NoDHCPDNS: true},
			{Name: "eth2", MAC: mac(3), DHCP4: true, DHCP6: true, NoDHCPRoutes: true, Optional: true},
			{Name: "eth3", MAC: mac(4), Optional: true},
		}},
		"v6only": {NICs: []NIC{{
			Name: "eth0", MAC: mac(1), Addresses: prefixes("2001:db8::40/64"), Gateway6: netip.MustParseAddr("fe80::1"),
			DNSServers: addrs("2001:db8::53"),
		}}},
	}
}

func TestNetworkDataGolden(t *testing.T) {
	for name, network := range networks() {
		for version, suffix := range map[int]string{1: ".v1.yaml", 2: ".v2.yaml"} {
			if name == "leading" && version == 1 {
				continue // It has no words for this.
			}
			t.Run(name+suffix, func(t *testing.T) {
				rendered, err := RenderNetworkData(network, version)
				require.NoError(t, err)
				golden(t, "testdata/network/"+name+suffix, rendered)
			})
		}
	}
}

func TestGatewayOutsideOfTheSubnet(t *testing.T) {
	network := Network{NICs: []NIC{{
		Name: "eth0", MAC: mac(1), Addresses: prefixes("203.0.113.7/32"), Gateway4: netip.MustParseAddr("203.0.113.1"),
	}}}
	rendered, err := RenderNetworkData(network, 2)
	require.NoError(t, err)
	golden(t, "testdata/network/onlink.v2.yaml", rendered)
	_, err = RenderNetworkData(network, 1)
	require.ErrorIs(t, err, ErrInvalidNetwork)
	assert.ErrorContains(t, err, "NICs[0] has a gateway outside of its subnets")
}

func TestLeaseByMAC(t *testing.T) {
	network := Network{NICs: []NIC{{Name: "eth0", MAC: mac(1), DHCP4: true, DHCPByMAC: true}}}
	rendered, err := RenderNetworkData(network, 2)
	require.NoError(t, err)
	golden(t, "testdata/network/bymac.v2.yaml", rendered)
	_, err = RenderNetworkData(network, 1)
	require.ErrorIs(t, err, ErrInvalidNetwork)
	assert.ErrorContains(t, err, "NICs[0].DHCPByMAC")
}

// The first interface leads out, others have a choice.
func TestChoicesOfVersion2(t *testing.T) {
	rendered, err := RenderNetworkData(networks()["leading"], 2)
	require.NoError(t, err)
	golden(t, "testdata/network/leading.v2.yaml", rendered)
	for field, change := range map[string]func(*NIC){
		"NoDHCPRoutes": func(n *NIC) { n.NoDHCPRoutes = true },
		"NoDHCPDNS":    func(n *NIC) { n.NoDHCPDNS = true },
		"Optional":     func(n *NIC) { n.Optional = true },
	} {
		network := Network{NICs: []NIC{{Name: "eth0", MAC: mac(1), DHCP4: true}}}
		change(&network.NICs[0])
		_, err := RenderNetworkData(network, 1)
		require.ErrorIs(t, err, ErrInvalidNetwork)
		require.ErrorContains(t, err, "NICs[0]."+field+" cannot be said in version 1; use version 2")
		_, err = RenderNetworkData(network, 2)
		require.NoError(t, err)
	}
}

func networkOf(address, gateway, to, via, dns, domain string, mtu int, dhcp bool) Network {
	nic := NIC{Name: "eth0", MAC: mac(1), DHCP4: dhcp, MTU: mtu}
	if parsed, err := netip.ParsePrefix(address); err == nil {
		nic.Addresses = append(nic.Addresses, parsed)
	}
	if parsed, err := netip.ParseAddr(gateway); err == nil {
		if nic.Gateway6 = parsed; parsed.Is4() {
			nic.Gateway4, nic.Gateway6 = parsed, netip.Addr{}
		}
	}
	route := Route{}
	route.To, _ = netip.ParsePrefix(to)
	if route.Via, _ = netip.ParseAddr(via); route.Via.IsValid() {
		nic.Routes = append(nic.Routes, route)
	}
	if parsed, err := netip.ParseAddr(dns); err == nil {
		nic.DNSServers = append(nic.DNSServers, parsed)
	}
	if domain != "" {
		nic.SearchDomains = append(nic.SearchDomains, domain)
	}
	return Network{NICs: []NIC{nic}}
}

// A search domain may end in a dot, and a label of it may hold an underscore, as that of a service does.
func TestSearchDomains(t *testing.T) {
	long := strings.Repeat("a.", 126) + "a" // 253 characters
	for domain, valid := range map[string]bool{
		"example.org": true, "example.org.": true, "lab": true, "lab.": true, "_tcp.example.org": true, "a_b.example": true,
		"_": true, "7.example": true, "Example.ORG": true, long: true, long + ".": true, long + "a": false,
		strings.Repeat("a", 63) + ".org": true, strings.Repeat("a", 64) + ".org": false,
		"": false, ".": false, "..": false, ".example.org": false, "a..b": false, "example.org..": false, "-a.org": false, "a-.org": false,
		"a b": false, "a,b": false, "a\nb": false, "ä.org": false, "*.example.org": false, "~example.org": false,
	} {
		for _, version := range []int{1, 2} {
			network := networks()["dual"]
			network.NICs = network.NICs[:1]
			network.NICs[0].SearchDomains = []string{domain}
			text, err := RenderNetworkData(network, version)
			if !valid {
				require.ErrorIs(t, err, ErrInvalidNetwork, "%q", domain)
				continue
			}
			require.NoError(t, err, "%q", domain)
			assert.Contains(t, string(text), domain)
		}
	}
}

func TestInvalidNetwork(t *testing.T) {
	valid := func(change func(*NIC)) Network {
		nic := networks()["dual"].NICs[0]
		change(&nic)
		return Network{NICs: []NIC{nic}}
	}
	tagged := func(vlan VLAN) Network {
		return Network{NICs: []NIC{{Name: "a", MAC: mac(1), MTU: 1500}}, VLANs: []VLAN{vlan}}
	}
	v4, v6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")
	for field, network := range map[string]Network{
		"NICs[0].Name":             valid(func(n *NIC) { n.Name = "sixteen-letters0" }),
		"NICs[0].MAC":              valid(func(n *NIC) { n.MAC = net.HardwareAddr{1, 0, 0, 0, 0, 1} }),
		"NICs[0].Addresses[0]":     valid(func(n *NIC) { n.Addresses = []netip.Prefix{{}} }),
		"NICs[0].DHCPByMAC":        valid(func(n *NIC) { n.DHCPByMAC = true }),
		"NICs[0].NoDHCPRoutes":     valid(func(n *NIC) { n.NoDHCPRoutes = true }),
		"NICs[0].NoDHCPDNS":        valid(func(n *NIC) { n.NoDHCPDNS = true }),
		"NICs[0].Gateway4":         valid(func(n *NIC) { n.Gateway4 = v6 }),
		"NICs[0].Gateway6":         valid(func(n *NIC) { n.Addresses = prefixes("10.0.0.2/8"); n.Gateway6 = v6 }),
		"NICs[0].Routes[0]":        valid(func(n *NIC) { n.Routes = []Route{{To: netip.MustParsePrefix("::/0"), Via: v4}} }),
		"NICs[0].Routes[1].Metric": valid(func(n *NIC) { n.Routes = append(n.Routes[:1:1], Route{n.Routes[0].To, n.Routes[0].Via, -1}) }),
		"NICs[0].DNSServers[0]":    valid(func(n *NIC) { n.DNSServers = []netip.Addr{{}} }),
		"NICs[0].SearchDomains[0]": valid(func(n *NIC) { n.SearchDomains = []string{"a b"} }),
		"NICs[0].MTU":              valid(func(n *NIC) { n.MTU = 1000 }),
		"VLANs[0].ID":              tagged(VLAN{ID: 4095, Link: "a", NIC: NIC{Name: "b"}}),
		"VLANs[0].Link":            tagged(VLAN{ID: 1, Link: "b", NIC: NIC{Name: "b"}}),
		"VLANs[0].MAC":             tagged(VLAN{ID: 1, Link: "a", NIC: NIC{Name: "b", MAC: mac(2)}}),
		"VLANs[0].MTU":             tagged(VLAN{ID: 1, Link: "a", NIC: NIC{Name: "b", MTU: 1501}}),
		"VLANs[0].Name":            tagged(VLAN{ID: 1, Link: "a", NIC: NIC{Name: "a"}}),
		"VLANs[0].DNSServers[0]":   tagged(VLAN{ID: 1, Link: "a", NIC: NIC{Name: "b", DNSServers: []netip.Addr{{}}}}),
		"NICs[1].Name":             {NICs: []NIC{{Name: "a", MAC: mac(1)}, {Name: "a", MAC: mac(2)}}},
		"NICs[1].MAC":              {NICs: []NIC{{Name: "a", MAC: mac(1)}, {Name: "b", MAC: mac(1)}}},
	} {
		t.Run(field, func(t *testing.T) {
			for _, version := range []int{1, 2} {
				_, err := RenderNetworkData(network, version)
				require.ErrorIs(t, err, ErrInvalidNetwork)
				assert.ErrorContains(t, err, field+" ")
			}
		})
	}
	_, err := RenderNetworkData(Network{}, 3)
	require.ErrorIs(t, err, ErrInvalidNetwork)
	routeOnLease := Network{NICs: []NIC{{Name: "a", MAC: mac(1), DHCP4: true,
		Routes: []Route{{To: netip.MustParsePrefix("10.9.0.0/16"), Via: v4}}}}}
	_, err = RenderNetworkData(routeOnLease, 2)
	require.NoError(t, err)
	_, err = RenderNetworkData(routeOnLease, 1)
	require.ErrorIs(t, err, ErrInvalidNetwork)
}

func TestMACFor(t *testing.T) {
	seen := make(map[string]bool)
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"a"}, {"ab", "c"}, {"a", "bc"}, {"ns", "vm-1", "nic-0"}, {"ns", "vm-1", "nic-1"}} {
		got := MACFor(parts...)
		require.Len(t, got, 6)
		assert.Zero(t, got[0]&1, "unicast")
		assert.EqualValues(t, 2, got[0]&2, "locally administered")
		assert.Equal(t, got, MACFor(parts...))
		assert.False(t, seen[got.String()], "%v has another's address", parts)
		seen[got.String()] = true
	}
	assert.Equal(t, "42:8f:52:b4:77:ab", MACFor("ns", "vm-1", "nic-0").String(), "addresses must not change between releases")
}
