package cloudinit

import (
	"crypto/sha256"
	"encoding/binary"
	"net"
)

// MACFor derives a MAC address from names, such as a namespace, a machine and an interface. The same parts give the same
// address on every call; it is unicast and locally administered. Of 46 free bits, two of n addresses are equal with a
// chance of about n*n/2^47: one in a million for ten thousand.
func MACFor(parts ...string) net.HardwareAddr {
	hash := sha256.New()
	for _, part := range parts {
		// The length keeps ("ab", "c") and ("a", "bc") apart.
		_, _ = hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		_, _ = hash.Write([]byte(part))
	}
	mac := net.HardwareAddr(hash.Sum(nil)[:6])
	const group, local = 1, 2
	mac[0] = mac[0]&^group | local
	return mac
}
