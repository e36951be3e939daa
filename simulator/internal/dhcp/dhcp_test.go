package dhcp

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func newServer(prefix string, c client.Client) *Server {
	return New(c, c, client.ObjectKey{Namespace: "harvester-system", Name: "leases"}, netip.MustParsePrefix(prefix))
}

func lease(t *testing.T, server *Server, id string) string {
	t.Helper()
	addr, err := server.Lease(t.Context(), id)
	require.NoError(t, err)
	return addr.String()
}

func TestLeasesAreKept(t *testing.T) {
	c := fake.NewClientBuilder().Build()
	server := newServer("127.50.200.0/24", c)
	assert.Equal(t, "127.50.200.10", lease(t, server, "mac.52-54-00-00-00-01"))
	assert.Equal(t, "127.50.200.11", lease(t, server, "mac.52-54-00-00-00-02"))
	assert.Equal(t, "127.50.200.10", lease(t, server, "mac.52-54-00-00-00-01"))
	assert.Equal(t, "127.50.200.11", lease(t, newServer("127.50.200.0/24", c), "mac.52-54-00-00-00-02"), "also over a restart")

	require.NoError(t, server.Release(t.Context(), "mac.52-54-00-00-00-01"))
	require.NoError(t, server.Release(t.Context(), "unknown"))
	assert.Equal(t, "127.50.200.10", lease(t, server, "mac.52-54-00-00-00-03"))
}

func TestLeasesRunOut(t *testing.T) {
	server := newServer("127.50.200.0/28", fake.NewClientBuilder().Build())
	for _, want := range []string{"127.50.200.10", "127.50.200.11", "127.50.200.12", "127.50.200.13", "127.50.200.14"} {
		assert.Equal(t, want, lease(t, server, want))
	}
	_, err := server.Lease(t.Context(), "one-more")
	require.ErrorIs(t, err, ErrExhausted)
}
