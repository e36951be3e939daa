//go:build judge

package judge

import (
	"regexp"
	"strings"
)

// losses are what cloud-init's renderers drop or change of our network-data, by where: release, version, renderer.
// docs/cloud-init.md tells operators of the same.
var losses = []struct {
	where  string
	reason string
	drop   func(*layout)
}{
	{`/sles-sysconfig$`, "no gateway and no route is written: the quirk suse-static-routes", eachLink(func(n *link) {
		n.Gateways, n.Routes = nil, nil
	})},
	{`^old/v1/sles-sysconfig$`, "name servers of an interface are not written: use version 2", func(l *layout) {
		l.DNS, l.Search = nil, nil
	}},
	{`/(sles-sysconfig|rhel-sysconfig|debian-eni|fedora-network-manager)$`,
		"what a lease must not bring is brought", eachLink(func(n *link) { n.NoRoutes, n.NoDNS = false, false })},
	{`/(sles-sysconfig|fedora-network-manager)$`, "nor do the routes of a lease come last: the quirk suse-dhcp-routes",
		eachLink(func(n *link) { n.Metric = "" })},
	{`/(sles-sysconfig|rhel-sysconfig|debian-eni|fedora-network-manager)$|^old/.*/ubuntu-networkd$`,
		"the boot waits for an optional interface, if it waits for any", eachLink(func(n *link) { n.Optional = false })},
	{`/ubuntu-networkd$`, "no VLAN is made, though its addresses are", eachLink(func(n *link) { n.VLAN = "" })},
	{`^old/v2/(ubuntu-networkd|debian-eni|rhel-sysconfig|fedora-network-manager)$|^old/v1/fedora-network-manager$`,
		"the metric of a route is dropped", eachLink(dropMetrics)},
	{`^old/v2/fedora-network-manager$`, "IPv6 routes stand among the IPv4 ones: use version 1", eachLink(func(n *link) {
		n.Routes = only(n.Routes, func(route string) bool { return !strings.Contains(route, ":") })
	})},
	{`/v1/fedora-network-manager$`, "an interface without addresses asks for a lease", eachLink(func(n *link) {
		n.DHCP4 = n.DHCP4 || !n.DHCP6 && len(n.Addresses) == 0
	})},
	{`/(sles-sysconfig|rhel-sysconfig|debian-eni|ubuntu-networkd|fedora-network-manager)$`,
		"no mark says that a router is on the link", eachLink(func(n *link) { n.OnLink = nil })},
	{`/fedora-network-manager$`, "the MTU of a VLAN is dropped", eachLink(func(n *link) {
		if n.VLAN != "" {
			n.MTU = ""
		}
	})},
}

// lose takes out of what was meant what is lost at one place.
func lose(where string, meant *layout) {
	for _, loss := range losses {
		if regexp.MustCompile(loss.where).MatchString(where) {
			loss.drop(meant)
		}
	}
}

func eachLink(drop func(*link)) func(*layout) {
	return func(l *layout) {
		for _, each := range l.Interfaces {
			drop(each)
		}
	}
}

func dropMetrics(n *link) {
	for i, route := range n.Routes {
		n.Routes[i], _, _ = strings.Cut(route, " metric ")
	}
}

func only(values []string, keep func(string) bool) []string {
	var kept []string
	for _, value := range values {
		if keep(value) {
			kept = append(kept, value)
		}
	}
	return kept
}
