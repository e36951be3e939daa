package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Addressings of an Interface, as the machine's field has them.
const (
	AddressingStatic = "static"
	AddressingDHCP   = "dhcp"
	AddressingNone   = "none"
)

// quirkNone stands for no quirk.
const quirkNone = "none"

// quirks are those that the ClusterClass knows.
var quirks = []string{quirkNone, "dhcp-by-mac", "suse-dhcp-by-mac", "suse-dhcp-routes", "suse-static-routes", "transactional-root"}

// networkDataVersions are those of cloud-init.
var networkDataVersions = []string{"v1", "v2"}

// Interface is a network interface of a machine that does not get its address as the others do.
type Interface struct {
	// Index is the place of its network, from 0.
	Index int
	// Addressing is one of the constants.
	Addressing string
	// Pools on Harvester, in the order in which they are tried, for AddressingStatic.
	Pools []string
	// Routes and DNS ask for these from DHCP as well.
	Routes, DNS bool
	// Optional does not hold up the boot.
	Optional bool
}

// ReadInterface reads INDEX:CHOICE with further options behind colons, such as 1:dhcp:optional or 2:pool=a:pool=b.
func ReadInterface(text string) (Interface, bool) {
	first, rest, _ := strings.Cut(text, ":")
	index, err := strconv.Atoi(first)
	result := Interface{Index: index}
	for option := range strings.SplitSeq(rest, ":") {
		pool, isPool := strings.CutPrefix(option, "pool=")
		switch {
		case isPool && objectName(pool) == "":
			result.Pools = append(result.Pools, pool)
		case option == AddressingDHCP || option == AddressingNone:
			if result.Addressing != "" {
				return Interface{}, false
			}
			result.Addressing = option
		case option == "routes":
			result.Routes = true
		case option == "dns":
			result.DNS = true
		case option == "optional":
			result.Optional = true
		default:
			return Interface{}, false
		}
	}
	if len(result.Pools) > 0 && result.Addressing == "" {
		result.Addressing = AddressingStatic
	}
	fits := (result.Addressing == AddressingStatic) == (len(result.Pools) > 0) && result.Addressing != "" &&
		(result.Addressing == AddressingDHCP || !result.Routes && !result.DNS)
	return result, err == nil && index >= 0 && fits
}

// NetworkInterfaces are the interfaces in their order. Those that cannot be read are left out; Problems names them.
func (s Settings) NetworkInterfaces() []Interface {
	var list []Interface
	for _, text := range s.Interfaces {
		if one, ok := ReadInterface(text); ok {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b Interface) int { return cmp.Compare(a.Index, b.Index) })
	return list
}

func interfaceList(s Settings) string {
	var seen []int
	for _, text := range s.Interfaces {
		one, ok := ReadInterface(text)
		if !ok {
			return fmt.Sprintf("%q is not of the form INDEX:dhcp, INDEX:none or INDEX:pool=NAME, such as 1:dhcp:optional", text)
		}
		for _, role := range []Role{ControlPlane, Worker} {
			if networks := len(s.Machine(role).Networks); one.Index >= networks {
				return fmt.Sprintf("%q counts networks from 0, and there are %d: add the network, or correct the number", text, networks)
			}
		}
		if one.Index == 0 && len(s.Pools()) > 0 {
			return fmt.Sprintf("%q is for the first network, for which --ip-pool or --ip-pool-refs is given: leave one out", text)
		}
		if slices.Contains(seen, one.Index) {
			return fmt.Sprintf("%q is for a network that another one is for: leave one out", text)
		}
		seen = append(seen, one.Index)
	}
	return ""
}

func guestQuirks(s Settings) string {
	if len(s.GuestQuirks) > 1 && slices.Contains(s.GuestQuirks, quirkNone) {
		return "has others beside none: leave out none or the others"
	}
	return distinct(s.GuestQuirks, func(quirk string) string { return oneOf(quirk, quirks...) })
}

// guestFields say what the operating system in the machines needs.
func guestFields(s *Settings) []Field {
	return []Field{
		texts("interface", &s.Interfaces,
			"how one interface gets addresses, as INDEX:dhcp, INDEX:none or INDEX:pool=NAME, with :optional, :routes or :dns; repeat it for more", ""),
		text("network-data-version", &s.NetworkDataVersion, "version of cloud-init's network data (default: v2)", "").of(networkDataVersions...),
		texts("guest-quirk", &s.GuestQuirks,
			"change of the cloud-init data that the image needs, or none; repeat it for more (default: by the image's label or name)", "").of(quirks...),
		truth("install-guest-agent", &s.InstallGuestAgent, "install qemu-guest-agent at the first boot; without, the image must contain it", ""),
	}
}
