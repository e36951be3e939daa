package network

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	unixRouteLocal = unix.RTN_LOCAL
	unixTableLocal = unix.RT_TABLE_LOCAL
)

// prefix as the standard library's older type.
func prefix(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
