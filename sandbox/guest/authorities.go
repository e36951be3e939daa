package guest

import (
	"context"
	"fmt"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/supervisor"
)

// authorities are a cluster's.
type authorities struct{ server, client, etcd, peer *pki.Authority }

// clusterFiles are what all servers of a cluster share, by path.
var clusterFiles = []string{
	rke2.ServerCA, keyFile(rke2.ServerCA), rke2.ClientCA, keyFile(rke2.ClientCA),
	rke2.EtcdCA, keyFile(rke2.EtcdCA), rke2.PeerCA, keyFile(rke2.PeerCA), rke2.ServiceKeyFile,
}

// keyFile is the key's path beside a certificate's.
func keyFile(certificate string) string { return strings.TrimSuffix(certificate, ".crt") + ".key" }

// obtainAuthorities makes sure that the cluster's files are on the disk, and
// loads them. Where they come from is what tells servers apart: the first one
// finds its authorities in its bootstrap data, or makes them; another one is
// given them by the cluster it joins.
func (s *server) obtainAuthorities(ctx context.Context) error {
	disk := s.node.machine.disk
	if s.node.config.Server != nil && !disk.Exists(rke2.ServiceKeyFile) {
		if err := s.fetchClusterFiles(ctx); err != nil {
			return err
		}
	}
	if !disk.Exists(rke2.ServiceKeyFile) {
		key, err := pki.NewKey()
		if err != nil {
			return err
		}
		if err := disk.Write(rke2.ServiceKeyFile, key); err != nil {
			return err
		}
	}
	for certificate, into := range map[string]**pki.Authority{
		rke2.ServerCA: &s.cas.server, rke2.ClientCA: &s.cas.client, rke2.EtcdCA: &s.cas.etcd, rke2.PeerCA: &s.cas.peer,
	} {
		loaded, err := s.loadAuthority(certificate)
		if err != nil {
			return fmt.Errorf("%s: %w", certificate, err)
		}
		*into = loaded
	}
	return nil
}

// loadAuthority reads an authority from the disk, or makes it when the
// bootstrap data brought none, as with a cluster that RKE2 is left to begin on
// its own.
func (s *server) loadAuthority(certificate string) (*pki.Authority, error) {
	disk := s.node.machine.disk
	if !disk.Exists(certificate) {
		made, err := pki.NewAuthority("rke2-" + strings.TrimSuffix(certificate[strings.LastIndex(certificate, "/")+1:], ".crt"))
		if err != nil {
			return nil, err
		}
		return made, s.writePair(certificate, made.Pair())
	}
	text, err := disk.Read(certificate)
	if err != nil {
		return nil, err
	}
	key, err := disk.Read(keyFile(certificate))
	if err != nil {
		return nil, err
	}
	return pki.Load(pki.Pair{Certificate: text, Key: key})
}

// fetchClusterFiles asks the cluster for its files. The service key comes last:
// its presence means that the rest is complete.
func (s *server) fetchClusterFiles(ctx context.Context) error {
	client, err := supervisor.Connect(ctx, s.node.config.Server, s.node.config.Token)
	if err != nil {
		return err
	}
	bootstrap, err := client.Bootstrap(ctx)
	if err != nil {
		return err
	}
	for _, name := range clusterFiles {
		content, given := bootstrap.Files[name]
		if !given {
			return fmt.Errorf("%w: it does not give %s", supervisor.ErrUnavailable, name)
		}
		if err := s.node.machine.disk.Write(name, content); err != nil {
			return err
		}
	}
	return nil
}

// Bootstrap implements supervisor.Backend.
func (s *server) Bootstrap() (supervisor.Bootstrap, error) {
	files := map[string][]byte{}
	for _, name := range clusterFiles {
		content, err := s.node.machine.disk.Read(name)
		if err != nil {
			return supervisor.Bootstrap{}, err
		}
		files[name] = content
	}
	return supervisor.Bootstrap{Files: files}, nil
}

func (s *server) writePair(certificate string, pair pki.Pair) error {
	if err := s.node.machine.disk.Write(certificate, pair.Certificate); err != nil {
		return err
	}
	return s.node.machine.disk.Write(keyFile(certificate), pair.Key)
}
