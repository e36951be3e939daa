package guest

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/cloudinit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// leaseRetry is how often a machine asks again for a lease nobody gave.
const leaseRetry = time.Second

// bringUpNetwork takes the machine's addresses and, when the guest agent is
// there, reports them. It goes on asking for leases until the machine has an
// address, which it returns; it reports false when ctx ended first.
func (m *machine) bringUpNetwork(ctx context.Context, system system) (netip.Addr, bool) {
	data, err := m.disk.Read(networkFile)
	if err != nil {
		data = m.boot.NetworkData
	}
	interfaces, err := cloudinit.ParseNetwork(data)
	if err != nil {
		// cloud-init then falls back to a lease on the first interface.
		m.logf("cloud-init: %v", err)
		interfaces = nil
	}
	for {
		addresses := assign(m.boot.NICs, interfaces, m.lease)
		if system.Agent {
			m.setAddresses(addresses)
		}
		if address := primary(addresses); address.IsValid() {
			return address, true
		}
		if !m.sleep(ctx, leaseRetry) {
			return netip.Addr{}, false
		}
	}
}

func (m *machine) lease(nic string) netip.Addr {
	if m.boot.Lease == nil {
		return netip.Addr{}
	}
	return m.boot.Lease(nic)
}

// assign gives every interface of the machine its addresses. An entry of the
// network-data fits the interface with its MAC; one without a MAC fits by the
// kernel's name. Without any entry, the first interface asks for a lease.
func assign(nics []guestapi.NIC, entries []cloudinit.Interface, lease func(nic string) netip.Addr) []guestapi.GuestAddress {
	var addresses []guestapi.GuestAddress
	for i, nic := range nics {
		address := guestapi.GuestAddress{NIC: nic.Name, MAC: strings.ToLower(nic.MAC), Interface: fmt.Sprintf("eth%d", i)}
		entry, found := entryFor(address, entries)
		if len(entries) == 0 && i == 0 {
			entry, found = cloudinit.Interface{DHCP4: true}, true
		}
		if found {
			if entry.Name != "" {
				address.Interface = entry.Name
			}
			for _, static := range entry.Addresses {
				address.IPs = append(address.IPs, static.Addr())
			}
			if entry.DHCP4 {
				if leased := lease(nic.Name); leased.IsValid() {
					address.IPs = append(address.IPs, leased)
				}
			}
		}
		addresses = append(addresses, address)
	}
	return addresses
}

func entryFor(address guestapi.GuestAddress, entries []cloudinit.Interface) (cloudinit.Interface, bool) {
	for _, entry := range entries {
		if entry.MAC == address.MAC || (entry.MAC == "" && entry.Name == address.Interface) {
			return entry, true
		}
	}
	return cloudinit.Interface{}, false
}

// primary is the machine's first IPv4 address, which its node goes by.
func primary(addresses []guestapi.GuestAddress) netip.Addr {
	for _, address := range addresses {
		for _, ip := range address.IPs {
			if ip.Is4() {
				return ip
			}
		}
	}
	return netip.Addr{}
}
