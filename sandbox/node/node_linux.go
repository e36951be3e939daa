package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/cri"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/images"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/network"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/services"
)

// Address is the machine's own on its network: that of the Node, and the one to give to
// [controlplane.Options.NodeAddress].
const Address = network.Gateway

// serviceRange is that of package controlplane.
const serviceRange = "10.0.0.0/16"

// Controllers are those to start with a control plane that has a node: all but what needs a cloud or a disk.
var Controllers = []string{
	"*", "-node-ipam-controller", "-node-route-controller", "-cloud-node-lifecycle-controller",
	"-persistentvolume-binder-controller", "-persistentvolume-attach-detach-controller",
}

// Programs are those of package build that a node needs.
func Programs() []string { return []string{"kubernetes", build.Node, build.PodShim} }

// Options of a node.
type Options struct {
	// Name of the Node.
	Name string
	// Dir keeps its files; made if missing.
	Dir string
	// Paths say where the programs are.
	Paths build.Paths
	// Mirror is the address of a registry without TLS that is asked for the images of every registry. Empty: each is asked
	// itself.
	Mirror string
	// Logf receives what went wrong, one line each; nil for no one.
	Logf func(format string, arguments ...any)
}

// ErrInvalidOptions marks Options that cannot be started.
var ErrInvalidOptions = errors.New("invalid options of a node")

// Network is a machine's network, up before its control plane, which is reached through it.
type Network struct{ bridge *network.Bridge }

// NewNetwork brings up loopback and the Pods' network of a machine. Call it once, after Settle.
func NewNetwork() (*Network, error) {
	bridge, err := network.New(netip.MustParsePrefix(serviceRange))
	if err != nil {
		return nil, err
	}
	return &Network{bridge: bridge}, nil
}

// Node is a running node.
type Node struct {
	options   Options
	plane     *controlplane.ControlPlane
	processes []*process.Process
	end       context.CancelFunc
	parts     sync.WaitGroup
	mu        sync.Mutex
	errs      []error
}

// Start makes the machine a node of a control plane that runs in it with NodeAddress, and waits until the node is ready. When
// it fails, nothing is left running. ctx bounds the start only.
func (n *Network) Start(ctx context.Context, plane *controlplane.ControlPlane, options Options) (*Node, error) {
	if options.Name == "" || options.Dir == "" || options.Paths.Root == "" {
		return nil, fmt.Errorf("%w: Name, Dir and Paths are needed", ErrInvalidOptions)
	}
	if options.Logf == nil {
		options.Logf = func(string, ...any) {}
	}
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	node := &Node{options: options, plane: plane, end: end}
	if err := node.start(ctx, running, n.bridge); err != nil {
		return nil, errors.Join(fmt.Errorf("node %s: %w", options.Name, err), node.Stop(context.WithoutCancel(ctx)))
	}
	return node, nil
}

func (n *Node) start(ctx, running context.Context, bridge *network.Bridge) error {
	for _, dir := range []string{n.path("containers"), n.path("logs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making its directories: %w", err)
		}
	}
	client, err := kubernetes.NewForConfig(n.plane.Config())
	if err != nil {
		return err
	}
	n.run(func() error { return services.Run(running, client, n.options.Logf) })
	n.run(func() error {
		return cri.Serve(running, n.path("cri.sock"), cri.Options{
			Dir: n.path("containers"), Shim: n.options.Paths.Program(build.PodShim), Address: Address,
			Network: bridge, Images: images.New(n.path("images"), n.options.Mirror),
		})
	})
	scheduler, err := n.scheduler()
	if err != nil {
		return err
	}
	kubelet, err := n.kubelet(client)
	if err != nil {
		return err
	}
	for _, spec := range []process.Spec{scheduler, kubelet} {
		started, err := process.Start(ctx, spec)
		if err != nil {
			return err
		}
		n.processes = append(n.processes, started)
	}
	return nil
}

// run runs a part of the node beside the others.
func (n *Node) run(part func() error) {
	n.parts.Go(func() {
		if err := part(); err != nil {
			n.options.Logf("node %s: %v", n.options.Name, err)
			n.mu.Lock()
			defer n.mu.Unlock()
			n.errs = append(n.errs, err)
		}
	})
}

// Stop ends the node with all its Pods' processes. The Node object stays. It returns what went wrong with a part while it ran.
func (n *Node) Stop(ctx context.Context) error {
	var errs []error
	for i := len(n.processes) - 1; i >= 0; i-- {
		errs = append(errs, n.processes[i].Stop(ctx))
	}
	n.processes = nil
	n.end()
	n.parts.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(append(errs, n.errs...)...)
}

func (n *Node) path(name string) string { return filepath.Join(n.options.Dir, name) }

// startTimeout of each process: a kubelet takes a second on an idle machine.
const startTimeout = 2 * time.Minute

func (n *Node) scheduler() (process.Spec, error) {
	kubeconfig, err := n.kubeconfig("scheduler", "system:kube-scheduler")
	if err != nil {
		return process.Spec{}, err
	}
	ports, err := controlplane.FreePorts(1)
	if err != nil {
		return process.Spec{}, err
	}
	return process.Spec{
		Name: "kube-scheduler", Path: n.options.Paths.Program(build.Node), LogFile: n.path("logs/kube-scheduler.log"),
		Args: []string{
			"kube-scheduler", "--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
			"--leader-elect=false", "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", ports[0]), "--authentication-tolerate-lookup-failure=true",
		},
	}, nil
}

func (n *Node) kubelet(client kubernetes.Interface) (process.Spec, error) {
	kubeconfig, err := n.kubeconfig("kubelet", "system:node:"+n.options.Name, "system:nodes")
	if err != nil {
		return process.Spec{}, err
	}
	cert, key, authority, err := n.plane.ServingCertificate(n.path("pki"), "kubelet", Address, n.options.Name)
	if err != nil {
		return process.Spec{}, err
	}
	return process.Spec{
		Name: "kubelet of " + n.options.Name, Path: n.options.Paths.Program(build.Node), LogFile: n.path("logs/kubelet.log"),
		Args: []string{
			"kubelet", "--kubeconfig=" + kubeconfig, "--root=" + n.path("kubelet"), "--node-name=" + n.options.Name, "--node-ip=" + Address,
			"--runtime-endpoint=unix://" + n.path("cri.sock"), "--tls-cert-file=" + cert, "--tls-private-key-file=" + key, "--client-ca-file=" + authority,
		},
		Ready: func(ctx context.Context) error { return n.ready(ctx, client) }, ReadyTimeout: startTimeout,
	}, nil
}

// ready asks whether the Node says so.
func (n *Node) ready(ctx context.Context, client kubernetes.Interface) error {
	node, err := client.CoreV1().Nodes().Get(ctx, n.options.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			return fmt.Errorf("node %s is not ready: %s", n.options.Name, condition.Message)
		}
		if condition.Type == corev1.NodeReady {
			return nil
		}
	}
	return fmt.Errorf("node %s has no condition %s yet", n.options.Name, corev1.NodeReady)
}

// kubeconfig writes one for a user of the control plane.
func (n *Node) kubeconfig(name, user string, groups ...string) (string, error) {
	config, err := n.plane.ClientConfig(user, groups...)
	if err != nil {
		return "", err
	}
	return n.writeKubeconfig(name, config)
}

func (n *Node) writeKubeconfig(name string, config *rest.Config) (string, error) {
	text, err := n.plane.Kubeconfig(config)
	if err != nil {
		return "", err
	}
	path := n.path(name + ".kubeconfig")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return "", fmt.Errorf("writing the %s's kubeconfig: %w", name, err)
	}
	return path, nil
}
