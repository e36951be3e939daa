package cloudinit

import (
	"fmt"
	"net/netip"
	"slices"
)

// Quirk is a change of what is rendered that some guests need and others do not. None is on unless it is named.
type Quirk struct {
	// Name to ask for it with.
	Name string
	// Guests it is for.
	Guests string
	// Reason says what goes wrong in them.
	Reason string
	// Source is where that is told or was seen.
	Source string

	apply func(*Config, *Network)
}

var quirks = []Quirk{
	{
		Name:   "dhcp-by-mac",
		Guests: "Ubuntu and Debian with netplan, made from images that carry a machine-id",
		Reason: "the DHCP client of systemd-networkd names itself after the machine-id, so that copies of one image get one lease",
		Source: "netplan's reference, dhcp-identifier; network-data of version 2 only",
		apply: func(_ *Config, n *Network) {
			for i := range n.NICs {
				n.NICs[i].DHCPByMAC = n.NICs[i].DHCP4
			}
		},
	},
	{
		Name:   "suse-dhcp-by-mac",
		Guests: "SLES 15 and openSUSE Leap 15 (wicked), made from images that carry a DUID",
		Reason: "wicked's DHCP client names itself after the DUID in the image, not after the virtio interface's MAC address, " +
			"so that copies of one image get one lease and a reservation by MAC address is not found",
		Source: "ifcfg-dhcp(5), DHCLIENT_CLIENT_ID; https://github.com/harvester/harvester/pull/9732",
		apply: func(c *Config, n *Network) {
			for _, nic := range n.NICs {
				if nic.DHCP4 {
					c.BootCommands = append(c.BootCommands, wicked(nic, "DHCLIENT_CLIENT_ID", "01:"+nic.MAC.String()))
				}
			}
		},
	},
	{
		Name:   "suse-dhcp-routes",
		Guests: "SLES 15 and openSUSE Leap 15 (wicked) with an interface that is to take no default route from DHCP",
		Reason: "cloud-init's sysconfig renderer for SUSE drops what a lease must not bring, so that a second default route stands " +
			"beside the first interface's",
		Source: "ifcfg-dhcp(5), DHCLIENT_SET_DEFAULT_ROUTE; package judge",
		apply: func(c *Config, n *Network) {
			for _, nic := range n.NICs {
				if nic.DHCP4 && nic.NoDHCPRoutes {
					c.BootCommands = append(c.BootCommands, wicked(nic, "DHCLIENT_SET_DEFAULT_ROUTE", "no"))
				}
			}
		},
	},
	{
		Name:   "suse-static-routes",
		Guests: "SLES 15 and openSUSE Leap 15 whose cloud-init writes no routes",
		Reason: "cloud-init's sysconfig renderer for SUSE writes neither a gateway nor routes; the packages of some releases are patched",
		Source: "https://github.com/canonical/cloud-init/issues/3313, https://github.com/canonical/cloud-init/issues/5635, package judge",
		apply: func(c *Config, n *Network) {
			for _, nic := range n.NICs {
				c.BootCommands = append(c.BootCommands, nic.routeCommands()...)
			}
			for _, vlan := range n.VLANs {
				c.BootCommands = append(c.BootCommands, vlan.routeCommands()...)
			}
		},
	},
	{
		Name:   "transactional-root",
		Guests: "SL Micro and openSUSE MicroOS",
		Reason: "the root file system is read-only and zypper refuses to install packages; the guest agent must be in the image",
		Source: "SUSE's documentation of SL Micro, transactional-update(8)",
		apply: func(c *Config, _ *Network) {
			c.Packages = nil
			if c.InstallGuestAgent {
				c.InstallGuestAgent, c.StartGuestAgent = false, true
			}
		},
	},
}

// wickedSetting adds a variable to the file of one interface, once, and has wicked read it.
const wickedSetting = `file=/etc/sysconfig/network/ifcfg-$1
if [ -f "$file" ] && ! grep -q "^$2=" "$file"; then
echo "$2='$3'" >>"$file"
wicked ifreload "$1"
fi
`

func wicked(nic NIC, variable, value string) []string {
	return []string{"sh", "-c", wickedSetting, "sh", nic.Name, variable, value}
}

// Quirks lists all that are known, by name.
func Quirks() []Quirk { return slices.Clone(quirks) }

// ApplyQuirks returns the Config and the Network as the named quirks change them; those given stay as they are. A name
// that is none of [Quirks] is refused with ErrUnknownQuirk.
func ApplyQuirks(c Config, n Network, names ...string) (Config, Network, error) {
	c.BootCommands, c.RunCommands = slices.Clone(c.BootCommands), slices.Clone(c.RunCommands)
	n.NICs, n.VLANs = slices.Clone(n.NICs), slices.Clone(n.VLANs)
	for _, name := range names {
		i := slices.IndexFunc(quirks, func(q Quirk) bool { return q.Name == name })
		if i < 0 {
			return Config{}, Network{}, fmt.Errorf("%w: %q is none of the names that Quirks lists", ErrUnknownQuirk, name)
		}
		quirks[i].apply(&c, &n)
	}
	return c, n, nil
}

// routeCommands set the gateways and routes of an interface at every boot, whether they are there already or not.
func (n NIC) routeCommands() [][]string {
	var commands [][]string
	add := func(destination string, via netip.Addr, metric int) {
		command := []string{"ip", "route", "replace", destination, "via", via.String(), "dev", n.Name}
		if via.Is6() {
			command = slices.Insert(command, 1, "-6")
		}
		if n.hasFamily(via) && n.offSubnet(via) {
			command = append(command, "onlink")
		}
		if metric != 0 {
			command = append(command, "metric", fmt.Sprint(metric))
		}
		commands = append(commands, command)
	}
	for _, gateway := range n.gateways() {
		add("default", gateway, 0)
	}
	for _, route := range n.Routes {
		add(route.To.Masked().String(), route.Via, route.Metric)
	}
	return commands
}
