package cloudinit

import (
	"fmt"
	"net"
	"net/netip"

	"go.yaml.in/yaml/v3"
)

func (n Network) version1() (*yaml.Node, error) {
	root, config := mapping(), list()
	for i, nic := range n.NICs {
		device, err := nic.version1(fmt.Sprintf("NICs[%d]", i))
		if err != nil {
			return nil, err
		}
		config.Content = append(config.Content, device)
	}
	for i, vlan := range n.VLANs {
		device, err := vlan.version1(fmt.Sprintf("VLANs[%d]", i))
		if err != nil {
			return nil, err
		}
		config.Content = append(config.Content, device)
	}
	add(root, "version", number(1))
	add(root, "config", config)
	return root, nil
}

func (n NIC) version1(at string) (*yaml.Node, error) {
	node := mapping()
	add(node, "type", plain("physical"))
	add(node, "name", text(n.Name))
	add(node, "mac_address", text(n.MAC.String()))
	return n.settings1(node, at)
}

// settings1 adds what every kind of interface has.
func (n NIC) settings1(node *yaml.Node, at string) (*yaml.Node, error) {
	if n.MTU != 0 {
		add(node, "mtu", number(n.MTU))
	}
	subnets, err := n.subnets(at)
	if err != nil {
		return nil, err
	}
	add(node, "subnets", subnets)
	return node, nil
}

// subnets has one entry per lease and address. The first of a family carries that family's routes, and the very first
// the name servers.
func (n NIC) subnets(at string) (*yaml.Node, error) {
	if err := n.version1Can(at); err != nil {
		return nil, err
	}
	subnets := list()
	for _, lease := range []struct {
		wanted bool
		kind   string
	}{{n.DHCP4, "dhcp4"}, {n.DHCP6, "dhcp6"}} {
		if lease.wanted {
			subnets.Content = append(subnets.Content, subnet(lease.kind))
		}
	}
	routed := make(map[bool]bool)
	for _, address := range n.Addresses {
		is4 := address.Addr().Is4()
		// Not static6: from that, cloud-init 22.4 makes NetworkManager wait for a router's advertisement.
		entry := subnet("static")
		add(entry, "address", text(address.String()))
		if !routed[is4] {
			n.addRoutes1(entry, is4)
		}
		routed[is4] = true
		subnets.Content = append(subnets.Content, entry)
	}
	if len(subnets.Content) == 0 {
		subnets.Content = append(subnets.Content, subnet("manual"))
	}
	if first := subnets.Content[0]; len(n.DNSServers) > 0 || len(n.SearchDomains) > 0 {
		if len(n.DNSServers) > 0 {
			add(first, "dns_nameservers", addrTexts(n.DNSServers))
		}
		if len(n.SearchDomains) > 0 {
			add(first, "dns_search", texts(n.SearchDomains))
		}
	}
	return subnets, nil
}

// version1Can refuses what version 1 has no words for.
func (n NIC) version1Can(at string) error {
	for _, each := range []struct {
		wanted bool
		field  string
	}{{n.DHCPByMAC, ".DHCPByMAC"}, {n.NoDHCPRoutes, ".NoDHCPRoutes"}, {n.NoDHCPDNS, ".NoDHCPDNS"}, {n.Optional, ".Optional"}} {
		if each.wanted {
			return refuse(at+each.field, "cannot be said in version 1; use version 2")
		}
	}
	for _, gateway := range n.gateways() {
		if n.offSubnet(gateway) {
			return refuse(at, "has a gateway outside of its subnets, which version 1 cannot express; use version 2")
		}
	}
	for i, route := range n.Routes {
		if !n.hasFamily(route.Via) {
			return refuse(fmt.Sprintf("%s.Routes[%d]", at, i), "needs a static address of its family in version 1; use version 2")
		}
	}
	return nil
}

func (n NIC) addRoutes1(entry *yaml.Node, is4 bool) {
	for _, gateway := range n.gateways() {
		if gateway.Is4() == is4 {
			add(entry, "gateway", text(gateway.String()))
		}
	}
	routes := list()
	for _, route := range n.Routes {
		if route.Via.Is4() == is4 {
			routes.Content = append(routes.Content, route1(route))
		}
	}
	if len(routes.Content) > 0 {
		add(entry, "routes", routes)
	}
}

func route1(route Route) *yaml.Node {
	node, to := mapping(), route.To.Masked()
	add(node, "network", text(to.Addr().String()))
	add(node, "netmask", text(netmask(to)))
	add(node, "gateway", text(route.Via.String()))
	if route.Metric != 0 {
		add(node, "metric", number(route.Metric))
	}
	return node
}

// netmask is dotted in IPv4 and a prefix length in IPv6, as cloud-init reads it.
func netmask(prefix netip.Prefix) string {
	if !prefix.Addr().Is4() {
		return fmt.Sprint(prefix.Bits())
	}
	return net.IP(net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())).String()
}

func subnet(kind string) *yaml.Node {
	node := mapping()
	add(node, "type", plain(kind))
	return node
}
