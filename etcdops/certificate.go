package etcdops

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

const (
	defaultCommonName = "caphv-etcd-client"
	defaultValidity   = time.Hour
	// clockSkew is how far the etcd nodes' clocks may lag behind ours.
	clockSkew = 5 * time.Minute
	// serialBits is the size of a random serial number; RFC 5280 allows 159 bits.
	serialBits = 128
)

// CertificateOptions tune ClientCertificate. The zero value is fine.
type CertificateOptions struct {
	// CommonName of the certificate; etcd's audit log shows it. Empty means "caphv-etcd-client".
	CommonName string
	// ServerName is the name the etcd servers' certificates are checked for, whatever address is dialled. Through a
	// port-forward it is "localhost", which the server certificates of RKE2 and kubeadm both hold. Empty means the
	// host of the endpoint.
	ServerName string
	// ValidFor is how long the certificate lasts, but never longer than its CA. 0 means one hour.
	ValidFor time.Duration
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// ClientCertificate issues a short-lived client certificate from an etcd CA and returns the TLS configuration that
// uses it and trusts servers of the same CA only. caCert and caKey are PEM, as the keys tls.crt and tls.key of the
// Secret "<cluster>-etcd" hold them (RKE2 and kubeadm alike); when caCert is a bundle, the certificate that fits the
// key signs and all of them are trusted. RSA and ECDSA keys in PKCS#1, PKCS#8 and SEC 1 form are read.
//
// The key pair is made anew on each call and exists in memory only. Errors are ErrInvalidConfig and never quote what
// they were given.
func ClientCertificate(caCert, caKey []byte, opts CertificateOptions) (*tls.Config, error) {
	opts = opts.withDefaults()
	signer, err := parsePrivateKey(caKey)
	if err != nil {
		return nil, fmt.Errorf("%w: etcd CA key: %w", ErrInvalidConfig, err)
	}
	authorities, err := parseCertificates(caCert)
	if err != nil {
		return nil, fmt.Errorf("%w: etcd CA certificate: %w", ErrInvalidConfig, err)
	}
	issuer, err := issuerFor(authorities, signer)
	if err != nil {
		return nil, fmt.Errorf("%w: etcd CA: %w", ErrInvalidConfig, err)
	}
	leaf, err := issueClientCertificate(issuer, signer, opts)
	if err != nil {
		return nil, fmt.Errorf("issue an etcd client certificate: %w", err)
	}
	roots := x509.NewCertPool()
	for _, authority := range authorities {
		roots.AddCert(authority)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		ServerName:   opts.ServerName,
		RootCAs:      roots,
		Certificates: []tls.Certificate{leaf},
	}, nil
}

func (o CertificateOptions) withDefaults() CertificateOptions {
	if o.CommonName == "" {
		o.CommonName = defaultCommonName
	}
	if o.ValidFor <= 0 {
		o.ValidFor = defaultValidity
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func issueClientCertificate(issuer *x509.Certificate, signer crypto.Signer, opts CertificateOptions) (tls.Certificate, error) {
	now := opts.Now()
	if now.After(issuer.NotAfter) {
		return tls.Certificate{}, fmt.Errorf("%w: the etcd CA expired at %s", ErrInvalidConfig, issuer.NotAfter.UTC().Format(time.RFC3339))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a serial number: %w", err)
	}
	notAfter := now.Add(opts.ValidFor)
	if notAfter.After(issuer.NotAfter) {
		notAfter = issuer.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: opts.CommonName},
		NotBefore:    now.Add(-clockSkew),
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("sign: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// issuerFor finds the certificate whose key signer is.
func issuerFor(authorities []*x509.Certificate, signer crypto.Signer) (*x509.Certificate, error) {
	type equaler interface{ Equal(crypto.PublicKey) bool }
	public, ok := signer.Public().(equaler)
	if !ok {
		return nil, fmt.Errorf("unsupported kind of key %T", signer.Public())
	}
	for _, authority := range authorities {
		if public.Equal(authority.PublicKey) {
			return authority, nil
		}
	}
	return nil, fmt.Errorf("the key fits none of the %d certificates", len(authorities))
}

func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a CERTIFICATE block is malformed: %w", err)
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, fmt.Errorf("no CERTIFICATE block in PEM form")
	}
	return certificates, nil
}

func parsePrivateKey(data []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			return x509.ParsePKCS1PrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			signer, ok := key.(crypto.Signer)
			if !ok {
				return nil, fmt.Errorf("unsupported kind of key %T", key)
			}
			return signer, nil
		}
	}
	return nil, fmt.Errorf("no private key block in PEM form")
}
