// Package pki issues a guest cluster's certificates from the authorities that
// its bootstrap data brings along. Keys are ECDSA P-256, as RKE2's own are: an
// RSA key costs a tenth of a second each on a busy machine.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// ErrInvalid marks a certificate, key or request that cannot be used. The
// message never quotes it.
var ErrInvalid = errors.New("invalid certificate data")

// validity of what is issued; a sandbox does not live longer.
const validity = 365 * 24 * time.Hour

// backdate tolerates clocks that differ a little.
const backdate = 5 * time.Minute

// Pair is a certificate (with what follows it in its file) and its key, in PEM.
type Pair struct{ Certificate, Key []byte }

// TLS is the pair as a TLS certificate.
func (p Pair) TLS() (tls.Certificate, error) {
	certificate, err := tls.X509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%w: certificate and key do not belong together", ErrInvalid)
	}
	return certificate, nil
}

// Authority issues certificates. Safe for concurrent use.
type Authority struct {
	pair        Pair
	certificate *x509.Certificate
	key         crypto.Signer
}

// Load reads an authority. The key may be PKCS#1, PKCS#8 or SEC 1.
func Load(pair Pair) (*Authority, error) {
	loaded, err := pair.TLS()
	if err != nil {
		return nil, err
	}
	key, ok := loaded.PrivateKey.(crypto.Signer)
	if !ok || !loaded.Leaf.IsCA {
		return nil, fmt.Errorf("%w: not a certificate authority", ErrInvalid)
	}
	return &Authority{pair: pair, certificate: loaded.Leaf, key: key}, nil
}

// NewAuthority makes a self-signed authority.
func NewAuthority(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(pkix.Name{CommonName: name})
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return Load(Pair{Certificate: encode("CERTIFICATE", der), Key: keyPEM})
}

// Pair is the authority's own certificate and key.
func (a *Authority) Pair() Pair { return a.pair }

// Pool trusts this authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Request says what a certificate is for.
type Request struct {
	// CommonName and Organizations are the user and groups of a client.
	CommonName    string
	Organizations []string
	// Names are host names and addresses of a server.
	Names []string
	// Server and Client are the uses.
	Server, Client bool
}

// Issue makes a key and a certificate for it.
func (a *Authority) Issue(request Request) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	certificate, err := a.sign(request, key.Public())
	if err != nil {
		return Pair{}, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{Certificate: certificate, Key: keyPEM}, nil
}

// sign certifies a public key.
func (a *Authority) sign(request Request, public crypto.PublicKey) ([]byte, error) {
	template, err := newTemplate(pkix.Name{CommonName: request.CommonName, Organization: request.Organizations})
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	if request.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if request.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	for _, name := range request.Names {
		if address := net.ParseIP(name); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate for %s: %w", request.CommonName, err)
	}
	return append(encode("CERTIFICATE", der), a.pair.Certificate...), nil
}

func newTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), Subject: subject,
		NotBefore: now.Add(-backdate), NotAfter: now.Add(validity),
	}, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return encode("EC PRIVATE KEY", der), nil
}
