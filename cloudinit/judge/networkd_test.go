//go:build judge

package judge

import (
	"path/filepath"
	"strings"
)

// netplansMetric is that of every lease's routes if nothing else is said.
const netplansMetric = "100"

// fromNetworkd reads systemd-networkd's files, as cloud-init writes them and as netplan does.
func fromNetworkd(files map[string]string) *layout {
	found := newLayout()
	parents := map[string]string{}
	for name, text := range files {
		if filepath.Ext(name) == ".network" {
			networkFile(found, sections(text), parents)
		}
	}
	for name, text := range files {
		if filepath.Ext(name) == ".netdev" {
			netdevFile(found, sections(text), parents)
		}
	}
	return found.sorted()
}

func networkFile(found *layout, all []section, parents map[string]string) {
	var into *link
	for _, each := range all {
		if each.name == "Match" {
			name := each.first("Name")
			into = found.on(name)
			into.MAC = each.first("MACAddress") + each.first("PermanentMACAddress")
			for _, other := range all {
				for _, vlan := range other.keys["VLAN"] {
					parents[vlan] = name
				}
			}
		}
	}
	for _, each := range all {
		into.networkdSection(each)
		for _, servers := range each.keys["DNS"] {
			found.DNS = append(found.DNS, strings.Fields(servers)...)
		}
		for _, domains := range each.keys["Domains"] {
			found.Search = append(found.Search, strings.Fields(domains)...)
		}
	}
}

func (n *link) networkdSection(s section) {
	for _, address := range s.keys["Address"] {
		n.address(address, "")
	}
	switch s.name {
	case "Link":
		n.MTU += s.first("MTUBytes")
		n.Optional = n.Optional || s.first("RequiredForOnline") == "no"
	case "DHCP", "DHCPv4":
		n.NoRoutes = n.NoRoutes || strings.EqualFold(s.first("UseRoutes"), "false")
		n.NoDNS = n.NoDNS || strings.EqualFold(s.first("UseDNS"), "false")
		if metric := s.first("RouteMetric"); metric != netplansMetric {
			n.Metric += metric
		}
	case "Route":
		n.route(s.first("Destination"), s.first("Gateway"), s.first("Metric"))
		if s.first("GatewayOnLink") != "" {
			n.onLink(s.first("Gateway"))
		}
	case "Network":
		n.Gateways = append(n.Gateways, s.keys["Gateway"]...)
		lease := s.first("DHCP")
		n.DHCP4, n.DHCP6 = lease == "yes" || lease == "ipv4", lease == "yes" || lease == "ipv6"
	}
}

func netdevFile(found *layout, all []section, parents map[string]string) {
	name, tag := "", ""
	for _, each := range all {
		if each.name == "NetDev" {
			name = each.first("Name")
		}
		if each.name == "VLAN" {
			tag = each.first("Id")
		}
	}
	found.on(name).VLAN = tag + " on " + parents[name]
}

// fromNetworkManager reads keyfiles. A route in the section of the other address family is one that NetworkManager
// refuses.
func fromNetworkManager(files map[string]string) *layout {
	found := newLayout()
	names := map[string]string{}
	for file, text := range files {
		for _, each := range sections(text) {
			if each.name == "connection" {
				names[each.first("uuid")] = connectionName(file)
			}
		}
	}
	for file, text := range files {
		if filepath.Ext(file) != ".nmconnection" {
			continue
		}
		into := found.on(connectionName(file))
		for _, each := range sections(text) {
			into.keyfileSection(each, names)
			found.DNS = append(found.DNS, strings.Split(each.first("dns"), ";")...)
			found.Search = append(found.Search, strings.Split(each.first("dns-search"), ";")...)
		}
	}
	return found.sorted()
}

func connectionName(file string) string {
	return strings.TrimPrefix(strings.TrimSuffix(filepath.Base(file), ".nmconnection"), "cloud-init-")
}

func (n *link) keyfileSection(s section, names map[string]string) {
	switch s.name {
	case "ethernet":
		n.MAC, n.MTU = s.first("mac-address"), s.first("mtu")
	case "vlan":
		n.VLAN = s.first("id") + " on " + names[s.first("parent")]
	case "ipv4":
		n.DHCP4 = s.first("method") == "auto"
	case "ipv6":
		n.DHCP6 = s.first("method") == "auto" || s.first("method") == "dhcp"
	}
	is6 := s.name == "ipv6"
	n.gateway(s.first("gateway"))
	for key := range s.keys {
		fields := strings.Split(s.first(key), ",")
		switch {
		case strings.HasPrefix(key, "address"):
			n.address(fields[0], "")
		case strings.HasPrefix(key, "route") && strings.Contains(fields[0], ":") == is6:
			n.route(fields[0], fields[1], strings.Join(fields[2:], ""))
		}
	}
}
