// Package apiserver runs a guest's kube-apiserver, a real one, on the machine's
// own address.
package apiserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// DefaultServiceCIDR is RKE2's.
const DefaultServiceCIDR = "10.43.0.0/16"

// Files are the server's certificates and keys, by their path on the host.
type Files struct {
	ServingCert, ServingKey string
	ClientCA                string
	ServiceKey              string
	EtcdCA                  string
	EtcdCert, EtcdKey       string
	KubeletCA               string
	KubeletCert, KubeletKey string
	// Encryption of secrets at rest; empty for none.
	Encryption string
}

// Server describes one API server.
type Server struct {
	// Node is the name of the node it runs on.
	Node string
	// Address it listens on, port 6443.
	Address string
	// Program is kube-apiserver's path.
	Program string
	LogFile string
	// EtcdURL is the machine's own member.
	EtcdURL     string
	ServiceCIDR string
	// ExtraArgs are key=value pairs of the user's, without dashes. They win.
	ExtraArgs []string
	Files     Files
	// ServerCA verifies the readiness probe, ClientCert authenticates it.
	ServerCA   *x509.CertPool
	ClientCert tls.Certificate
}

// arguments are the flags. The kubelet lives on a loopback address, which an
// API server dials for exec, logs and port-forward, but accepts neither as an
// endpoint of a service nor for its proxies.
func (s Server) arguments() []string {
	serviceCIDR := s.ServiceCIDR
	if serviceCIDR == "" {
		serviceCIDR = DefaultServiceCIDR
	}
	arguments := []string{
		"--bind-address=" + s.Address, "--advertise-address=" + s.Address, "--secure-port=6443",
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + s.Files.ServingCert, "--tls-private-key-file=" + s.Files.ServingKey,
		"--client-ca-file=" + s.Files.ClientCA,
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true", "--anonymous-auth=true",
		"--service-cluster-ip-range=" + serviceCIDR,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + s.Files.ServiceKey,
		"--service-account-signing-key-file=" + s.Files.ServiceKey,
		"--etcd-servers=" + s.EtcdURL, "--etcd-cafile=" + s.Files.EtcdCA,
		"--etcd-certfile=" + s.Files.EtcdCert, "--etcd-keyfile=" + s.Files.EtcdKey,
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority=" + s.Files.KubeletCA,
		"--kubelet-client-certificate=" + s.Files.KubeletCert, "--kubelet-client-key=" + s.Files.KubeletKey,
		"--profiling=false", "--v=1",
	}
	if s.Files.Encryption != "" {
		arguments = append(arguments, "--encryption-provider-config="+s.Files.Encryption)
	}
	for _, extra := range s.ExtraArgs {
		arguments = append(arguments, "--"+strings.TrimLeft(extra, "-"))
	}
	return arguments
}

// Start starts the server and returns when it is ready. Its heap is kept small
// at the price of more collecting, as a machine runs several.
func (s Server) Start(ctx context.Context) (*process.Process, error) {
	probe := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs: s.ServerCA, Certificates: []tls.Certificate{s.ClientCert}, MinVersion: tls.VersionTLS12,
		},
		DisableKeepAlives: true,
	}}
	return process.Start(ctx, process.Spec{
		Name: "kube-apiserver of " + s.Node, Path: s.Program, Args: s.arguments(), Env: []string{"GOGC=30"},
		Dir: filepath.Dir(s.LogFile), LogFile: s.LogFile,
		Ready:        func(ctx context.Context) error { return s.ready(ctx, probe) },
		ReadyTimeout: 3 * time.Minute, PollInterval: 100 * time.Millisecond,
		// A server that is told to stop waits for its watchers, which stalls them:
		// it is given just the time to close its port.
		Grace: time.Second,
	})
}

func (s Server) ready(ctx context.Context, probe *http.Client) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+net.JoinHostPort(s.Address, "6443")+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := probe.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("readyz answers with HTTP status %d", response.StatusCode)
	}
	return nil
}
