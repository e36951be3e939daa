package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/pki"
)

func TestServerAndClientTrustEachOtherThroughTheCA(t *testing.T) {
	ca, err := pki.NewCA("trial")
	require.NoError(t, err)
	server, err := ca.Server("server", "127.0.0.1", "localhost")
	require.NoError(t, err)
	client, err := ca.Client("jane", "admins")
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(ca.Pair().Cert))

	var user string
	var groups []string
	served := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user, groups = r.TLS.PeerCertificates[0].Subject.CommonName, r.TLS.PeerCertificates[0].Subject.Organization
	}))
	served.TLS = &tls.Config{Certificates: []tls.Certificate{keyPair(t, server)}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	served.StartTLS()
	t.Cleanup(served.Close)
	caller := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: pool, Certificates: []tls.Certificate{keyPair(t, client)},
	}}}

	response, err := caller.Get(served.URL)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, "jane", user)
	assert.Equal(t, []string{"admins"}, groups)

	stranger, err := pki.NewCA("stranger")
	require.NoError(t, err)
	other := x509.NewCertPool()
	other.AppendCertsFromPEM(stranger.Pair().Cert)
	connection, err := tls.Dial("tcp", served.Listener.Addr().String(), &tls.Config{RootCAs: other})
	assert.Nil(t, connection)
	assert.ErrorContains(t, err, "certificate")
}

func TestKeysOnDiskAreTheOwnersOnly(t *testing.T) {
	pair, err := pki.KeyPair()
	require.NoError(t, err)
	_, keyFile, err := pair.Write(t.TempDir(), "service-account")
	require.NoError(t, err)
	info, err := os.Stat(keyFile)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func keyPair(t *testing.T, pair pki.Pair) tls.Certificate {
	t.Helper()
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	require.NoError(t, err)
	return certificate
}
