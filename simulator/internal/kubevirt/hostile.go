package kubevirt

import (
	"encoding/binary"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

const (
	// hostileAddresses is how many addresses a hostile agent reports on one interface.
	hostileAddresses = 300
	// hostileText is how long the names are that it reports, in bytes.
	hostileText = 8 << 10
)

// exaggerate is what a hostile agent reports of a machine: the truth first, then addresses that no other machine reports, and
// an interface of a long name.
func exaggerate(uid string, truth []guestapi.GuestAddress) []guestapi.GuestAddress {
	reported := slices.Clone(truth)
	if len(reported) == 0 {
		return reported
	}
	reported[0].IPs = slices.Clone(reported[0].IPs)
	for i := range hostileAddresses {
		reported[0].IPs = append(reported[0].IPs, inventedAddress(uid, uint16(i)))
	}
	long := strings.Repeat("x", hostileText)
	return append(reported, guestapi.GuestAddress{MAC: "02:00:00:00:00:01", Interface: long, IPs: []netip.Addr{inventedAddress(uid, hostileAddresses)}})
}

// inventedAddress is one of the documentation's prefix, by machine.
func inventedAddress(uid string, i uint16) netip.Addr {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(uid)) // never fails
	address := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	binary.BigEndian.PutUint64(address[4:12], hash.Sum64())
	binary.BigEndian.PutUint16(address[14:], i)
	return netip.AddrFrom16(address)
}

// exaggeratedOS is what such an agent says of its system.
func exaggeratedOS() kubevirtv1.VirtualMachineInstanceGuestOSInfo {
	long := strings.Repeat("y", hostileText)
	return kubevirtv1.VirtualMachineInstanceGuestOSInfo{ID: long, Name: long, PrettyName: long, KernelRelease: long}
}
