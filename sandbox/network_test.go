package sandbox

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNetworksOfDifferentSlotsDoNotOverlap(t *testing.T) {
	var all []netip.Prefix
	for slot := range slots {
		n := networkOf(slot)
		assert.True(t, n.Machines.Contains(n.Gateway))
		assert.True(t, n.Machines.Contains(n.PoolStart) && n.Machines.Contains(n.PoolEnd))
		assert.True(t, n.Machines.Overlaps(n.MachineLeases))
		assert.False(t, n.MachineLeases.Contains(n.PoolStart) || n.MachineLeases.Contains(n.PoolEnd))
		for _, prefix := range []netip.Prefix{n.Machines, n.LBPool, n.LBLeases} {
			assert.True(t, prefix.Addr().IsLoopback(), "%s", prefix)
			for _, other := range all {
				assert.False(t, prefix.Overlaps(other), "%s and %s", prefix, other)
			}
			all = append(all, prefix)
		}
	}
}

func TestTwoSandboxesGetDifferentNetworks(t *testing.T) {
	first, releaseFirst, err := takeSlot()
	require.NoError(t, err)
	defer releaseFirst()
	second, releaseSecond, err := takeSlot()
	require.NoError(t, err)
	defer releaseSecond()
	assert.NotEqual(t, first, second)
}
