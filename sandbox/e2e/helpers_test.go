package e2e_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

func addr(bytes [4]byte) netip.Addr { return netip.AddrFrom4(bytes) }

// withToken is a kubeconfig that differs only in its token.
func withToken(t *testing.T, kubeconfig []byte, token string) string {
	t.Helper()
	config, err := clientcmd.Load(kubeconfig)
	require.NoError(t, err)
	for _, user := range config.AuthInfos {
		user.Token = token
	}
	changed, err := clientcmd.Write(*config)
	require.NoError(t, err)
	return string(changed)
}
