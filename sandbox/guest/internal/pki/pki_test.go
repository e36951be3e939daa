package pki_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
)

func newAuthority(t *testing.T) *pki.Authority {
	t.Helper()
	authority, err := pki.NewAuthority("test")
	require.NoError(t, err)
	return authority
}

// leaf parses the first certificate of a pair and verifies it for a use.
func verify(t *testing.T, authority *pki.Authority, certificate []byte, use x509.ExtKeyUsage, name string) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(certificate)
	require.NotNil(t, block)
	assert.NotEmpty(t, rest, "the authority follows")
	parsed, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	_, err = parsed.Verify(x509.VerifyOptions{Roots: authority.Pool(), KeyUsages: []x509.ExtKeyUsage{use}, DNSName: name})
	require.NoError(t, err)
	return parsed
}

func TestIssue(t *testing.T) {
	authority := newAuthority(t)
	pair, err := authority.Issue(pki.Request{
		CommonName: "system:node:a", Organizations: []string{"system:nodes"}, Names: []string{"a", "127.50.1.10"}, Server: true, Client: true,
	})
	require.NoError(t, err)
	_, err = pair.TLS()
	require.NoError(t, err)
	parsed := verify(t, authority, pair.Certificate, x509.ExtKeyUsageServerAuth, "127.50.1.10")
	verify(t, authority, pair.Certificate, x509.ExtKeyUsageClientAuth, "a")
	assert.Equal(t, "system:node:a", parsed.Subject.CommonName)
	assert.Equal(t, []string{"system:nodes"}, parsed.Subject.Organization)
	assert.True(t, parsed.NotBefore.Before(time.Now().Add(-time.Minute)), "clocks may differ")
}

func TestAuthoritiesAreLoadedInTheFormOfClusterAPI(t *testing.T) {
	// The RKE2 provider makes RSA authorities of serial number zero.
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0), Subject: pkix.Name{CommonName: "kubernetes"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	authority, err := pki.Load(pki.Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	})
	require.NoError(t, err)
	pair, err := authority.Issue(pki.Request{CommonName: "a", Names: []string{"a"}, Server: true})
	require.NoError(t, err)
	verify(t, authority, pair.Certificate, x509.ExtKeyUsageServerAuth, "a")
}

func TestSignTakesTheKeyAndNotTheWishes(t *testing.T) {
	authority := newAuthority(t)
	request, key, err := pki.NewRequest()
	require.NoError(t, err)
	certificate, err := authority.Sign(request, pki.Request{CommonName: "system:node:b", Organizations: []string{"system:nodes"}, Client: true})
	require.NoError(t, err)
	_, err = pki.Pair{Certificate: certificate, Key: key}.TLS()
	require.NoError(t, err)
	assert.Equal(t, "system:node:b", verify(t, authority, certificate, x509.ExtKeyUsageClientAuth, "").Subject.CommonName)
}

func TestRefusals(t *testing.T) {
	authority := newAuthority(t)
	leaf, err := authority.Issue(pki.Request{CommonName: "a", Server: true})
	require.NoError(t, err)
	other := newAuthority(t).Pair()
	for name, pair := range map[string]pki.Pair{
		"nothing": {}, "no authority": leaf, "another's key": {Certificate: authority.Pair().Certificate, Key: other.Key},
	} {
		_, err := pki.Load(pair)
		require.ErrorIs(t, err, pki.ErrInvalid, name)
	}
	for _, request := range []string{"", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"} {
		_, err := authority.Sign([]byte(request), pki.Request{})
		require.ErrorIs(t, err, pki.ErrInvalid)
	}
	_, err = pki.Pool([]byte("no certificate"))
	require.ErrorIs(t, err, pki.ErrInvalid)
}

func TestNewKeyIsAPrivateKey(t *testing.T) {
	text, err := pki.NewKey()
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	_, err = x509.ParseECPrivateKey(block.Bytes)
	require.NoError(t, err)
}
