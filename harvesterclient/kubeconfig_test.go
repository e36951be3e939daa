package harvesterclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// newKeyPair makes a self-signed certificate with its key, in PEM.
func newKeyPair(tb testing.TB) (cert, key []byte) {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(tb, err)
	keyDER, err := x509.MarshalECPrivateKey(private)
	require.NoError(tb, err)

	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
}

// object is a piece of a kubeconfig.
type object = map[string]any

func kubeconfigOf(tb testing.TB, cluster, user object) []byte {
	tb.Helper()
	data, err := yaml.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "default",
		"clusters": []object{{"name": "default", "cluster": cluster}},
		"users":    []object{{"name": "default", "user": user}},
		"contexts": []object{{"name": "default", "context": object{"cluster": "default", "user": "default", "namespace": "vms"}}},
	})
	require.NoError(tb, err)

	return data
}

const testToken = "s3cr3t-t0ken-value"

func TestRESTConfigTakesWhatUsersHold(t *testing.T) {
	t.Parallel()
	cert, key := newKeyPair(t)
	b64 := base64.StdEncoding.EncodeToString
	t.Run("a node's own file", func(t *testing.T) {
		t.Parallel()
		cfg, err := RESTConfig(kubeconfigOf(t,
			object{"server": "https://127.0.0.1:6443", "certificate-authority-data": b64(cert)},
			object{"client-certificate-data": b64(cert), "client-key-data": b64(key)}))
		require.NoError(t, err)
		assert.Equal(t, "https://127.0.0.1:6443", cfg.Host)
		assert.Equal(t, cert, cfg.CAData)
		assert.Equal(t, cert, cfg.CertData)
		assert.Equal(t, key, cfg.KeyData)
	})
	t.Run("downloaded from the UI, public CA", func(t *testing.T) {
		t.Parallel()
		cfg, err := RESTConfig(kubeconfigOf(t, object{"server": "https://10.0.0.2/k8s/clusters/local"}, object{"token": "kubeconfig-user-x:" + testToken}))
		require.NoError(t, err)
		assert.Equal(t, "https://10.0.0.2/k8s/clusters/local", cfg.Host)
		assert.Equal(t, "kubeconfig-user-x:"+testToken, cfg.BearerToken)
		assert.Empty(t, cfg.CAData)
	})
	t.Run("through Rancher", func(t *testing.T) {
		t.Parallel()
		cfg, err := RESTConfig(kubeconfigOf(t,
			object{"server": "https://rancher.example.org/k8s/clusters/c-m-abc123", "certificate-authority-data": b64(cert)}, object{"token": testToken}))
		require.NoError(t, err)
		assert.Equal(t, "https://rancher.example.org/k8s/clusters/c-m-abc123", cfg.Host)
	})
	t.Run("every other field", func(t *testing.T) {
		t.Parallel()
		cfg, err := RESTConfig(kubeconfigOf(t,
			object{"server": "https://[fd00::1]:6443", "insecure-skip-tls-verify": true, "tls-server-name": "harvester", "proxy-url": "socks5://proxy:1080", "disable-compression": true},
			object{"username": "admin", "password": testToken, "as": "robot", "as-uid": "7", "as-groups": []string{"g"}, "as-user-extra": object{"k": []string{"v"}}}))
		require.NoError(t, err)
		assert.True(t, cfg.Insecure)
		assert.True(t, cfg.DisableCompression)
		assert.Equal(t, "harvester", cfg.ServerName)
		assert.Equal(t, "admin", cfg.Username)
		assert.Equal(t, testToken, cfg.Password)
		assert.Equal(t, "robot", cfg.Impersonate.UserName)
		assert.Equal(t, "7", cfg.Impersonate.UID)
		assert.Equal(t, []string{"g"}, cfg.Impersonate.Groups)
		assert.Equal(t, map[string][]string{"k": {"v"}}, cfg.Impersonate.Extra)
		proxy, err := cfg.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "x"}})
		require.NoError(t, err)
		assert.Equal(t, "socks5://proxy:1080", proxy.String())
	})
	t.Run("JSON, and no current context where there is only one", func(t *testing.T) {
		t.Parallel()
		data, err := yaml.YAMLToJSON(kubeconfigOf(t, object{"server": "https://h"}, object{"token": testToken}))
		require.NoError(t, err)
		cfg, err := RESTConfig([]byte(strings.Replace(string(data), `"current-context":"default"`, `"current-context":""`, 1)))
		require.NoError(t, err)
		assert.Equal(t, "https://h", cfg.Host)
	})
}

func TestRESTConfigRefuses(t *testing.T) {
	t.Parallel()
	cert, key := newKeyPair(t)
	_, otherKey := newKeyPair(t)
	b64 := base64.StdEncoding.EncodeToString
	goodCluster := func(more object) object { return with(object{"server": "https://h:6443"}, more) }
	goodUser := func(more object) object { return with(object{"token": testToken}, more) }
	for name, tc := range map[string]struct {
		cluster, user object
		want          string
	}{
		"exec plugin":              {goodCluster(nil), goodUser(object{"exec": object{"command": testToken}}), "users[].user.exec: runs a program"},
		"auth provider":            {goodCluster(nil), goodUser(object{"auth-provider": object{"name": "oidc"}}), "users[].user.auth-provider: runs a plugin"},
		"certificate file":         {goodCluster(nil), goodUser(object{"client-certificate": "/x"}), "users[].user.client-certificate: is a file reference"},
		"key file":                 {goodCluster(nil), goodUser(object{"client-key": "/x"}), "users[].user.client-key: is a file reference"},
		"token file":               {goodCluster(nil), object{"tokenFile": "/x"}, "users[].user.tokenFile: is a file reference"},
		"CA file":                  {goodCluster(object{"certificate-authority": "/x"}), goodUser(nil), "clusters[].cluster.certificate-authority: is a file reference"},
		"CA not base64":            {goodCluster(object{"certificate-authority-data": "%%"}), goodUser(nil), "certificate-authority-data: is not base64"},
		"CA not PEM":               {goodCluster(object{"certificate-authority-data": b64([]byte("x"))}), goodUser(nil), "certificate-authority-data: holds no PEM certificate"},
		"CA and no verification":   {goodCluster(object{"certificate-authority-data": b64(cert), "insecure-skip-tls-verify": true}), goodUser(nil), "insecure-skip-tls-verify: contradicts"},
		"no credentials":           {goodCluster(nil), object{}, "users[].user: has no credentials"},
		"token and password":       {goodCluster(nil), goodUser(object{"username": "u"}), "users[].user: has both"},
		"token of two lines":       {goodCluster(nil), object{"token": testToken + "\n"}, "users[].user.token: holds a line break"},
		"certificate without key":  {goodCluster(nil), object{"client-certificate-data": b64(cert)}, "client-key-data: is absent"},
		"key without certificate":  {goodCluster(nil), object{"client-key-data": b64(key)}, "client-certificate-data: is absent"},
		"key of another":           {goodCluster(nil), object{"client-certificate-data": b64(cert), "client-key-data": b64(otherKey)}, "not a PEM certificate with its key"},
		"key not base64":           {goodCluster(nil), object{"client-key-data": "!"}, "client-key-data: is not base64"},
		"groups without user":      {goodCluster(nil), goodUser(object{"as-groups": []string{"g"}}), "users[].user.as: is empty"},
		"no server":                {object{}, goodUser(nil), "clusters[].cluster.server: is empty"},
		"server without scheme":    {object{"server": "10.0.0.1:6443"}, goodUser(nil), "clusters[].cluster.server: is not a URL"},
		"server in the clear":      {object{"server": "http://10.0.0.1"}, goodUser(nil), "must start with https://"},
		"server with a password":   {object{"server": "https://u:" + testToken + "@h"}, goodUser(nil), "put them under users"},
		"server with a query":      {object{"server": "https://h?x=" + testToken}, goodUser(nil), "has more than scheme"},
		"proxy of an odd kind":     {goodCluster(object{"proxy-url": "ftp://" + testToken}), goodUser(nil), "proxy-url: must be"},
		"proxy without host":       {goodCluster(object{"proxy-url": "x"}), goodUser(nil), "proxy-url: is not a URL"},
		"token of the wrong type":  {goodCluster(nil), object{"token": 123456}, "users.user.token: has the wrong type, want string"},
		"server of the wrong type": {object{"server": []string{testToken}}, goodUser(nil), "clusters.cluster.server: has the wrong type, want string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := RESTConfig(kubeconfigOf(t, tc.cluster, tc.user))
			require.ErrorIs(t, err, ErrInvalidKubeconfig)
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), testToken)
			assert.NotContains(t, err.Error(), "123456")
		})
	}
}

func with(base, more object) object {
	for key, value := range more {
		base[key] = value
	}

	return base
}

func TestRESTConfigAllowsHTTPOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"http://127.0.0.1:8080/prefix", "http://[::1]:8080", "http://localhost", "http://127.50.0.1"} {
		cfg, err := RESTConfig(kubeconfigOf(t, object{"server": server}, object{"token": "t"}))
		require.NoError(t, err)
		assert.Equal(t, server, cfg.Host)
	}
}

func TestRESTConfigWholeFile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ data, want string }{
		"empty":                {"", "(file): is empty"},
		"not YAML":             {"\t" + testToken, "(file): is neither YAML nor JSON"},
		"a scalar":             {testToken, "(file): is not a kubeconfig"},
		"a list":               {"- " + testToken, "(file): is not a kubeconfig"},
		"too large":            {strings.Repeat("#", maxKubeconfigBytes+1), "(file): is larger than"},
		"no contexts":          {"kind: Config", "current-context: is empty and there are 0 contexts"},
		"unknown context":      {"current-context: " + testToken, "current-context: names no entry"},
		"context without user": {"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://h'}}]", "contexts[].context.user: names no entry"},
		"unknown cluster":      {"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]", "contexts[].context.cluster: names no entry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := RESTConfig([]byte(tc.data))
			require.ErrorIs(t, err, ErrInvalidKubeconfig)
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), testToken)
		})
	}
}

// Whatever stands in a kubeconfig, no error repeats a value from it.
func TestRESTConfigNeverQuotesValues(t *testing.T) {
	t.Parallel()
	secret := rapid.Custom(func(t *rapid.T) string {
		return "v-" + hex.EncodeToString(rapid.SliceOfN(rapid.Byte(), 4, 8).Draw(t, "bytes"))
	})
	maybe := func(t *rapid.T, target object, field string) {
		switch rapid.IntRange(0, 3).Draw(t, field) {
		case 1:
			target[field] = secret.Draw(t, field+" value")
		case 2:
			target[field] = base64.StdEncoding.EncodeToString([]byte(secret.Draw(t, field+" data")))
		case 3:
			target[field] = []string{secret.Draw(t, field+" list")}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		cluster, user := object{"server": rapid.SampledFrom([]string{"https://h", "http://v-0000", "https://v-0000:x", "v-0000"}).Draw(rt, "server")}, object{}
		for _, field := range []string{"certificate-authority", "certificate-authority-data", "proxy-url", "tls-server-name"} {
			maybe(rt, cluster, field)
		}
		for _, field := range []string{"token", "client-certificate-data", "client-key-data", "username", "password", "exec", "auth-provider", "as", "as-uid", "tokenFile"} {
			maybe(rt, user, field)
		}
		if _, err := RESTConfig(kubeconfigOf(t, cluster, user)); err != nil {
			require.ErrorIs(rt, err, ErrInvalidKubeconfig)
			require.NotContains(rt, err.Error(), "v-")
			require.NotContains(rt, err.Error(), base64.StdEncoding.EncodeToString([]byte("v-"))[:3])
		}
	})
}

func FuzzRESTConfig(f *testing.F) {
	cert, key := newKeyPair(f)
	b64 := base64.StdEncoding.EncodeToString
	f.Add(kubeconfigOf(f, object{"server": "https://h:6443", "certificate-authority-data": b64(cert)}, object{"token": "t"}))
	f.Add(kubeconfigOf(f, object{"server": "https://h/k8s/clusters/local"}, object{"client-certificate-data": b64(cert), "client-key-data": b64(key)}))
	f.Add(kubeconfigOf(f, object{"server": "http://127.0.0.1"}, object{"username": "u", "exec": object{"command": "x"}}))
	f.Add([]byte(`{"current-context":"a","contexts":[{"name":"a"}],"clusters":[{}],"users":[{"user":{"token":1}}]}`))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := RESTConfig(data)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalidKubeconfig)
			return
		}
		// What was accepted must be usable: it names one encrypted or local server and carries a credential of its own.
		server, err := url.Parse(cfg.Host)
		require.NoError(t, err)
		require.True(t, server.Scheme == "https" || isLoopback(server.Hostname()), cfg.Host)
		require.True(t, cfg.BearerToken != "" || cfg.Username != "" || len(cfg.CertData) > 0)
		require.Empty(t, cfg.CAFile+cfg.CertFile+cfg.KeyFile+cfg.BearerTokenFile)
		require.Nil(t, cfg.ExecProvider)
		require.Nil(t, cfg.AuthProvider)
		_, _, err = newTransport(cfg, time.Second)
		require.NoError(t, err)
	})
}

func ExampleRESTConfig() {
	_, err := RESTConfig([]byte(`{
		"current-context": "a",
		"contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
		"clusters": [{"name": "a", "cluster": {"server": "https://10.0.0.1:6443"}}],
		"users": [{"name": "a", "user": {"exec": {"command": "login"}}}]
	}`))
	fmt.Println(err)
	// Output: kubeconfig: users[].user.exec: runs a program, which a Secret cannot carry: use a service account's token
}
