package controlplane

import (
	"net"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPortsDifferAndCanBeListenedOnAtEveryAddress(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		ports, err := FreePorts(3)
		require.NoError(t, err)
		require.Len(t, ports, 3)
		for _, port := range ports {
			require.False(t, seen[port], "port %d was handed out before", port)
			seen[port] = true
			listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
			require.NoError(t, err)
			t.Cleanup(func() { listener.Close() })
		}
	}
}

// An outgoing connection holds its own port at every address: CAPHV's manager once failed on "address already in use".
func TestPortsAreNoneThatTheKernelGivesToConnections(t *testing.T) {
	setting, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	require.NoError(t, err)
	ports, err := FreePorts(200)
	require.NoError(t, err)
	for _, port := range ports {
		assert.Less(t, port, firstEphemeral(setting, nil))
	}
}

func TestFirstEphemeral(t *testing.T) {
	for setting, want := range map[string]int{
		"32768\t60999\n": 32768, "20000 30000": 20000, "": 32768, "many": 32768, "1024\t65535\n": 32768,
	} {
		assert.Equal(t, want, firstEphemeral([]byte(setting), nil), "%q", setting)
	}
	assert.Equal(t, 32768, firstEphemeral(nil, os.ErrNotExist))
}

func TestNoPortsLeftIsSaid(t *testing.T) {
	if listener, err := net.Listen("tcp", ":"+strconv.Itoa(firstPort)); err == nil {
		defer listener.Close()
	}
	_, err := freePorts(1, firstPort+1)
	require.ErrorIs(t, err, ErrNoFreePort)
	assert.EqualError(t, err, "no free TCP port: 0 of 1 found from 10251 to 10251")
}
