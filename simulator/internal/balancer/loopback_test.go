package balancer

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestASliceHoldsNoLoopbackAddressAndGivesBackTheRealOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octets := [4]byte{rapid.ByteRange(0, writtenOctet-1).Draw(t, "first octet")}
		for i := 1; i < len(octets); i++ {
			octets[i] = rapid.Byte().Draw(t, "octet")
		}
		address := netip.AddrFrom4(octets)
		written := toSlice(address.String())
		assert.False(t, netip.MustParseAddr(written).IsLoopback())
		assert.Equal(t, address.String(), fromSlice(written))
	})
	assert.Equal(t, "240.50.1.10", toSlice("127.50.1.10"))
	assert.Equal(t, "fd00::1", toSlice("fd00::1"))
	assert.Equal(t, "nonsense", fromSlice("nonsense"))
}
