package guest

import (
	"context"
	"net"
	"slices"

	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// Certificates a server issues to itself, by path; each key lies beside.
const (
	certAPIServer     = rke2.TLSDir + "/serving-kube-apiserver.crt"
	certKubeletClient = rke2.TLSDir + "/client-kube-apiserver.crt"
	certAdmin         = rke2.TLSDir + "/client-admin.crt"
	certEtcdServer    = rke2.TLSDir + "/etcd/server-client.crt"
	certEtcdClient    = rke2.TLSDir + "/etcd/client.crt"
	certEtcdPeer      = rke2.TLSDir + "/etcd/peer-server-client.crt"
)

// issueCertificates makes the server's own certificates, anew at every boot.
func (s *server) issueCertificates(context.Context) error {
	address := s.node.address.String()
	etcdNames := []string{"localhost", "127.0.0.1", address, s.node.name}
	for file, issue := range map[string]struct {
		by      *pki.Authority
		request pki.Request
	}{
		certAPIServer:     {s.cas.server, pki.Request{CommonName: "kube-apiserver", Names: s.servingNames(), Server: true}},
		certKubeletClient: {s.cas.client, pki.Request{CommonName: "system:apiserver", Organizations: []string{"system:masters"}, Client: true}},
		certAdmin:         {s.cas.client, pki.Request{CommonName: "system:admin", Organizations: []string{"system:masters"}, Client: true}},
		// etcd uses its serving certificate as a client's too, towards itself.
		certEtcdServer: {s.cas.etcd, pki.Request{CommonName: "etcd-server", Names: etcdNames, Server: true, Client: true}},
		certEtcdClient: {s.cas.etcd, pki.Request{CommonName: "etcd-client", Client: true}},
		// On loopback, a peer's connection comes from 127.0.0.1.
		certEtcdPeer: {s.cas.peer, pki.Request{CommonName: "etcd-peer", Names: etcdNames, Server: true, Client: true}},
	} {
		pair, err := issue.by.Issue(issue.request)
		if err != nil {
			return err
		}
		if err := s.writePair(file, pair); err != nil {
			return err
		}
	}
	return s.adoptCertificates()
}

// servingNames are what the API server and the supervisor are called: what the
// configuration adds, the load balancer's address among it, and RKE2's own.
func (s *server) servingNames() []string {
	names := []string{
		s.node.address.String(), s.node.name, "localhost", "127.0.0.1",
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		serviceAddress(s.node.config.ServiceCIDR),
	}
	if join := s.node.config.Server; join != nil {
		names = append(names, join.Hostname())
	}
	for _, name := range s.node.config.TLSSANs {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// serviceAddress is the first address of the service network, which is the
// API server's own service.
func serviceAddress(cidr string) string {
	_, network, err := net.ParseCIDR(cidr)
	if err != nil || network.IP.To4() == nil {
		return "10.43.0.1"
	}
	first := slices.Clone(network.IP.To4())
	first[3]++
	return first.String()
}

// adoptCertificates keeps what the server needs of its certificates in memory.
func (s *server) adoptCertificates() error {
	etcdClient, err := s.loadPair(certEtcdClient)
	if err != nil {
		return err
	}
	admin, err := s.loadPair(certAdmin)
	if err != nil {
		return err
	}
	s.adoptEtcd(etcdClient)
	s.adminPair = admin
	s.config = &rest.Config{
		Host: "https://" + apiAddress(s.node.address.String()),
		TLSClientConfig: rest.TLSClientConfig{
			CAData: s.cas.server.Pair().Certificate, CertData: admin.Certificate, KeyData: admin.Key,
		},
		UserAgent: "rke2-supervisor", QPS: 100, Burst: 200,
	}
	return nil
}

func (s *server) loadPair(certificate string) (pki.Pair, error) {
	text, err := s.node.machine.disk.Read(certificate)
	if err != nil {
		return pki.Pair{}, err
	}
	key, err := s.node.machine.disk.Read(keyFile(certificate))
	return pki.Pair{Certificate: text, Key: key}, err
}

// signKubelet issues the identity of the server's own kubelet.
func (s *server) signKubelet() (kubeletFiles, error) {
	client, err := s.cas.client.Issue(pki.Request{
		CommonName: "system:node:" + s.node.name, Organizations: []string{"system:nodes"}, Client: true,
	})
	if err != nil {
		return kubeletFiles{}, err
	}
	serving, err := s.cas.server.Issue(pki.Request{
		CommonName: s.node.name, Names: []string{s.node.name, "localhost", "127.0.0.1", s.node.address.String()}, Server: true,
	})
	return kubeletFiles{
		client: client, serving: serving,
		clientCA: s.cas.client.Pair().Certificate, serverCA: s.cas.server.Pair().Certificate,
	}, err
}
