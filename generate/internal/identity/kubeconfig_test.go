package identity

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

const several = `
apiVersion: v1
kind: Config
current-context: harvester
preferences: {colors: true}
clusters:
- {name: other, cluster: {server: "https://other.example:6443"}}
- name: harvester
  cluster: {server: "https://harvester.example:6443", extensions: [{name: note, extension: {text: seen-by-another-program}}]}
users:
- {name: other, user: {token: token-of-other}}
- {name: harvester, user: {token: token-of-harvester}}
- {name: third, user: {username: admin, password: password-of-third}}
contexts:
- {name: other, context: {cluster: other, user: other}}
- {name: harvester, context: {cluster: harvester, user: harvester}}
- {name: crossed, context: {cluster: harvester, user: third}}
`

func TestOnlyTheCurrentContextIsKept(t *testing.T) {
	kept, err := Kubeconfig([]byte(several))
	require.NoError(t, err)
	for _, secret := range []string{"token-of-other", "password-of-third", "other.example", "crossed", "seen-by-another-program", "colors"} {
		assert.NotContains(t, string(kept), secret)
	}
	before, err := harvesterclient.RESTConfig([]byte(several))
	require.NoError(t, err)
	after, err := harvesterclient.RESTConfig(kept)
	require.NoError(t, err)
	assert.Equal(t, before, after, "it leads to the same server with the same credentials")
	again, err := Kubeconfig(kept)
	require.NoError(t, err)
	assert.Equal(t, string(kept), string(again))
}

func TestAFileOfOneContextStaysAsItIs(t *testing.T) {
	one := "current-context: h\nclusters: [{name: h, cluster: {server: 'https://h.example'}}]\n" +
		"users: [{name: h, user: {token: t}}]\ncontexts: [{name: h, context: {cluster: h, user: h}}]\n"
	kept, err := Kubeconfig([]byte(one))
	require.NoError(t, err)
	assert.Equal(t, one, string(kept))
	kept, err = Kubeconfig([]byte("# the old token: t0k3n\n" + one))
	require.NoError(t, err)
	assert.NotContains(t, string(kept), "t0k3n")
}

func TestTheOnlyContextNeedNotBeCurrent(t *testing.T) {
	one := `{"clusters": [{"name": "h", "cluster": {"server": "https://h.example"}}, {"name": "x", "cluster": {"server": "https://x.example"}}],
		"users": [{"name": "h", "user": {"token": "t"}}], "contexts": [{"name": "h", "context": {"cluster": "h", "user": "h"}}]}`
	kept, err := Kubeconfig([]byte(one))
	require.NoError(t, err)
	file, err := clientcmd.Load(kept)
	require.NoError(t, err)
	assert.Equal(t, "h", file.CurrentContext)
	assert.Len(t, file.Clusters, 1)
}

func TestServersOnThisMachine(t *testing.T) {
	for server, refused := range map[string]bool{
		"https://127.0.0.1:6443": true, "https://localhost:6443": true, "https://[::1]:6443": true, "https://127.8.8.8:6443": true,
		"https://0.0.0.0:6443": true, "https://LOCALHOST:6443": true,
		"https://192.0.2.1:6443": false, "https://harvester.example": false, "https://127.0.0.1:34567": false,
	} {
		_, err := Kubeconfig([]byte(strings.ReplaceAll(several, "https://harvester.example:6443", server)))
		if refused {
			require.ErrorIs(t, err, ErrThisMachine, server)
			assert.NotContains(t, err.Error(), "token-of")
			continue
		}
		require.NoError(t, err, server)
	}
	_, err := Kubeconfig([]byte(strings.ReplaceAll(several, "https://other.example:6443", "https://127.0.0.1:6443")))
	assert.NoError(t, err, "it is not of the current context")
}

func TestBase64IsNotEncodedAgain(t *testing.T) {
	once := base64.StdEncoding.EncodeToString([]byte(several))
	for name, content := range map[string]string{
		"once": once, "twice": base64.StdEncoding.EncodeToString([]byte(once)), "with a newline": once + "\n",
		"in lines": once[:76] + "\n" + once[76:], "without padding": strings.TrimRight(once, "="),
	} {
		_, err := Kubeconfig([]byte(content))
		require.ErrorIs(t, err, ErrEncoded, name)
	}
	for _, content := range []string{"", "short", "name: x"} {
		_, err := Kubeconfig([]byte(content))
		require.NotErrorIs(t, err, ErrEncoded)
		require.Error(t, err)
	}
}
