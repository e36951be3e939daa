// Package etcd runs a guest's member of its cluster's etcd, a real etcd
// process with TLS on the machine's own address, and does to the cluster what
// RKE2 does: join as a learner, be promoted, remove a member.
package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// Files are the certificates of a member, by their path on the host.
type Files struct {
	ServerCert, ServerKey string
	PeerCert, PeerKey     string
	// ServerCA is trusted for clients, PeerCA for other members.
	ServerCA, PeerCA string
}

// Member describes one member.
type Member struct {
	// Name is <node>-<8 hexadecimal digits>, as RKE2's are.
	Name string
	// Address the member listens on.
	Address string
	// ListenPeer is where its etcd listens for the others, as host:port, when something leads there from PeerAddress;
	// empty when it listens at PeerAddress itself.
	ListenPeer string
	// Program is etcd's path.
	Program string
	// DataDir lives as long as the machine's disk.
	DataDir string
	LogFile string
	Files   Files
	// TLS is a client's configuration for this etcd.
	TLS *tls.Config
}

// ClientURL is where clients reach the member.
func (m Member) ClientURL() string { return "https://" + net.JoinHostPort(m.Address, "2379") }

// PeerAddress is where other members reach it, as host:port.
func (m Member) PeerAddress() string { return net.JoinHostPort(m.Address, "2380") }

// PeerURL is where other members reach it.
func (m Member) PeerURL() string { return "https://" + m.PeerAddress() }

// listenPeerURL is where its etcd listens for them.
func (m Member) listenPeerURL() string {
	if m.ListenPeer == "" {
		return m.PeerURL()
	}
	return "https://" + m.ListenPeer
}

// healthURL serves health without TLS, for the machine itself.
func (m Member) healthURL() string { return "http://" + net.JoinHostPort(m.Address, "2381") }

// arguments are etcd's flags. initialCluster is empty for a member that finds
// its data: etcd then knows its peers already.
//
// Writes are not synced to disk: nothing here survives the host, and a killed
// process loses nothing that the kernel holds.
func (m Member) arguments(initialCluster, state string) []string {
	arguments := []string{
		"--name=" + m.Name,
		"--data-dir=" + m.DataDir,
		"--listen-client-urls=" + m.ClientURL(), "--advertise-client-urls=" + m.ClientURL(),
		"--listen-peer-urls=" + m.listenPeerURL(), "--initial-advertise-peer-urls=" + m.PeerURL(),
		"--listen-metrics-urls=" + m.healthURL(),
		"--cert-file=" + m.Files.ServerCert, "--key-file=" + m.Files.ServerKey,
		"--trusted-ca-file=" + m.Files.ServerCA, "--client-cert-auth=true",
		"--peer-cert-file=" + m.Files.PeerCert, "--peer-key-file=" + m.Files.PeerKey,
		"--peer-trusted-ca-file=" + m.Files.PeerCA, "--peer-client-cert-auth=true",
		"--unsafe-no-fsync=true", "--log-level=warn",
	}
	if initialCluster != "" {
		arguments = append(arguments, "--initial-cluster="+initialCluster, "--initial-cluster-state="+state)
	}
	return arguments
}

// StartFirst starts the member that begins a cluster.
func (m Member) StartFirst(ctx context.Context) (*process.Process, error) {
	return m.start(ctx, m.Name+"="+m.PeerURL(), "new", m.healthy)
}

// StartAgain starts a member that has its data.
func (m Member) StartAgain(ctx context.Context) (*process.Process, error) {
	return m.start(ctx, "", "", m.answers)
}

// StartJoining starts a member that was added to the cluster described by
// initialCluster, see AddLearner.
func (m Member) StartJoining(ctx context.Context, initialCluster string) (*process.Process, error) {
	return m.start(ctx, initialCluster, "existing", m.answers)
}

func (m Member) start(ctx context.Context, initialCluster, state string, ready func(context.Context) error) (*process.Process, error) {
	return process.Start(ctx, process.Spec{
		Name: "etcd " + m.Name, Path: m.Program, Args: m.arguments(initialCluster, state),
		Dir: filepath.Dir(m.DataDir), LogFile: m.LogFile, Ready: ready,
		PollInterval: 20 * time.Millisecond, Grace: 5 * time.Second,
	})
}

// answers is true once the member serves at all: a learner, or one of several
// members that start together, is not healthy on its own.
func (m Member) answers(ctx context.Context) error {
	_, err := m.probe(ctx)
	return err
}

// healthy is true once the member serves reads of its whole cluster.
func (m Member) healthy(ctx context.Context) error {
	status, err := m.probe(ctx)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("etcd %s is not healthy: HTTP status %d", m.Name, status)
	}
	return err
}

// AwaitHealthy returns when the member serves reads of its whole cluster.
func (m Member) AwaitHealthy(ctx context.Context) error {
	return retry(ctx, func() error { return m.healthy(ctx) })
}

// probe asks for the member's health and returns the HTTP status.
func (m Member) probe(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.healthURL()+"/health", nil)
	if err != nil {
		return 0, err
	}
	request.Close = true // a process that is replaced leaves no connection behind
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}
