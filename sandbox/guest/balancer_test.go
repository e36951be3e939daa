package guest

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCandidatesInOrderAndOnce(t *testing.T) {
	b := newBalancer(netip.MustParseAddr("127.50.1.10"), "127.60.0.10")
	b.set([]string{"127.50.1.11:6443", "127.50.1.10:6443"})
	b.set(nil)
	assert.Equal(t, []string{"127.50.1.10:6443", "127.50.1.11:6443", "127.60.0.10:6443"}, b.candidates())
	assert.Equal(t, []string{"127.60.0.10:6443"}, newBalancer(netip.Addr{}, "127.60.0.10").candidates())
}

func TestDialTakesTheFirstThatAnswers(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, dead.Close())
	alive, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer alive.Close()
	go func() {
		if connection, err := alive.Accept(); err == nil {
			_, err = io.WriteString(connection, "hello")
			assert.NoError(t, err)
			assert.NoError(t, connection.Close())
		}
	}()
	b := &balancer{}
	b.set([]string{dead.Addr().String(), alive.Addr().String()})
	connection, err := b.dial(t.Context(), "tcp", "placeholder:1")
	require.NoError(t, err)
	said, err := io.ReadAll(connection)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(said))

	require.NoError(t, alive.Close())
	_, err = b.dial(t.Context(), "tcp", "placeholder:1")
	require.ErrorContains(t, err, "no API server of the cluster answers")
}
