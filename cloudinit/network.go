package cloudinit

import (
	"net"
	"net/netip"
)

// Network describes all interfaces of a guest.
type Network struct {
	// NICs in the guest's order.
	NICs []NIC
}

// NIC is one interface, found by its MAC address and renamed to Name.
type NIC struct {
	// Name the guest gives the interface, such as eth0.
	Name string
	// MAC is the address the hypervisor gives the interface.
	MAC net.HardwareAddr
	// DHCP4 and DHCP6 ask for a lease.
	DHCP4, DHCP6 bool
	// Addresses are static addresses, each with its subnet's prefix length.
	Addresses []netip.Prefix
	// Gateway4 and Gateway6 are the default routes; zero means none.
	Gateway4, Gateway6 netip.Addr
	// Routes beside the default ones.
	Routes []Route
	// DNSServers are asked in this order.
	DNSServers []netip.Addr
	// SearchDomains complete short names, in this order.
	SearchDomains []string
	// MTU in bytes; 0 leaves the kernel's.
	MTU int
}

// Route sends a destination through a router.
type Route struct {
	// To is the destination.
	To netip.Prefix
	// Via is the router; it must be of To's address family.
	Via netip.Addr
	// Metric orders routes to one destination, lower first; 0 leaves it to the guest.
	Metric int
}
