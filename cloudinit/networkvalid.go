package cloudinit

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
)

const (
	minMTU  = 68
	minMTU6 = 1280
	maxMTU  = 65535
	// maxDomain is how many characters a domain has at most, the dot at its end not counted.
	maxDomain = 253
)

var (
	interfacePattern = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.]{0,14}$`)
	// domainPattern is wider than that of a host's name: a resolver also completes names by domains such as
	// _tcp.example.com, and a dot at the end says that a domain is complete.
	domainPattern = regexp.MustCompile(`^[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?)*\.?$`)
)

func (n Network) validate() error {
	names, macs := make(map[string]bool), make(map[string]bool)
	for i, nic := range n.NICs {
		at := fmt.Sprintf("NICs[%d]", i)
		if err := nic.validate(at); err != nil {
			return err
		}
		if names[nic.Name] {
			return refuse(at+".Name", "is another interface's too")
		}
		if macs[nic.MAC.String()] {
			return refuse(at+".MAC", "is another interface's too")
		}
		names[nic.Name], macs[nic.MAC.String()] = true, true
	}
	for i, vlan := range n.VLANs {
		at := fmt.Sprintf("VLANs[%d]", i)
		if err := vlan.validate(at, n.NICs); err != nil {
			return err
		}
		if names[vlan.Name] {
			return refuse(at+".Name", "is another interface's too")
		}
		names[vlan.Name] = true
	}
	return nil
}

func (n NIC) validate(at string) error {
	if !unicast(n.MAC) {
		return refuse(at+".MAC", "is not a unicast address of 6 bytes")
	}
	return n.validateSettings(at)
}

// validateSettings looks at what every kind of interface has.
func (n NIC) validateSettings(at string) error {
	if !interfacePattern.MatchString(n.Name) {
		return refuse(at+".Name", "is not an interface name of at most 15 characters")
	}
	for i, address := range n.Addresses {
		if !address.IsValid() || address.Addr().Is4In6() || address.Addr().Zone() != "" || address.Addr().IsUnspecified() {
			return refuse(fmt.Sprintf("%s.Addresses[%d]", at, i), "is not an address with a prefix length")
		}
	}
	if n.DHCPByMAC && !n.DHCP4 {
		return refuse(at+".DHCPByMAC", "needs DHCP4")
	}
	if leased := n.DHCP4 || n.DHCP6; n.NoDHCPRoutes && !leased {
		return refuse(at+".NoDHCPRoutes", "needs DHCP4 or DHCP6")
	} else if n.NoDHCPDNS && !leased {
		return refuse(at+".NoDHCPDNS", "needs DHCP4 or DHCP6")
	}
	if err := n.validateRouters(at); err != nil {
		return err
	}
	for i, server := range n.DNSServers {
		if !server.IsValid() || server.IsUnspecified() {
			return refuse(fmt.Sprintf("%s.DNSServers[%d]", at, i), "is not an address")
		}
	}
	for i, domain := range n.SearchDomains {
		if len(strings.TrimSuffix(domain, ".")) > maxDomain || !domainPattern.MatchString(domain) {
			return refuse(fmt.Sprintf("%s.SearchDomains[%d]", at, i), "is not a domain name")
		}
	}
	return n.validateMTU(at)
}

func (n NIC) validateRouters(at string) error {
	if err := n.validateGateway(at+".Gateway4", n.Gateway4, true); err != nil {
		return err
	}
	if err := n.validateGateway(at+".Gateway6", n.Gateway6, false); err != nil {
		return err
	}
	for i, route := range n.Routes {
		field := fmt.Sprintf("%s.Routes[%d]", at, i)
		if !route.To.IsValid() || !route.Via.IsValid() || route.To.Addr().Is4() != route.Via.Is4() || route.Via.IsUnspecified() {
			return refuse(field, "needs a destination and a router of one family")
		}
		if route.Metric < 0 {
			return refuse(field+".Metric", "is negative")
		}
	}
	return nil
}

func (n NIC) validateGateway(field string, gateway netip.Addr, is4 bool) error {
	switch {
	case !gateway.IsValid():
		return nil
	case gateway.Is4In6() || gateway.Is4() != is4 || gateway.IsUnspecified() || gateway.Zone() != "":
		return refuse(field, "is not an address of its family")
	case !n.hasFamily(gateway):
		return refuse(field, "needs a static address of its family")
	}
	return nil
}

func (n NIC) validateMTU(at string) error {
	least := minMTU
	if n.DHCP6 || n.hasFamily(netip.IPv6Unspecified()) {
		least = minMTU6
	}
	if n.MTU != 0 && (n.MTU < least || n.MTU > maxMTU) {
		return refuse(at+".MTU", fmt.Sprintf("is not between %d and %d", least, maxMTU))
	}
	return nil
}

func unicast(mac net.HardwareAddr) bool {
	const group = 1
	zero := [6]byte{}
	return len(mac) == len(zero) && mac[0]&group == 0 && [6]byte(mac) != zero
}

func refuse(field, problem string) error {
	return fmt.Errorf("%w: %s %s", ErrInvalidNetwork, field, problem)
}
