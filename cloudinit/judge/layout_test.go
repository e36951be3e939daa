//go:build judge

package judge

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// layout is what a guest's network comes to, whatever form it is written in.
type layout struct {
	Interfaces map[string]*link
	// DNS and Search are the whole machine's: renderers differ in where they put them.
	DNS, Search []string
}

type link struct {
	MAC          string
	DHCP4, DHCP6 bool
	Addresses    []string
	Gateways     []string
	// Routes read "destination via router", with " metric N" if there is one.
	Routes []string
	// OnLink are the routers that are in no subnet and need not be.
	OnLink []string
	MTU    string
	// NoRoutes and NoDNS tell what a lease does not bring, Metric that of the routes it brings.
	NoRoutes, NoDNS bool
	Metric          string
	// Optional tells that the boot does not wait for it.
	Optional bool
	// VLAN reads "tag on link".
	VLAN string
}

func newLayout() *layout { return &layout{Interfaces: map[string]*link{}} }

func (l *layout) on(name string) *link {
	if l.Interfaces[name] == nil {
		l.Interfaces[name] = &link{}
	}
	return l.Interfaces[name]
}

// route adds a route, or a gateway if it leads everywhere.
func (n *link) route(to, via, metric string) {
	if to == "" || to == "default" || to == "0.0.0.0/0" || to == "::/0" {
		n.gateway(via)
		return
	}
	text := netip.MustParsePrefix(to).String() + " via " + via
	if metric != "" {
		text += " metric " + metric
	}
	n.Routes = append(n.Routes, text)
}

func (n *link) gateway(router string) {
	if router != "" {
		n.Gateways = append(n.Gateways, router)
	}
}

// onLink leaves out routers with link-local addresses, which are on the link anyway.
func (n *link) onLink(router string) {
	if !netip.MustParseAddr(router).IsLinkLocalUnicast() {
		n.OnLink = append(n.OnLink, router)
	}
}

// address takes a prefix, or an address with a netmask.
func (n *link) address(address, mask string) {
	switch {
	case address == "":
	case mask == "":
		n.Addresses = append(n.Addresses, netip.MustParsePrefix(address).String())
	default:
		n.Addresses = append(n.Addresses, address+"/"+prefixLength(mask))
	}
}

func prefixLength(mask string) string {
	parsed := netip.MustParseAddr(mask)
	ones, _ := net.IPMask(parsed.AsSlice()).Size()
	return netip.PrefixFrom(netip.IPv4Unspecified(), ones).String()[len("0.0.0.0/"):]
}

// sorted puts everything that has no order into one, and leaves out what is said twice.
func (l *layout) sorted() *layout {
	set := func(values []string) []string {
		values = slices.DeleteFunc(values, func(value string) bool { return value == "" })
		if len(values) == 0 {
			return nil
		}
		slices.Sort(values)
		return slices.Compact(values)
	}
	l.DNS, l.Search = set(l.DNS), set(l.Search)
	for _, each := range l.Interfaces {
		each.Addresses, each.Gateways, each.Routes = set(each.Addresses), set(each.Gateways), set(each.Routes)
	}
	return l
}

type netplanDevice struct {
	Match              struct{ Macaddress string }
	DHCP4              bool
	DHCP6              bool
	Addresses          []string
	Gateway4, Gateway6 string
	Routes             []struct {
		To, Via, Metric string
		OnLink          bool `yaml:"on-link"`
	}
	Nameservers         struct{ Addresses, Search []string }
	MTU, ID, Link, Name string
	Optional            bool
	Overrides           struct {
		UseRoutes *bool  `yaml:"use-routes"`
		UseDNS    *bool  `yaml:"use-dns"`
		Metric    string `yaml:"route-metric"`
	} `yaml:"dhcp4-overrides"`
}

// ofLease says what a lease brings.
func (d netplanDevice) ofLease(into *link) {
	into.NoRoutes = d.Overrides.UseRoutes != nil && !*d.Overrides.UseRoutes
	into.NoDNS = d.Overrides.UseDNS != nil && !*d.Overrides.UseDNS
	into.Metric = d.Overrides.Metric
}

// fromNetplan reads version 2 of network-config, with or without the key "network" around it.
func fromNetplan(t *testing.T, text string) *layout {
	t.Helper()
	type body struct{ Ethernets, Vlans map[string]netplanDevice }
	var file struct {
		Network *body
		body    `yaml:",inline"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &file))
	content := file.body
	if file.Network != nil {
		content = *file.Network
	}
	found := newLayout()
	for _, devices := range []map[string]netplanDevice{content.Ethernets, content.Vlans} {
		for name, device := range devices {
			into := found.on(name)
			into.MAC, into.MTU, into.DHCP4, into.DHCP6 = device.Match.Macaddress, device.MTU, device.DHCP4, device.DHCP6
			into.Optional = device.Optional
			device.ofLease(into)
			for _, address := range device.Addresses {
				into.address(address, "")
			}
			into.gateway(device.Gateway4)
			into.gateway(device.Gateway6)
			for _, route := range device.Routes {
				into.route(route.To, route.Via, route.Metric)
				if route.OnLink {
					into.onLink(route.Via)
				}
			}
			if device.Link != "" {
				into.VLAN = device.ID + " on " + device.Link
			}
			found.DNS = append(found.DNS, device.Nameservers.Addresses...)
			found.Search = append(found.Search, device.Nameservers.Search...)
		}
	}
	return found.sorted()
}

// section is one of an INI file; keys may stand several times in one.
type section struct {
	name string
	keys map[string][]string
}

func (s section) first(key string) string {
	if len(s.keys[key]) == 0 {
		return ""
	}
	return s.keys[key][0]
}

func sections(text string) []section {
	var found []section
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, header := strings.CutPrefix(line, "["); header {
			found = append(found, section{strings.TrimSuffix(name, "]"), map[string][]string{}})
			continue
		}
		key, value, assigned := strings.Cut(line, "=")
		if assigned && len(found) > 0 && !strings.HasPrefix(line, "#") {
			keys := found[len(found)-1].keys
			keys[key] = append(keys[key], value)
		}
	}
	return found
}
