//go:build judge

package judge

import (
	"path/filepath"
	"regexp"
	"strings"
)

// fromSysconfig reads the files of rhel and of sles.
func fromSysconfig(files map[string]string) *layout {
	found := newLayout()
	for path, text := range files {
		kind, name, interfaces := strings.Cut(filepath.Base(path), "-")
		switch {
		case filepath.Base(path) == "resolv.conf":
			resolvers(found, text)
		case !interfaces:
		case kind == "ifcfg":
			ifcfg(found, found.on(name), assignments(text))
		case kind == "route":
			numberedRoutes(found.on(name), assignments(text))
		case kind == "route6":
			lineRoutes(found.on(name), text)
		}
	}
	return found.sorted()
}

func assignments(text string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			found[key] = strings.Trim(value, `"'`)
		}
	}
	return found
}

func ifcfg(found *layout, into *link, set map[string]string) {
	into.MAC, into.MTU = set["HWADDR"]+set["LLADDR"], set["MTU"]
	into.Metric = set["METRIC"] + set["IPV4_ROUTE_METRIC"]
	lease := set["BOOTPROTO"]
	into.DHCP4 = lease == "dhcp" || lease == "dhcp4"
	into.DHCP6 = set["DHCPV6C"] == "yes" || set["DHCLIENT6_MODE"] == "managed"
	for key, value := range set {
		switch {
		case strings.HasPrefix(key, "IPADDR6"), key == "IPV6ADDR":
			into.address(value, "")
		case key == "IPV6ADDR_SECONDARIES":
			for _, address := range strings.Fields(value) {
				into.address(address, "")
			}
		case strings.HasPrefix(key, "IPADDR"):
			into.address(value, set["NETMASK"+strings.TrimPrefix(key, "IPADDR")])
		case strings.HasPrefix(key, "DNS"):
			found.DNS = append(found.DNS, value)
		case key == "DOMAIN":
			found.Search = append(found.Search, strings.Fields(value)...)
		}
	}
	into.gateway(set["GATEWAY"])
	into.gateway(set["IPV6_DEFAULTGW"])
	if set["VLAN"] == "yes" || set["VLAN_ID"] != "" {
		_, tag, _ := strings.Cut(set["DEVICE"], ".")
		into.VLAN = tag + set["VLAN_ID"] + " on " + set["PHYSDEV"] + set["ETHERDEVICE"]
	}
}

func numberedRoutes(into *link, set map[string]string) {
	for key, to := range set {
		if index, ok := strings.CutPrefix(key, "ADDRESS"); ok {
			into.route(to+"/"+prefixLength(set["NETMASK"+index]), set["GATEWAY"+index], set["METRIC"+index])
		}
	}
}

var lineRoute = regexp.MustCompile(`(?m)^(\S+) via (\S+)(?: metric (\d+))?`)

func lineRoutes(into *link, text string) {
	for _, route := range lineRoute.FindAllStringSubmatch(text, -1) {
		into.route(route[1], route[2], route[3])
	}
}

func resolvers(found *layout, text string) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2:
		case fields[0] == "nameserver":
			found.DNS = append(found.DNS, fields[1])
		case fields[0] == "search":
			found.Search = append(found.Search, fields[1:]...)
		}
	}
}

var (
	namedByMAC = regexp.MustCompile(`ATTR\{address\}=="([^"]+)", NAME="([^"]+)"`)
	eniRoute   = regexp.MustCompile(`^post-up route add (?:-net|-A inet6|-host)? ?(\S+) gw (\S+)(?: metric (\d+))?`)
)

// fromENI reads ifupdown's file, and the udev rules that name its interfaces.
func fromENI(files map[string]string) *layout {
	found := newLayout()
	for path, text := range files {
		if filepath.Base(path) == "50-cloud-init" {
			interfacesFile(found, text)
		}
	}
	for path, text := range files {
		if filepath.Ext(path) == ".rules" {
			for _, rule := range namedByMAC.FindAllStringSubmatch(text, -1) {
				found.on(rule[2]).MAC = rule[1]
			}
		}
	}
	delete(found.Interfaces, "lo")
	return found.sorted()
}

func interfacesFile(found *layout, text string) {
	into := &link{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "iface":
			into = found.on(fields[1])
			into.DHCP4 = into.DHCP4 || fields[2] == "inet" && fields[3] == "dhcp"
			into.DHCP6 = into.DHCP6 || fields[2] == "inet6" && fields[3] == "dhcp"
		case "address":
			into.address(fields[1], "")
		case "gateway":
			into.gateway(fields[1])
		case "mtu":
			into.MTU = fields[1]
		case "metric":
			into.Metric = fields[1]
		case "dns-nameservers":
			found.DNS = append(found.DNS, fields[1:]...)
		case "dns-search":
			found.Search = append(found.Search, fields[1:]...)
		case "vlan-raw-device":
			for name, each := range found.Interfaces {
				if each == into {
					_, tag, _ := strings.Cut(name, ".")
					into.VLAN = tag + " on " + fields[1]
				}
			}
		}
		if route := eniRoute.FindStringSubmatch(line); route != nil {
			into.route(route[1], route[2], route[3])
		}
	}
}
