// Package network is the network of a machine: a bridge to which each Pod has a cable.
package network

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Gateway is the machine's own address on the bridge, at which Pods reach it.
const Gateway = "10.244.0.1"

const (
	bridgeName = "pods"
	podBits    = 24
)

// ErrNoAddress means that every address of the bridge belongs to a Pod.
var ErrNoAddress = errors.New("every address for Pods is taken: delete Pods that are not needed")

// Bridge connects Pods. Safe for concurrent use.
type Bridge struct {
	link  netlink.Link
	mu    sync.Mutex
	taken map[netip.Addr]bool
	next  int // number of the next cable
}

// New brings up loopback and the bridge, and takes the addresses of services in, which a proxy listens on.
func New(services netip.Prefix) (*Bridge, error) {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return nil, fmt.Errorf("finding loopback: %w", err)
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return nil, fmt.Errorf("bringing up loopback: %w", err)
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = bridgeName
	bridge := &netlink.Bridge{LinkAttrs: attributes}
	if err := netlink.LinkAdd(bridge); err != nil {
		return nil, fmt.Errorf("making the bridge of Pods: %w", err)
	}
	gateway := netip.MustParseAddr(Gateway)
	if err := setUp(nil, bridge, gateway); err != nil {
		return nil, err
	}
	route := &netlink.Route{LinkIndex: loopback.Attrs().Index, Dst: prefix(services), Type: unixRouteLocal, Table: unixTableLocal, Scope: netlink.SCOPE_HOST}
	if err := netlink.RouteAdd(route); err != nil {
		return nil, fmt.Errorf("taking the addresses of Services in: %w", err)
	}
	return &Bridge{link: bridge, taken: map[netip.Addr]bool{gateway: true}}, nil
}

// Attach gives a network namespace, known by a process in it, a cable to the bridge and an address, which it returns.
func (b *Bridge) Attach(process int) (string, error) {
	address, number, err := b.take()
	if err != nil {
		return "", err
	}
	if err := b.attach(process, number, address); err != nil {
		b.Release(address.String())
		return "", fmt.Errorf("connecting a Pod to the network: %w", err)
	}
	return address.String(), nil
}

func (b *Bridge) attach(process, number int, address netip.Addr) error {
	inside, err := netns.GetFromPid(process)
	if err != nil {
		return err
	}
	defer inside.Close()
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MasterIndex = fmt.Sprintf("pod%d", number), b.link.Attrs().Index
	// The other end is made in the Pod's namespace, under the name that it has there.
	cable := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(inside)}
	if err := netlink.LinkAdd(cable); err != nil {
		return fmt.Errorf("making a cable: %w", err)
	}
	if err := netlink.LinkSetUp(cable); err != nil {
		return err
	}
	return configure(inside, address)
}

// configure sets up the Pod's end.
func configure(inside netns.NsHandle, address netip.Addr) error {
	handle, err := netlink.NewHandleAt(inside)
	if err != nil {
		return err
	}
	defer handle.Close()
	loopback, err := handle.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := handle.LinkSetUp(loopback); err != nil {
		return err
	}
	link, err := handle.LinkByName("eth0")
	if err != nil {
		return err
	}
	if err := setUp(handle, link, address); err != nil {
		return err
	}
	return handle.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: netip.MustParseAddr(Gateway).AsSlice()})
}

// setUp gives a link its address and brings it up, in the namespace of the handle; nil is the machine's.
func setUp(handle *netlink.Handle, link netlink.Link, address netip.Addr) error {
	add, up := netlink.AddrAdd, netlink.LinkSetUp
	if handle != nil {
		add, up = handle.AddrAdd, handle.LinkSetUp
	}
	if err := add(link, &netlink.Addr{IPNet: prefix(netip.PrefixFrom(address, podBits))}); err != nil {
		return fmt.Errorf("giving %s its address: %w", link.Attrs().Name, err)
	}
	if err := up(link); err != nil {
		return fmt.Errorf("bringing up %s: %w", link.Attrs().Name, err)
	}
	return nil
}

// Release gives an address back. Its cable ends with the Pod's namespace.
func (b *Bridge) Release(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if parsed, err := netip.ParseAddr(address); err == nil {
		delete(b.taken, parsed)
	}
}

// take finds a free address, the one after the last first: an address that was just released may still be in caches.
func (b *Bridge) take() (netip.Addr, int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	subnet := netip.PrefixFrom(netip.MustParseAddr(Gateway), podBits).Masked()
	for range hosts {
		b.next++
		bytes := subnet.Addr().As4()
		bytes[3] = byte(1 + b.next%hosts)
		address := netip.AddrFrom4(bytes)
		if !b.taken[address] {
			b.taken[address] = true
			return address, b.next, nil
		}
	}
	return netip.Addr{}, 0, ErrNoAddress
}

// hosts are 1 to 254.
const hosts = 254
