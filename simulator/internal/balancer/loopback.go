package balancer

import "net/netip"

// Kubernetes refuses loopback addresses in an EndpointSlice, and a sandbox's machines have no others. In a slice they
// are therefore written with another first octet, 240, which no real network uses; everything outside the slice, such
// as the load balancer's status, has the real address.
const (
	loopbackOctet = 127
	writtenOctet  = 240
)

// toSlice is how a server's address is written in an EndpointSlice.
func toSlice(address string) string { return swapOctet(address, loopbackOctet, writtenOctet) }

// fromSlice is the address that toSlice wrote.
func fromSlice(address string) string { return swapOctet(address, writtenOctet, loopbackOctet) }

func swapOctet(address string, from, to byte) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil || !parsed.Is4() {
		return address
	}
	octets := parsed.As4()
	if octets[0] != from {
		return address
	}
	octets[0] = to
	return netip.AddrFrom4(octets).String()
}
