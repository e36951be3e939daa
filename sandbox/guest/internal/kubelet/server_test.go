package kubelet

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
)

func certificate(t *testing.T, authority *pki.Authority) tls.Certificate {
	t.Helper()
	pair, err := authority.Issue(pki.Request{CommonName: "a", Names: []string{"127.0.0.1"}, Server: true, Client: true})
	require.NoError(t, err)
	loaded, err := pair.TLS()
	require.NoError(t, err)
	return loaded
}

// serve starts a server and returns its URL and a client that it trusts.
func serve(t *testing.T, logFile string) (string, *http.Client) {
	t.Helper()
	authority, err := pki.NewAuthority("test")
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	server, err := Listen(t.Context(), ServerOptions{
		Address: address, Host: "127.0.0.1", Certificate: certificate(t, authority), ClientCA: authority.Pool(),
		LogFile: func(string) string { return logFile },
	})
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: authority.Pool(), Certificates: []tls.Certificate{certificate(t, authority)},
	}}}
	return "https://" + address, client
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestServerKnowsItsCallers(t *testing.T) {
	url, client := serve(t, "")
	status, body := get(t, client, url+"/healthz")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "ok", body)
	stranger := client.Transport.(*http.Transport).Clone()
	stranger.TLSClientConfig.Certificates = nil
	response, err := (&http.Client{Transport: stranger}).Get(url + "/healthz")
	if err == nil {
		response.Body.Close()
	}
	require.Error(t, err)
}

func TestServerRefusesWhatMakesNoSense(t *testing.T) {
	url, client := serve(t, "")
	status, _ := get(t, client, url+"/exec/ns/pod/container?command=a")
	assert.Equal(t, http.StatusBadRequest, status, "no stream was asked for")
	status, _ = get(t, client, url+"/containerLogs/ns/pod/container")
	assert.Equal(t, http.StatusNotFound, status)
}

func TestLogs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.WriteFile(file, []byte("a\nb\nc\n"), 0o600))
	url, client := serve(t, file)
	_, body := get(t, client, url+"/containerLogs/ns/pod/container")
	assert.Equal(t, "a\nb\nc\n", body)
	_, body = get(t, client, url+"/containerLogs/ns/pod/container?tailLines=2")
	assert.Equal(t, "b\nc\n", body)
}

func TestAPortInUseIsReported(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = Listen(t.Context(), ServerOptions{Address: taken.Addr().String()})
	require.Error(t, err)
}
