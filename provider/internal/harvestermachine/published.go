package harvestermachine

import (
	"net"
	"net/netip"
	"slices"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// interfaceNames are those of the VM's network interfaces, in order. One that an older release made calls them otherwise.
func interfaceNames(s *scope) []string {
	result := make([]string, 0, len(s.machine.Spec.Networks))
	for i := range s.machine.Spec.Networks {
		result = append(result, names.NIC(i))
	}
	if s.vm == nil || s.vm.Spec.Template == nil {
		return result
	}
	for i, nic := range s.vm.Spec.Template.Spec.Domain.Devices.Interfaces {
		if i < len(result) {
			result[i] = nic.Name
		} else {
			result = append(result, nic.Name)
		}
	}
	return result
}

// assignedAddresses are the static addresses that the guest was told to use, by the name of the network interface; none
// for an interface that asks DHCP.
func assignedAddresses(s *scope) map[string][]netip.Addr {
	static, err := staticCards(s)
	if err != nil {
		return nil
	}
	nics := interfaceNames(s)
	result := map[string][]netip.Addr{}
	for index, configured := range static {
		for _, one := range configured {
			if index < len(nics) {
				result[nics[index]] = append(result[nics[index]], one.prefix.Addr())
			}
		}
	}
	return result
}

// maxAddresses bounds the addresses of a machine, its name included. Whoever is root in a guest may report any number, and a
// status with too many is refused as a whole: Cluster API takes 256.
const maxAddresses = 64

// machineAddresses lists a machine's addresses: its name, then those of each interface, in the order of the interfaces.
// What an interface was told to use stands for its family: whatever else the guest reports there is a virtual address
// that wanders between machines, as that of the control-plane endpoint or of a Service. Of an interface that asks DHCP the
// lasting address of each family counts. There are maxAddresses at most.
func machineAddresses(host string, nics []string, assigned map[string][]netip.Addr, reported []harvesterclient.Address, endpoint string) []clusterv1.MachineAddress {
	result := []clusterv1.MachineAddress{{Type: clusterv1.MachineHostName, Address: host}}
	virtual, _ := netip.ParseAddr(endpoint)
	for _, nic := range nics {
		for _, ip := range interfaceAddresses(nic, assigned[nic], reported, virtual.Unmap()) {
			entry := clusterv1.MachineAddress{Type: clusterv1.MachineInternalIP, Address: ip.String()}
			if len(result) < maxAddresses && !slices.Contains(result, entry) {
				result = append(result, entry)
			}
		}
	}
	return result
}

// interfaceAddresses are the lasting addresses of one interface.
func interfaceAddresses(nic string, assigned []netip.Addr, reported []harvesterclient.Address, virtual netip.Addr) []netip.Addr {
	var result, v4, v6 []netip.Addr
	var mac net.HardwareAddr
	for _, ip := range assigned {
		if ip = ip.Unmap(); ip.IsValid() && ip != virtual {
			result = append(result, ip)
		}
	}
	for _, address := range reported {
		ip := address.IP.Unmap()
		if address.NIC != nic || !ip.IsValid() || ip == virtual {
			continue
		}
		mac, _ = net.ParseMAC(address.MAC)
		if ip.Is4() {
			v4 = append(v4, ip)
		} else {
			v6 = append(v6, ip)
		}
	}
	if !slices.ContainsFunc(result, netip.Addr.Is4) && len(v4) > 0 {
		result = append(result, v4[0]) // The guest lists first what the interface had first.
	}
	if !slices.ContainsFunc(result, netip.Addr.Is6) {
		result = append(result, lasting(v6, mac)...)
	}
	return result
}

// lasting keeps one IPv6 address of each network of 64 bits. A guest with privacy extensions (RFC 8981) has temporary
// ones beside it, which it gives up within a day: the one made from the hardware address (RFC 4291, appendix A) is not
// temporary, and where there is none, Linux lists the temporary ones first.
func lasting(addresses []netip.Addr, mac net.HardwareAddr) []netip.Addr {
	var order []netip.Prefix
	kept := map[netip.Prefix]netip.Addr{}
	for _, ip := range addresses {
		network := netip.PrefixFrom(ip, 64).Masked()
		present, there := kept[network]
		if !there {
			order = append(order, network)
		}
		if !there || !madeFrom(present, mac) {
			kept[network] = ip
		}
	}
	result := make([]netip.Addr, 0, len(order))
	for _, network := range order {
		result = append(result, kept[network])
	}
	return result
}

// madeFrom tells whether the second half of an address is made from a hardware address.
func madeFrom(ip netip.Addr, mac net.HardwareAddr) bool {
	if len(mac) != 6 {
		return false
	}
	half := []byte{mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}
	bytes := ip.As16()
	return slices.Equal(bytes[8:], half)
}
