package cloudinit

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// Network describes all interfaces of a guest.
type Network struct {
	// NICs in the guest's order.
	NICs []NIC
	// VLANs on top of them.
	VLANs []VLAN
}

// NIC is one interface, found by its MAC address and renamed to Name. One with neither a lease nor an address is brought
// up and left unconfigured.
type NIC struct {
	// Name the guest gives the interface, such as eth0: at most 15 characters, unique.
	Name string
	// MAC is the address the hypervisor gives the interface: 6 bytes, unicast, unique.
	MAC net.HardwareAddr
	// DHCP4 and DHCP6 ask for a lease.
	DHCP4, DHCP6 bool
	// DHCPByMAC makes the client name itself by MAC address when it asks for a lease, rather than by an identity that
	// came with the image. It needs DHCP4, and version 2 and netplan, which alone know of it.
	DHCPByMAC bool
	// NoDHCPRoutes and NoDHCPDNS take from a lease neither its routes, the default one included, nor its name servers. Both
	// need a lease and version 2.
	NoDHCPRoutes, NoDHCPDNS bool
	// Optional lets the guest finish its boot without this interface. It needs version 2.
	Optional bool
	// Addresses are static addresses, each with its subnet's prefix length.
	Addresses []netip.Prefix
	// Gateway4 and Gateway6 are the default routes; zero means none. Each needs a static address of its family. One that
	// lies in no subnet of Addresses is reached on the link, which only version 2 can say.
	Gateway4, Gateway6 netip.Addr
	// Routes beside the default ones. In version 1 each needs a static address of its family.
	Routes []Route
	// DNSServers are asked in this order.
	DNSServers []netip.Addr
	// SearchDomains complete short names, in this order: at most 253 characters each, letters, digits, hyphens and
	// underscores between dots, with or without a dot at the end.
	SearchDomains []string
	// MTU in bytes, from 68, or 1280 with IPv6, to 65535; 0 leaves the kernel's.
	MTU int
}

// Route sends a destination through a router.
type Route struct {
	// To is the destination.
	To netip.Prefix
	// Via is the router, of To's address family.
	Via netip.Addr
	// Metric orders routes to one destination, lower first; 0 leaves it to the guest.
	Metric int
}

// RenderNetworkData writes network-config for the given version, 1 or 2. An error is ErrInvalidNetwork and names the
// field.
//
// The forms are chosen for what cloud-init 22.4 to 26.2 really does with them: interfaces are matched by MAC and named
// with set-name, since some renderers take a bare match for a literal name; in version 1 routes and name servers stand
// inside a subnet, since at the top they get lost or land on every interface.
func RenderNetworkData(n Network, version int) ([]byte, error) {
	if err := n.validate(); err != nil {
		return nil, err
	}
	switch version {
	case 1:
		root, err := n.version1()
		if err != nil {
			return nil, err
		}
		return encode(root)
	case 2:
		return encode(n.version2())
	}
	return nil, fmt.Errorf("%w: version %d is neither 1 nor 2", ErrInvalidNetwork, version)
}

// hasFamily tells whether a static address of addr's family is there.
func (n NIC) hasFamily(addr netip.Addr) bool {
	return slices.ContainsFunc(n.Addresses, func(p netip.Prefix) bool { return p.Addr().Is4() == addr.Is4() })
}

// offSubnet tells whether a router lies in none of the interface's subnets. A link-local one is always reachable.
func (n NIC) offSubnet(router netip.Addr) bool {
	return !router.IsLinkLocalUnicast() && !slices.ContainsFunc(n.Addresses, func(p netip.Prefix) bool { return p.Masked().Contains(router) })
}

// gateways are the default routes that are set, IPv4 first.
func (n NIC) gateways() []netip.Addr {
	return slices.DeleteFunc([]netip.Addr{n.Gateway4, n.Gateway6}, func(a netip.Addr) bool { return !a.IsValid() })
}

// everywhere is the destination of a default route through a router.
func everywhere(router netip.Addr) netip.Prefix {
	if router.Is4() {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}
