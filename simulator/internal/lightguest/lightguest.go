// Package lightguest is the guest that the simulator runs when it is given no other: a machine that has addresses and
// nothing else. It takes a static address from its network-data, or asks for a lease, and never crashes by itself.
//
// Guests is the main type and implements guestapi.Guests.
package lightguest

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// Guests boots light guests. The zero value is ready to use.
type Guests struct{}

// Boot implements guestapi.Guests. With network-data that cannot be read a machine asks for leases, as cloud-init falls
// back to DHCP.
func (Guests) Boot(_ context.Context, boot guestapi.VMBoot) (guestapi.Guest, error) {
	guest := &guest{done: make(chan struct{})}
	static, err := Addresses(boot.NetworkData)
	if err != nil {
		static = nil
	}
	go guest.configure(boot, static)
	return guest, nil
}

type guest struct {
	done chan struct{}

	mu        sync.Mutex
	addresses []guestapi.GuestAddress
	stopped   bool
}

// configure gives every interface its address. An interface that the network-data leaves out stays without, unless the
// machine has no network-data at all: then all ask for leases.
func (g *guest) configure(boot guestapi.VMBoot, static []Interface) {
	var addresses []guestapi.GuestAddress
	for i, nic := range boot.NICs {
		report := guestapi.GuestAddress{NIC: nic.Name, MAC: nic.MAC, Interface: fmt.Sprintf("eth%d", i)}
		entry, found := find(static, nic.MAC, i)
		report.IPs = append(report.IPs, entry.Addresses...)
		if len(report.IPs) == 0 && (entry.DHCP || !found && len(static) == 0) {
			if addr := boot.Lease(nic.Name); addr.IsValid() {
				report.IPs = []netip.Addr{addr}
			}
		}
		addresses = append(addresses, report)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addresses = addresses
}

// find picks the entry for an interface: by MAC where the entry names one, else by position.
func find(entries []Interface, mac string, position int) (Interface, bool) {
	for _, entry := range entries {
		if entry.MAC != "" && entry.MAC == mac {
			return entry, true
		}
	}
	if position < len(entries) && entries[position].MAC == "" {
		return entries[position], true
	}
	return Interface{}, false
}

// Addresses implements guestapi.Guest.
func (g *guest) Addresses() []guestapi.GuestAddress {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.addresses
}

// Stop implements guestapi.Guest.
func (g *guest) Stop(context.Context, bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.stopped {
		g.stopped, g.addresses = true, nil
		close(g.done)
	}
	return nil
}

// Done implements guestapi.Guest.
func (g *guest) Done() <-chan struct{} { return g.done }
