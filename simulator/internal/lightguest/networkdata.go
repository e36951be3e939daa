package lightguest

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// ErrNetworkData is returned for network-data that is neither version 1 nor 2.
var ErrNetworkData = errors.New("network-data cannot be read")

// Interface is what network-data says of one interface.
type Interface struct {
	// MAC is the address it is matched by, lower case; empty if by name or position.
	MAC string
	// DHCP tells that it asks for a lease.
	DHCP bool
	// Addresses are its static ones.
	Addresses []netip.Addr
}

// document holds both versions: 1 has a list called config, 2 a map called ethernets. Either may be wrapped in "network".
type document struct {
	Network   *document           `json:"network"`
	Version   int                 `json:"version"`
	Config    []physical          `json:"config"`
	Ethernets map[string]ethernet `json:"ethernets"`
}

// physical is an interface of version 1.
type physical struct {
	Type    string   `json:"type"`
	MAC     string   `json:"mac_address"`
	Subnets []subnet `json:"subnets"`
}

type subnet struct {
	Type    string `json:"type"`
	Address string `json:"address"`
}

// ethernet is an interface of version 2.
type ethernet struct {
	Match struct {
		MAC string `json:"macaddress"`
	} `json:"match"`
	DHCP4     bool     `json:"dhcp4"`
	DHCP6     bool     `json:"dhcp6"`
	Addresses []string `json:"addresses"`
}

// Addresses reads network-data, in the order of version 1's list or of version 2's names. Empty data have no interfaces.
// Errors never quote the data.
func Addresses(data []byte) ([]Interface, error) {
	if len(strings.TrimSpace(string(data))) == 0 {
		return nil, nil
	}
	var parsed document
	if err := yaml.Unmarshal(data, &parsed); err != nil {
		return nil, fmt.Errorf("%w: not valid YAML", ErrNetworkData)
	}
	if parsed.Network != nil {
		parsed = *parsed.Network
	}
	switch parsed.Version {
	case 1:
		return fromList(parsed.Config)
	case 2:
		return fromMap(parsed.Ethernets)
	}
	return nil, fmt.Errorf("%w: version %d", ErrNetworkData, parsed.Version)
}

func fromList(config []physical) ([]Interface, error) {
	var list []Interface
	for _, item := range config {
		if item.Type != "physical" {
			continue
		}
		entry := Interface{MAC: strings.ToLower(item.MAC)}
		for _, subnet := range item.Subnets {
			if strings.HasPrefix(subnet.Type, "dhcp") {
				entry.DHCP = true
				continue
			}
			if err := entry.add(subnet.Address); err != nil {
				return nil, err
			}
		}
		list = append(list, entry)
	}
	return list, nil
}

func fromMap(ethernets map[string]ethernet) ([]Interface, error) {
	var list []Interface
	for _, name := range slices.Sorted(maps.Keys(ethernets)) {
		item := ethernets[name]
		entry := Interface{MAC: strings.ToLower(item.Match.MAC), DHCP: item.DHCP4 || item.DHCP6}
		for _, address := range item.Addresses {
			if err := entry.add(address); err != nil {
				return nil, err
			}
		}
		list = append(list, entry)
	}
	return list, nil
}

// add reads an address with or without prefix length.
func (i *Interface) add(text string) error {
	bare, _, _ := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(bare)
	if err != nil {
		return fmt.Errorf("%w: an address is invalid", ErrNetworkData)
	}
	i.Addresses = append(i.Addresses, addr)
	return nil
}
