package cloudinit

import (
	"net/netip"

	"go.yaml.in/yaml/v3"
)

func (n Network) version2() *yaml.Node {
	root, ethernets := mapping(), mapping()
	for _, nic := range n.NICs {
		add(ethernets, nic.Name, nic.version2())
	}
	add(root, "version", number(2))
	add(root, "ethernets", ethernets)
	if len(n.VLANs) > 0 {
		vlans := mapping()
		for _, vlan := range n.VLANs {
			add(vlans, vlan.Name, vlan.version2())
		}
		add(root, "vlans", vlans)
	}
	return root
}

func (n NIC) version2() *yaml.Node {
	node, match := mapping(), mapping()
	add(match, "macaddress", text(n.MAC.String()))
	add(node, "match", match)
	add(node, "set-name", text(n.Name))
	return n.settings2(node)
}

// settings2 adds what every kind of interface has.
func (n NIC) settings2(node *yaml.Node) *yaml.Node {
	add(node, "dhcp4", truth(n.DHCP4))
	add(node, "dhcp6", truth(n.DHCP6))
	if n.DHCPByMAC {
		add(node, "dhcp-identifier", plain("mac"))
	}
	n.addOverrides2(node)
	if n.Optional {
		add(node, "optional", truth(true))
	}
	if len(n.Addresses) > 0 {
		addresses := list()
		for _, address := range n.Addresses {
			addresses.Content = append(addresses.Content, text(address.String()))
		}
		add(node, "addresses", addresses)
	}
	n.addGateways2(node)
	if routes := n.routes2(); len(routes.Content) > 0 {
		add(node, "routes", routes)
	}
	if len(n.DNSServers)+len(n.SearchDomains) > 0 {
		servers := mapping()
		if len(n.DNSServers) > 0 {
			add(servers, "addresses", addrTexts(n.DNSServers))
		}
		if len(n.SearchDomains) > 0 {
			add(servers, "search", texts(n.SearchDomains))
		}
		add(node, "nameservers", servers)
	}
	if n.MTU != 0 {
		add(node, "mtu", number(n.MTU))
	}
	return node
}

// lastMetric puts the routes of a lease behind all others.
const lastMetric = 4096

// addOverrides2 says what of a lease is not taken. The renderers that do not know how to leave routes out know of their
// metric.
func (n NIC) addOverrides2(node *yaml.Node) {
	overrides := mapping()
	if n.NoDHCPRoutes {
		add(overrides, "use-routes", truth(false))
		add(overrides, "route-metric", number(lastMetric))
	}
	if n.NoDHCPDNS {
		add(overrides, "use-dns", truth(false))
	}
	if len(overrides.Content) == 0 {
		return
	}
	if n.DHCP4 {
		add(node, "dhcp4-overrides", overrides)
	}
	if n.DHCP6 {
		add(node, "dhcp6-overrides", overrides)
	}
}

// addGateways2 uses gateway4 and gateway6 although netplan calls them deprecated: cloud-init 22.4 turns a route to ::/0 into
// one to ::/64 for every renderer but netplan.
func (n NIC) addGateways2(node *yaml.Node) {
	for _, gateway := range n.gateways() {
		if n.offSubnet(gateway) {
			continue
		}
		if gateway.Is4() {
			add(node, "gateway4", text(gateway.String()))
		} else {
			add(node, "gateway6", text(gateway.String()))
		}
	}
}

// routes2 has the default routes that need the on-link mark, which gateway4 and gateway6 cannot carry, and all others.
func (n NIC) routes2() *yaml.Node {
	routes := list()
	for _, gateway := range n.gateways() {
		if n.offSubnet(gateway) {
			routes.Content = append(routes.Content, n.route2(Route{To: everywhere(gateway), Via: gateway}))
		}
	}
	for _, route := range n.Routes {
		routes.Content = append(routes.Content, n.route2(route))
	}
	return routes
}

func (n NIC) route2(route Route) *yaml.Node {
	node := mapping()
	add(node, "to", text(route.To.Masked().String()))
	add(node, "via", text(route.Via.String()))
	if route.Metric != 0 {
		add(node, "metric", number(route.Metric))
	}
	// Without a static address a lease brings the subnet that the router lies in.
	if n.hasFamily(route.Via) && n.offSubnet(route.Via) {
		add(node, "on-link", truth(true))
	}
	return node
}

func addrTexts(addrs []netip.Addr) *yaml.Node {
	items := list()
	for _, addr := range addrs {
		items.Content = append(items.Content, text(addr.String()))
	}
	return items
}
