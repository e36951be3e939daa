package harvesterclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCredentialsExpiry(t *testing.T) {
	early := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	late := early.Add(48 * time.Hour)
	for name, test := range map[string]struct {
		user   string
		expiry time.Time
	}{
		"a Rancher token":                 {user: "token: kubeconfig-user-abc12:secret"},
		"a password":                      {user: "username: admin\n    password: secret"},
		"a token without an end":          {user: "token: " + jwt(`{"sub":"x"}`)},
		"a token of a service account":    {user: "token: " + jwt(fmt.Sprintf(`{"exp":%d}`, late.Unix())), expiry: late},
		"a certificate":                   {user: clientPair(t, early), expiry: early},
		"a certificate and a later token": {user: clientPair(t, early) + "\n    token: " + jwt(fmt.Sprintf(`{"exp":%d}`, late.Unix())), expiry: early},
		"three words that are no token":   {user: "token: not.a.token"},
		"claims that are no numbers":      {user: "token: " + jwt(`{"exp":"tomorrow"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			expiry, known, err := CredentialsExpiry([]byte(`apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "https://192.0.2.1:6443"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users:
- name: u
  user:
    ` + test.user + "\n"))
			require.NoError(t, err)
			assert.Equal(t, !test.expiry.IsZero(), known)
			assert.True(t, test.expiry.Equal(expiry), "%s", expiry)
		})
	}
	_, known, err := CredentialsExpiry([]byte("certainly: [not"))
	require.ErrorIs(t, err, ErrInvalidKubeconfig)
	assert.False(t, known)
}

func jwt(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("signature"))
}

// clientPair is a client certificate with its key, as a kubeconfig holds it.
func clientPair(t *testing.T, notAfter time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: notAfter.Add(-time.Hour), NotAfter: notAfter}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	encode := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return "client-certificate-data: " + encode("CERTIFICATE", certificate) + "\n    client-key-data: " + encode("EC PRIVATE KEY", private)
}

func FuzzTokenExpiry(f *testing.F) {
	f.Add([]byte(`{"exp":1893456000}`))
	f.Add([]byte(`{"exp":1e308}`))
	f.Add([]byte(`{"exp":"soon","iss":null}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		_ = tokenExpiry(string(payload)) // as a token of any form: no panic
		expiry := tokenExpiry(jwt(string(payload)))
		if expiry.IsZero() {
			return
		}
		// An end that is known is one that a clock can show and a condition can carry.
		require.GreaterOrEqual(t, expiry.Unix(), int64(0))
		require.LessOrEqual(t, expiry.Unix(), int64(farFuture))
		require.NotEmpty(t, expiry.UTC().Format(time.RFC3339))
	})
}
