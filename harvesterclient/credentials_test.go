package harvesterclient

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Whichever way its holder came by it, a good kubeconfig connects.
func TestGetWithWhatUsersHold(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	a := server.account(t, namespace, "a")
	proxy := newFaultProxy(t, server)
	for name, kubeconfig := range map[string][]byte{
		"a node's own file, with a client certificate": server.kubeconfig(t, object{
			"client-certificate-data": base64String(server.config.CertData), "client-key-data": base64String(server.config.KeyData),
		}),
		"a service account's token": a.direct(t),
		"a token, below a path":     proxy.kubeconfig(t, a.token),
		"no verification": kubeconfigOf(t,
			object{"server": proxy.server.URL + proxyPrefix, "insecure-skip-tls-verify": true}, object{"token": a.token}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection, err := newTestConnections(t).Get(t.Context(), identity("a"), kubeconfig)
			require.NoError(t, err)
			require.NoError(t, connection.Client().List(t.Context(), &lbv1.IPPoolList{}), "directly")
			require.NoError(t, connection.Cache().List(t.Context(), &lbv1.IPPoolList{}), "from memory")
		})
	}
}

func TestGetTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	a := server.account(t, namespace, "a")
	proxy := newFaultProxy(t, server)
	otherCA, _ := newKeyPair(t)
	strangersCertificate, strangersKey := newKeyPair(t)
	for name, tc := range map[string]struct {
		kubeconfig []byte
		kind       error
		message    string
	}{
		"no CA": {
			kubeconfigOf(t, object{"server": proxy.server.URL + proxyPrefix}, object{"token": a.token}),
			ErrInvalidKubeconfig, "clusters[].cluster.certificate-authority-data is absent or did not sign",
		},
		"another CA": {
			[]byte(strings.Replace(string(proxy.kubeconfig(t, a.token)), base64Of(proxy), base64String(otherCA), 1)),
			ErrInvalidKubeconfig, "clusters[].cluster.certificate-authority-data is absent or did not sign",
		},
		"a token no one knows": {proxy.kubeconfig(t, "nonsense"), ErrUnauthorized, "credentials under users[].user are wrong, expired or revoked"},
		"a client certificate no one knows": {
			server.kubeconfig(t, object{"client-certificate-data": base64String(strangersCertificate), "client-key-data": base64String(strangersKey)}),
			ErrUnauthorized, "credentials under users[].user are wrong, expired or revoked",
		},
		"a wrong path": {
			[]byte(strings.Replace(string(proxy.kubeconfig(t, a.token)), proxyPrefix, "/k8s/clusters/gone", 1)),
			ErrNotReady, "clusters[].cluster.server leads to no Kubernetes API (HTTP 404)",
		},
		"no one there": {
			kubeconfigOf(t, object{"server": "https://127.0.0.1:1"}, object{"token": a.token}),
			ErrTransient, "connect to Harvester",
		},
		"nonsense": {[]byte("nonsense"), ErrInvalidKubeconfig, "(file): is not a kubeconfig"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newTestConnections(t).Get(t.Context(), identity("a"), tc.kubeconfig)
			assertOnlyKind(t, tc.kind, err)
			require.ErrorContains(t, err, tc.message)
			require.ErrorContains(t, err, "identity caphv/a: ")
			assert.NotContains(t, err.Error(), a.token)
		})
	}
}
