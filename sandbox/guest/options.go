package guest

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
)

// Errors a caller can act on.
var (
	// ErrInvalidOptions marks options that cannot work.
	ErrInvalidOptions = errors.New("invalid options for guests")
	// ErrClosed means that the Manager has been closed.
	ErrClosed = errors.New("the manager of guests is closed")
	// ErrUnknownMachine means that no such machine is powered on.
	ErrUnknownMachine = errors.New("no such machine is running")
	// ErrUnknownCluster means that no running machine belongs to the cluster.
	ErrUnknownCluster = errors.New("no machine of this cluster is running")
)

// Defaults of Options.
const (
	DefaultBootDelay = 2 * time.Second
	DefaultHeartbeat = 2 * time.Second
	DefaultNodeGrace = 12 * time.Second
	// DefaultVersion is the node's version when its bootstrap data names none,
	// as with an air-gapped install.
	DefaultVersion = "v1.33.4+rke2r1"
)

// Options of a Manager.
type Options struct {
	// Dir holds the machines' disks and logs, a folder each. Required.
	Dir string
	// AssetsDir holds the programs etcd and kube-apiserver. Required unless Light.
	AssetsDir string
	// Etcdctl is the path of that program, which runs inside etcd pods; empty leaves them without.
	Etcdctl string
	// BootDelay is what passes between power-on and cloud-init's start;
	// DefaultBootDelay when zero, none when negative.
	BootDelay time.Duration
	// AgentInImage makes the guest agent part of every image; without it, only
	// machines whose user-data installs qemu-guest-agent report addresses.
	AgentInImage bool
	// Heartbeat is how often kubelets report; DefaultHeartbeat when zero.
	Heartbeat time.Duration
	// NodeGrace is how long a heartbeat may be overdue before the node is marked
	// unreachable; DefaultNodeGrace when zero.
	NodeGrace time.Duration
	// DefaultVersion replaces the constant of that name.
	DefaultVersion string
	// PeerLinks leads what etcd members say to each other through this process, so that FaultEtcdPartition can cut
	// one off.
	PeerLinks bool
	// Light, when set, is the API server that all machines register in; no
	// process is started then.
	Light *rest.Config
	// Clock is the real one when nil.
	Clock clock.WithTicker
	// Logf receives one line per event of note; nil discards them. No line holds
	// bootstrap data. It must be safe for concurrent use.
	Logf func(format string, args ...any)
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, fmt.Errorf("%w: Dir is empty", ErrInvalidOptions)
	}
	if o.AssetsDir == "" && o.Light == nil {
		return o, fmt.Errorf("%w: AssetsDir is empty; build the programs with: make assets", ErrInvalidOptions)
	}
	o.BootDelay = orDefault(o.BootDelay, DefaultBootDelay)
	o.Heartbeat = orDefault(o.Heartbeat, DefaultHeartbeat)
	o.NodeGrace = orDefault(o.NodeGrace, DefaultNodeGrace)
	if o.DefaultVersion == "" {
		o.DefaultVersion = DefaultVersion
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return o, nil
}

func orDefault(given, otherwise time.Duration) time.Duration {
	if given == 0 {
		return otherwise
	}
	return given
}
