package supervisor_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/supervisor"
)

// backend is a server that is up or not.
type backend struct{ down atomic.Bool }

var errDown = errors.New("down: secret details")

func (b *backend) Bootstrap() (supervisor.Bootstrap, error) {
	if b.down.Load() {
		return supervisor.Bootstrap{}, errDown
	}
	return supervisor.Bootstrap{Files: map[string][]byte{"/a": []byte("b")}}, nil
}

func (b *backend) EtcdInfo(context.Context) (supervisor.EtcdInfo, error) {
	return supervisor.EtcdInfo{ClientURLs: []string{"https://127.50.1.10:2379"}}, nil
}

func (b *backend) APIServers(context.Context) (supervisor.APIServers, error) {
	return supervisor.APIServers{Addresses: []string{"127.50.1.10:6443"}}, nil
}

const token = "right-token"

// open starts a server and returns its URL.
func open(t *testing.T, withToken string) (*url.URL, *backend, *supervisor.Server) {
	t.Helper()
	serverCA, err := pki.NewAuthority("server")
	require.NoError(t, err)
	clientCA, err := pki.NewAuthority("client")
	require.NoError(t, err)
	pair, err := serverCA.Issue(pki.Request{CommonName: "s", Names: []string{"127.0.0.1"}, Server: true})
	require.NoError(t, err)
	certificate, err := pair.TLS()
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	behind := &backend{}
	server, err := supervisor.Listen(t.Context(), supervisor.Options{
		Address: address, Certificate: certificate, Token: withToken, ServerCA: serverCA, ClientCA: clientCA, Backend: behind,
	})
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	return &url.URL{Scheme: "https", Host: address}, behind, server
}

func connect(t *testing.T, base *url.URL, with string) *supervisor.Client {
	t.Helper()
	client, err := supervisor.Connect(t.Context(), base, with)
	require.NoError(t, err)
	return client
}

func TestJoining(t *testing.T) {
	base, _, _ := open(t, token)
	client := connect(t, base, token)

	bootstrap, err := client.Bootstrap(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "b", string(bootstrap.Files["/a"]))
	info, err := client.EtcdInfo(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"https://127.50.1.10:2379"}, info.ClientURLs)
	servers, err := client.APIServers(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"127.50.1.10:6443"}, servers.Addresses)

	request, key, err := pki.NewRequest()
	require.NoError(t, err)
	identity, err := client.ClientCertificate(t.Context(), "n", request)
	require.NoError(t, err)
	pair, err := pki.Pair{Certificate: identity.Certificate, Key: key}.TLS()
	require.NoError(t, err)
	assert.Equal(t, "system:node:n", pair.Leaf.Subject.CommonName)
	assert.Equal(t, []string{"system:nodes"}, pair.Leaf.Subject.Organization)
	identity, err = client.ServingCertificate(t.Context(), "n", "127.50.1.11", request)
	require.NoError(t, err)
	pair, err = pki.Pair{Certificate: identity.Certificate, Key: key}.TLS()
	require.NoError(t, err)
	require.NoError(t, pair.Leaf.VerifyHostname("127.50.1.11"))
	assert.NotEqual(t, identity.ClientCA, identity.ServerCA)
}

func TestNothingWithoutTheToken(t *testing.T) {
	for _, secret := range []string{token, ""} {
		base, _, _ := open(t, secret)
		for _, wrong := range []string{"wrong-token", "", "right-toke"} {
			client := connect(t, base, wrong)
			_, err := client.Bootstrap(t.Context())
			require.ErrorIs(t, err, supervisor.ErrUnauthorized)
			_, err = client.EtcdInfo(t.Context())
			require.ErrorIs(t, err, supervisor.ErrUnauthorized)
			_, err = client.APIServers(t.Context())
			require.ErrorIs(t, err, supervisor.ErrUnauthorized)
			_, err = client.ClientCertificate(t.Context(), "n", nil)
			require.ErrorIs(t, err, supervisor.ErrUnauthorized)
		}
	}
}

func TestAServerThatStartsSaysSoAndNoMore(t *testing.T) {
	base, behind, _ := open(t, token)
	behind.down.Store(true)
	_, err := connect(t, base, token).Bootstrap(t.Context())
	require.ErrorIs(t, err, supervisor.ErrUnavailable)
	assert.NotContains(t, err.Error(), "secret details")
}

func TestRequestsThatCannotBeSigned(t *testing.T) {
	base, _, _ := open(t, token)
	client := connect(t, base, token)
	_, err := client.ClientCertificate(t.Context(), "n", []byte("no request"))
	require.ErrorIs(t, err, supervisor.ErrUnavailable)
	request, _, err := pki.NewRequest()
	require.NoError(t, err)
	_, err = client.ClientCertificate(t.Context(), "", request)
	require.ErrorIs(t, err, supervisor.ErrUnavailable)
	_, err = client.ServingCertificate(t.Context(), "n", "no address", request)
	require.ErrorIs(t, err, supervisor.ErrUnavailable)
}

func TestNobodyThere(t *testing.T) {
	base, _, server := open(t, token)
	client := connect(t, base, token)
	require.NoError(t, server.Close())
	_, err := client.Bootstrap(t.Context())
	require.ErrorIs(t, err, supervisor.ErrUnavailable)
	_, err = supervisor.Connect(t.Context(), base, token)
	require.ErrorIs(t, err, supervisor.ErrUnavailable)
}

func TestAnotherClusterIsNotTrusted(t *testing.T) {
	base, _, server := open(t, token)
	client := connect(t, base, token)
	require.NoError(t, server.Close())
	// Another cluster takes the address: the client keeps to its authority.
	serverCA, err := pki.NewAuthority("other")
	require.NoError(t, err)
	pair, err := serverCA.Issue(pki.Request{CommonName: "s", Names: []string{"127.0.0.1"}, Server: true})
	require.NoError(t, err)
	certificate, err := pair.TLS()
	require.NoError(t, err)
	other, err := supervisor.Listen(t.Context(), supervisor.Options{
		Address: base.Host, Certificate: certificate, Token: token, ServerCA: serverCA, ClientCA: serverCA, Backend: &backend{},
	})
	require.NoError(t, err)
	defer other.Close()
	_, err = client.Bootstrap(t.Context())
	require.ErrorIs(t, err, supervisor.ErrUnavailable)
}
