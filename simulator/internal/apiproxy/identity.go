package apiproxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/pki"
)

// Files of the proxy in its directory. They make a kubeconfig outlive a restart.
const (
	certificateName = "proxy"
	authorityFile   = "proxy-ca.crt"
	addressFile     = "proxy.address"
)

// identity is how clients recognise the proxy: its certificate, and where it listens.
type identity struct {
	certificate tls.Certificate
	ca          []byte
	address     string
	// remembered tells that the address is merely the last run's, and may be given up.
	remembered bool
}

// loadIdentity takes up what the last run left, or makes everything anew.
func loadIdentity(dir, address string) (identity, error) {
	found := identity{address: address}
	if address == "" {
		text, err := os.ReadFile(filepath.Join(dir, addressFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return found, err
		}
		found.address, found.remembered = strings.TrimSpace(string(text)), true
	}
	if found.address == "" {
		found.address = "127.0.0.1:0"
	}
	ca, err := os.ReadFile(filepath.Join(dir, authorityFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = found.issue(dir)
		return found, err
	}
	if err != nil {
		return found, err
	}
	found.ca = ca
	found.certificate, err = tls.LoadX509KeyPair(filepath.Join(dir, certificateName+".crt"), filepath.Join(dir, certificateName+".key"))
	return found, err
}

// issue makes a certificate and keeps it.
func (i *identity) issue(dir string) error {
	host, _, err := net.SplitHostPort(i.address)
	if err != nil {
		return fmt.Errorf("address %q: %w", i.address, err)
	}
	authority, err := pki.NewCA("harvester-ca")
	if err != nil {
		return err
	}
	pair, err := authority.Server("harvester", host, "127.0.0.1", "localhost")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, _, err := pair.Write(dir, certificateName); err != nil {
		return err
	}
	i.ca = authority.Pair().Cert
	if err := os.WriteFile(filepath.Join(dir, authorityFile), i.ca, 0o600); err != nil {
		return err
	}
	i.certificate, err = tls.X509KeyPair(pair.Cert, pair.Key)
	return err
}

// listen opens the gate and remembers where. A remembered address that is taken by now is given up for another port.
func (i *identity) listen(dir string) (*gate, error) {
	opened, err := openGate(i.address)
	if err != nil && i.remembered {
		opened, err = openGate("127.0.0.1:0")
	}
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, addressFile), []byte(opened.address+"\n"), 0o600); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}
