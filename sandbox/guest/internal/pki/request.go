package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// NewRequest makes a key and a signing request for it, both in PEM. What the
// certificate is for is decided by who signs.
func NewRequest() (request, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, private)
	if err != nil {
		return nil, nil, err
	}
	key, err = encodeKey(private)
	if err != nil {
		return nil, nil, err
	}
	return encode("CERTIFICATE REQUEST", der), key, nil
}

// Sign answers a signing request. Its key is taken, its wishes are not.
func (a *Authority) Sign(requestPEM []byte, grant Request) ([]byte, error) {
	block, _ := pem.Decode(requestPEM)
	if block == nil {
		return nil, fmt.Errorf("%w: the request is not PEM", ErrInvalid)
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || parsed.CheckSignature() != nil {
		return nil, fmt.Errorf("%w: the request cannot be read or was not signed by its key", ErrInvalid)
	}
	return a.sign(grant, parsed.PublicKey)
}

// NewKey makes a private key in PEM, for signing service account tokens.
func NewKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return encodeKey(key)
}

// Pool trusts the certificates of a PEM bundle.
func Pool(bundle []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("%w: no certificate in the bundle", ErrInvalid)
	}
	return pool, nil
}
