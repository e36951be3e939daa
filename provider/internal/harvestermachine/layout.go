package harvestermachine

import (
	"fmt"
	"net"
	"net/netip"

	"k8s.io/utils/ptr"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// layout is what a guest's network is made from.
type layout struct {
	// macs are those that the VM gets, one for each card.
	macs []net.HardwareAddr
	// choices are what the spec says of single cards, by their place.
	choices map[int]*infrav1.NetworkInterface
	// static are the addresses of the cards that have any.
	static map[int][]*staticAddress
	// settings are what surrounds the first card.
	settings netSettings
	// version is that of the network data.
	version int
}

// choicesOf are the network interfaces of a spec by their place.
func choicesOf(spec *infrav1.HarvesterMachineSpec) map[int]*infrav1.NetworkInterface {
	choices := map[int]*infrav1.NetworkInterface{}
	for i := range spec.NetworkInterfaces {
		choices[int(ptr.Deref(spec.NetworkInterfaces[i].Index, 0))] = &spec.NetworkInterfaces[i]
	}
	return choices
}

// network lays out the guest's cards: those with static addresses have these, those that are to have none are only brought
// up, all others ask DHCP. It is pure.
func (l layout) network() (cloudinit.Network, error) {
	network, led := cloudinit.Network{}, l.led()
	for i, mac := range l.macs {
		nic := cloudinit.NIC{Name: names.GuestInterface(i), MAC: mac}
		choice := l.choices[i]
		if choice == nil {
			choice = &infrav1.NetworkInterface{}
		}
		nic.Optional = ptr.Deref(choice.Optional, false)
		switch {
		case len(l.static[i]) > 0:
			for _, address := range l.static[i] {
				nic = address.on(nic)
			}
		case choice.Addressing != infrav1.AddressingNone:
			var err error
			if nic, err = l.ask(nic, i, choice, led); err != nil {
				return cloudinit.Network{}, fmt.Errorf("network interface %d: %w", i, err)
			}
			led = led || !nic.NoDHCPRoutes
		}
		network.NICs = append(network.NICs, nic)
	}
	return network, nil
}

// led tells whether the spec names the way out: a gateway of IPv4, or a card whose routes from DHCP are asked for. A guest
// wants one default route.
func (l layout) led() bool {
	for _, addresses := range l.static {
		for _, address := range addresses {
			if address.gateway.Is4() {
				return true
			}
		}
	}
	for i := range l.macs {
		if choice := l.choices[i]; choice != nil && choice.Addressing == infrav1.AddressingDHCP && ptr.Deref(choice.DHCPRoutes, false) {
			return true
		}
	}
	return false
}

// ask has a card ask DHCP. It takes routes and name servers from there if nothing else leads out, and else if it is told to.
// Version 1 of the network data has no word for taking neither.
func (l layout) ask(nic cloudinit.NIC, index int, choice *infrav1.NetworkInterface, led bool) (cloudinit.NIC, error) {
	nic.DHCP4 = true
	routes := ptr.Deref(choice.DHCPRoutes, !led || l.version == 1)
	nic.NoDHCPRoutes, nic.NoDHCPDNS = !routes, !ptr.Deref(choice.DHCPDNS, routes)
	if choice.Index == nil {
		return nic, nil
	}
	own, err := card{index: index, config: choice}.settings(l.settings).around(netip.Addr{})
	if err != nil {
		return nic, err
	}
	nic.DNSServers, nic.SearchDomains = own.servers, own.search
	return nic, nil
}
