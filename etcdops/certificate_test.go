package etcdops_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// leafOf returns the client certificate, verified against the CA.
func leafOf(t *testing.T, ca *x509.Certificate, at time.Time, certPEM, keyPEM []byte, opts etcdops.CertificateOptions) *x509.Certificate {
	t.Helper()
	config, err := etcdops.ClientCertificate(certPEM, keyPEM, opts)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	require.NoError(t, err)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	require.Error(t, err, "it must not pass for a server")
	assert.False(t, leaf.IsCA)
	return leaf
}

func TestClientCertificate(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	ca := newAuthority(t, now.Add(2*time.Hour))
	clock := func() time.Time { return now }

	leaf := leafOf(t, ca.cert, now, ca.certPEM, ca.keyPEM, etcdops.CertificateOptions{Now: clock})
	assert.Equal(t, "caphv-etcd-client", leaf.Subject.CommonName)
	assert.True(t, leaf.NotBefore.Before(now), "a node's clock may lag behind")
	assert.True(t, leaf.NotAfter.Equal(now.Add(time.Hour)))

	leaf = leafOf(t, ca.cert, now, ca.certPEM, ca.keyPEM, etcdops.CertificateOptions{Now: clock, CommonName: "me", ValidFor: 24 * time.Hour})
	assert.Equal(t, "me", leaf.Subject.CommonName)
	assert.True(t, leaf.NotAfter.Equal(ca.cert.NotAfter), "never longer than the CA")

	other := leafOf(t, ca.cert, now, ca.certPEM, ca.keyPEM, etcdops.CertificateOptions{Now: clock})
	assert.NotEqual(t, leaf.SerialNumber, other.SerialNumber)
	assert.NotEqual(t, leaf.PublicKey, other.PublicKey, "each call makes a key of its own")
}

func TestClientCertificateReadsTheFormsOfKeys(t *testing.T) {
	now := time.Now()
	ca := newAuthority(t, now.Add(time.Hour))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ca.key)
	require.NoError(t, err)
	pkcs8PEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	leafOf(t, ca.cert, now, ca.certPEM, pkcs8PEM, etcdops.CertificateOptions{})

	parameters := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 8}})
	leafOf(t, ca.cert, now, ca.certPEM, append(parameters, ca.keyPEM...), etcdops.CertificateOptions{})

	old := newAuthority(t, now.Add(time.Hour))
	bundle := append(append([]byte{}, old.certPEM...), ca.certPEM...)
	leafOf(t, ca.cert, now, bundle, ca.keyPEM, etcdops.CertificateOptions{})

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "etcd-ca"}, NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	leafOf(t, cert, now,
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), etcdops.CertificateOptions{})
}

func TestClientCertificateRefusesWhatCannotWork(t *testing.T) {
	ca := newAuthority(t, time.Now().Add(time.Hour))
	other := newAuthority(t, time.Now().Add(time.Hour))
	expired := newAuthority(t, time.Now().Add(-time.Minute))
	garbage := func(kind string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("not DER, but SECRET")})
	}
	for name, c := range map[string]struct {
		cert, key []byte
		says      string
	}{
		"no certificate":        {nil, ca.keyPEM, "no CERTIFICATE block"},
		"no key":                {ca.certPEM, nil, "no private key block"},
		"exchanged":             {ca.keyPEM, ca.certPEM, "no private key block"},
		"key of another":        {ca.certPEM, other.keyPEM, "fits none of the 1 certificates"},
		"expired":               {expired.certPEM, expired.keyPEM, "expired at"},
		"malformed certificate": {garbage("CERTIFICATE"), ca.keyPEM, "CERTIFICATE block is malformed"},
		"malformed EC key":      {ca.certPEM, garbage("EC PRIVATE KEY"), "etcd CA key"},
		"malformed RSA key":     {ca.certPEM, garbage("RSA PRIVATE KEY"), "etcd CA key"},
		"malformed PKCS#8 key":  {ca.certPEM, garbage("PRIVATE KEY"), "etcd CA key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := etcdops.ClientCertificate(c.cert, c.key, etcdops.CertificateOptions{})
			require.ErrorIs(t, err, etcdops.ErrInvalidConfig)
			require.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), "SECRET")
		})
	}
}

func FuzzClientCertificate(f *testing.F) {
	ca := newAuthority(f, time.Now().Add(time.Hour))
	f.Add(ca.certPEM, ca.keyPEM)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, cert, key []byte) {
		config, err := etcdops.ClientCertificate(cert, key, etcdops.CertificateOptions{})
		if (config == nil) == (err == nil) {
			t.Fatal("a configuration or an error, not both or neither")
		}
		if err != nil && len(key) > 40 && strings.Contains(err.Error(), string(key)) {
			t.Fatal("the error quotes the key")
		}
	})
}
