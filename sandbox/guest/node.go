package guest

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/kubelet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// node is a machine that runs RKE2.
type node struct {
	machine *machine
	config  rke2.Config
	name    string
	address netip.Addr
	version string
	// sentinel is true when bootstrapping ends with the file Cluster API looks for.
	sentinel bool
	taints   []corev1.Taint
	balancer *balancer
	// server is nil on an agent.
	server *server
	// lightServer marks a control plane in light mode, where nothing is served.
	lightServer bool
	// lightLabels are on the Node in light mode, beside those that its own configuration gives it.
	lightLabels map[string]string
	// kubelet is nil until the node has joined.
	kubelet atomic.Pointer[kubeletService]
}

// newNode reads what a machine's disk says about RKE2. It returns nil when no
// service of RKE2 is started; in light mode every machine is a node, whatever
// bootstraps it.
func newNode(m *machine, system system, address netip.Addr) (*node, error) {
	if system.Install.Role == rke2.RoleNone && m.manager.light == nil {
		return nil, nil
	}
	n := &node{
		machine: m, name: system.nodeName(), address: address,
		version: system.Install.Version, sentinel: system.Install.Sentinel,
	}
	if n.version == "" {
		n.version = m.manager.options.DefaultVersion
	}
	if m.disk.Exists(rke2.ConfigFile) {
		if err := n.readConfig(); err != nil {
			return nil, err
		}
	}
	if m.manager.light != nil {
		n.kubelet.Store(newLightKubelet(n, system.Install.Role))
		return n, nil
	}
	joinHost := ""
	if n.config.Server != nil {
		joinHost = n.config.Server.Hostname()
	}
	if system.Install.Role == rke2.RoleServer {
		n.server = newServer(n)
		n.balancer = newBalancer(address, joinHost)
	} else {
		if n.config.Server == nil {
			return nil, fmt.Errorf("%w: an agent needs the server to join through", rke2.ErrConfig)
		}
		n.balancer = newBalancer(netip.Addr{}, joinHost)
	}
	return n, nil
}

func (n *node) readConfig() error {
	text, err := n.machine.disk.Read(rke2.ConfigFile)
	if err != nil {
		return err
	}
	if n.config, err = rke2.ParseConfig(text); err != nil {
		return err
	}
	if n.taints, err = n.config.Taints(); err != nil {
		return err
	}
	if n.config.NodeName != "" {
		n.name = n.config.NodeName
	}
	if given, err := netip.ParseAddr(n.config.NodeIP); err == nil {
		n.address = given
	}
	return nil
}

// run plays the node until ctx ends and everything has stopped.
func (n *node) run(ctx context.Context) {
	begun := n.machine.manager.options.Clock.Now()
	defer n.shutDown()
	if n.server != nil && !n.server.bringUp(ctx) {
		return
	}
	played := n.kubelet.Load()
	if played == nil {
		joined, ok := n.joinAsNode(ctx)
		if !ok {
			return
		}
		played = joined
		n.kubelet.Store(played)
	}
	played.start(ctx)
	if !played.awaitRegistered(ctx) {
		return
	}
	n.machine.logf("node %s registered %s after boot", n.name, n.machine.manager.options.Clock.Since(begun).Round(1e8))
	if n.sentinel {
		if err := n.machine.disk.Write(rke2.BootstrapSentinel, []byte("success\n")); err != nil {
			n.machine.logf("%v", err)
		}
	}
	if n.server != nil {
		n.server.attendNode(ctx)
	}
	<-ctx.Done()
}

// shutDown ends what the node runs, in order when the machine was told to shut
// down, at once when its power was cut.
func (n *node) shutDown() {
	if n.server != nil && !n.machine.graceful.Load() {
		n.server.kill()
	}
	if played := n.kubelet.Load(); played != nil {
		played.stop()
	}
	if n.server != nil {
		n.server.shutDown()
	}
}

// kill cuts short a shutdown that takes too long.
func (n *node) kill() {
	if n.server != nil {
		n.server.kill()
	}
}

// identity is what the node says about itself.
func (n *node) identity(port int32) kubelet.Identity {
	boot := n.machine.boot
	labels := n.config.Labels()
	maps.Copy(labels, n.lightLabels)
	if n.lightServer {
		maps.Copy(labels, map[string]string{rke2.ControlPlaneLabel: "true", rke2.MasterLabel: "true", rke2.EtcdLabel: "true"})
	}
	return kubelet.Identity{
		Name: n.name, Address: n.address.String(), Port: port,
		Labels: labels, Taints: n.taints, External: n.config.External(), Version: n.version,
		MachineID: boot.UID, SystemUUID: boot.UID, BootID: boot.InstanceUID,
		Capacity: corev1.ResourceList{
			corev1.ResourceCPU:              *resource.NewQuantity(int64(max(1, boot.CPU)), resource.DecimalSI),
			corev1.ResourceMemory:           *resource.NewQuantity(max(1<<30, boot.MemoryBytes), resource.BinarySI),
			corev1.ResourceEphemeralStorage: resource.MustParse("40Gi"),
			corev1.ResourcePods:             resource.MustParse("110"),
		},
	}
}
