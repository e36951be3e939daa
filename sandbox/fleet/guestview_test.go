package fleet

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func TestAGuestSeesItsOwnNodesOnly(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Authorization"), "the token is the view's")
		_, _ = io.WriteString(w, r.Method+" "+r.URL.String())
	}))
	t.Cleanup(backend.Close)
	view, err := startGuestView(t.Context(), &rest.Config{Host: backend.URL})
	require.NoError(t, err)
	kubeconfig, err := view.kubeconfig("load-7")
	require.NoError(t, err)
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	require.NoError(t, err)
	guest, err := rest.HTTPClientFor(config)
	require.NoError(t, err)

	for asked, want := range map[string]string{
		"/api/v1/nodes": "GET /api/v1/nodes?labelSelector=cluster.x-k8s.io%2Fcluster-name%3Dload-7",
		"/api/v1/nodes?labelSelector=a%3Db&watch=true": "GET /api/v1/nodes?labelSelector=cluster.x-k8s.io%2Fcluster-name%3Dload-7%2Ca%3Db&watch=true",
		"/api/v1/nodes/worker-1":                       "GET /api/v1/nodes/worker-1",
		"/version":                                     "GET /version",
	} {
		response, err := guest.Get(config.Host + asked)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want, string(body), asked)
	}
	config.BearerToken = "guessed"
	other, err := rest.HTTPClientFor(config)
	require.NoError(t, err)
	stranger, err := other.Get(config.Host + "/api/v1/nodes")
	require.NoError(t, err)
	require.NoError(t, stranger.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, stranger.StatusCode)
}
