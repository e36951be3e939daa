package cloudinit

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Interface is what network-data says about one network interface.
type Interface struct {
	// MAC selects the interface, in lower-case colon form. Empty for an entry
	// that is matched by Name alone.
	MAC string
	// Name is what the interface is called inside the machine.
	Name string
	// DHCP4 asks for a lease.
	DHCP4 bool
	// Addresses are static, the primary first.
	Addresses []netip.Prefix
	// Gateway is the IPv4 default route; zero when there is none.
	Gateway netip.Addr
}

// ParseNetwork reads network-data, version 1 or 2, with the "network" key
// around it or not. Empty data gives no interfaces: cloud-init then asks for a
// lease on the first one. Errors match ErrMalformed.
func ParseNetwork(data []byte) ([]Interface, error) {
	var document map[string]any
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("%w: network-data is not a YAML mapping", ErrMalformed)
	}
	if len(document) == 0 {
		return nil, nil
	}
	if inner := mapping(document["network"]); inner != nil {
		document = inner
	}
	switch version := text(document["version"]); version {
	case "1":
		return parseV1(list(document["config"]))
	case "2":
		return parseV2(mapping(document["ethernets"]))
	default:
		return nil, fmt.Errorf("%w: network-data has neither version 1 nor 2", ErrMalformed)
	}
}

func parseV1(config []any) ([]Interface, error) {
	var interfaces []Interface
	for _, entry := range config {
		fields := mapping(entry)
		if text(fields["type"]) != "physical" {
			continue
		}
		found, err := newInterface(text(fields["mac_address"]), text(fields["name"]))
		if err != nil {
			return nil, err
		}
		for _, subnet := range list(fields["subnets"]) {
			if err := found.addSubnetV1(mapping(subnet)); err != nil {
				return nil, fmt.Errorf("interface %s: %w", found.Name, err)
			}
		}
		interfaces = append(interfaces, found)
	}
	return interfaces, nil
}

func (i *Interface) addSubnetV1(subnet map[string]any) error {
	switch text(subnet["type"]) {
	case "dhcp", "dhcp4":
		i.DHCP4 = true
		return nil
	case "static", "static6":
	default:
		return nil
	}
	address := text(subnet["address"])
	if mask := text(subnet["netmask"]); mask != "" && !strings.Contains(address, "/") {
		bits, err := maskBits(mask)
		if err != nil {
			return err
		}
		address = fmt.Sprintf("%s/%d", address, bits)
	}
	if err := i.addAddress(address); err != nil {
		return err
	}
	i.setGateway(text(subnet["gateway"]))
	for _, route := range list(subnet["routes"]) {
		fields := mapping(route)
		if isDefault(text(fields["network"]), text(fields["destination"])) {
			i.setGateway(text(fields["gateway"]))
		}
	}
	return nil
}

func parseV2(ethernets map[string]any) ([]Interface, error) {
	var interfaces []Interface
	for _, id := range slices.Sorted(maps.Keys(ethernets)) {
		fields := mapping(ethernets[id])
		name := id
		if given := text(fields["set-name"]); given != "" {
			name = given
		}
		found, err := newInterface(text(mapping(fields["match"])["macaddress"]), name)
		if err != nil {
			return nil, err
		}
		found.DHCP4 = text(fields["dhcp4"]) == "true"
		for _, address := range texts(fields["addresses"]) {
			if err := found.addAddress(address); err != nil {
				return nil, fmt.Errorf("interface %s: %w", name, err)
			}
		}
		found.setGateway(text(fields["gateway4"]))
		for _, route := range list(fields["routes"]) {
			if to := mapping(route); isDefault(text(to["to"])) {
				found.setGateway(text(to["via"]))
			}
		}
		interfaces = append(interfaces, found)
	}
	return interfaces, nil
}

func newInterface(mac, name string) (Interface, error) {
	if mac == "" {
		return Interface{Name: name}, nil
	}
	parsed, err := net.ParseMAC(mac)
	if err != nil {
		return Interface{}, fmt.Errorf("%w: interface %s has an unreadable MAC address", ErrMalformed, name)
	}
	return Interface{MAC: parsed.String(), Name: name}, nil
}

// addAddress takes an address with its prefix length; a bare address stands
// for itself alone.
func (i *Interface) addAddress(address string) error {
	prefix, err := netip.ParsePrefix(address)
	if err != nil {
		bare, bareErr := netip.ParseAddr(address)
		if bareErr != nil {
			return fmt.Errorf("%w: %q is not an address", ErrMalformed, address)
		}
		prefix = netip.PrefixFrom(bare, bare.BitLen())
	}
	i.Addresses = append(i.Addresses, prefix)
	return nil
}

// setGateway keeps the first IPv4 gateway.
func (i *Interface) setGateway(gateway string) {
	if address, err := netip.ParseAddr(gateway); err == nil && address.Is4() && !i.Gateway.IsValid() {
		i.Gateway = address
	}
}

func isDefault(destinations ...string) bool {
	for _, destination := range destinations {
		switch destination {
		case "default", "0.0.0.0/0", "0.0.0.0":
			return true
		}
	}
	return false
}

func maskBits(mask string) (int, error) {
	parsed := net.ParseIP(mask).To4()
	ones, size := net.IPMask(parsed).Size()
	if size != 32 {
		return 0, fmt.Errorf("%w: %q is not a network mask", ErrMalformed, mask)
	}
	return ones, nil
}
