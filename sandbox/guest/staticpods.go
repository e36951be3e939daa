package guest

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/etcdctl"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/kubelet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// Components that run as processes; the others of a server are only said to.
const (
	componentEtcd      = "etcd"
	componentAPIServer = "kube-apiserver"
)

// staticPods are the parts of RKE2 on a node, as its kubelet reports them.
func (n *node) staticPods() []kubelet.StaticPod {
	image := "index.docker.io/rancher/hardened-kubernetes:" + strings.ReplaceAll(n.version, "+", "-")
	pods := []kubelet.StaticPod{{Component: "kube-proxy", Image: image, Ready: true}}
	if n.server == nil {
		return pods
	}
	serving := n.server.api.alive() != nil
	return append(pods,
		kubelet.StaticPod{Component: componentEtcd, Image: "index.docker.io/rancher/hardened-etcd:v3.6", Ready: n.server.etcd.alive() != nil},
		kubelet.StaticPod{Component: componentAPIServer, Image: image, Ready: serving},
		kubelet.StaticPod{Component: "kube-controller-manager", Image: image, Ready: serving},
		kubelet.StaticPod{Component: "kube-scheduler", Image: image, Ready: serving},
		kubelet.StaticPod{Component: "cloud-controller-manager", Image: image, Ready: serving},
	)
}

// logFile is where a component of the node writes its output.
func (n *node) logFile(component string) string {
	return path.Join(rke2.LogDir, component+".log")
}

// logOf finds a container's output on the host; empty when it has none.
func (n *node) logOf(container string) string {
	name := n.logFile(path.Base(container))
	if !n.machine.disk.Exists(name) {
		return ""
	}
	return n.machine.disk.Path(name)
}

// containers runs commands in the node's pods.
type containers struct{ node *node }

// Exec implements kubelet.Commands. The etcd container of a server has etcdctl;
// no other container has anything.
func (c containers) Exec(ctx context.Context, container string, command []string, stdout, stderr io.Writer) (int, error) {
	if c.node.server == nil || container != componentEtcd {
		return 0, fmt.Errorf("container %s has no programs here", container)
	}
	if c.node.server.etcd.alive() == nil {
		return 0, fmt.Errorf("container %s is not running", container)
	}
	disk := c.node.machine.disk
	inside := etcdctl.Container{
		Program: c.node.machine.manager.options.Etcdctl, Endpoint: c.node.server.member.ClientURL(), Path: disk.Path,
		CACert: disk.Path(rke2.EtcdCA), Cert: disk.Path(certEtcdClient), Key: disk.Path(keyFile(certEtcdClient)),
	}
	return inside.Run(ctx, command, stdout, stderr), nil
}
