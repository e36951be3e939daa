package guest

import (
	"context"
	"strings"
	"sync"

	"k8s.io/client-go/kubernetes"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/controllers"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/kubelet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// controlPlaneOfLabel is on the machines of a control plane, for the load
// balancer to select by. Machines of earlier releases have machineTypeLabel
// instead, whose value begins with controlPlaneType.
const (
	controlPlaneOfLabel = "infrastructure.cluster.x-k8s.io/control-plane-of"
	machineTypeLabel    = "harvestercluster/machinetype"
	controlPlaneType    = "controlplane-"
)

// lightCluster is the one API server of light mode, with the node lifecycle
// that its machines need.
type lightCluster struct {
	client kubernetes.Interface
	cancel context.CancelFunc
	group  sync.WaitGroup
}

func startLightCluster(client kubernetes.Interface, options Options) *lightCluster {
	ctx, cancel := context.WithCancel(context.Background())
	light := &lightCluster{client: client, cancel: cancel}
	lifecycle := &controllers.NodeLifecycle{
		Base:   controllers.Base{Clock: options.Clock, Logf: options.Logf},
		Client: client, Grace: options.NodeGrace,
	}
	light.group.Go(func() { lifecycle.Run(ctx) })
	return light
}

func (l *lightCluster) stop() {
	l.cancel()
	l.group.Wait()
}

// newLightKubelet makes a kubelet that registers in the shared API server, with
// the role labels at once: there is no server to give them.
func newLightKubelet(n *node, role rke2.Role) *kubeletService {
	n.lightServer = role == rke2.RoleServer || n.machine.boot.Labels[controlPlaneOfLabel] != "" ||
		strings.HasPrefix(n.machine.boot.Labels[machineTypeLabel], controlPlaneType)
	// The clusters that share the API server tell their Nodes apart by it.
	if cluster, found := n.machine.boot.Labels[clusterNameLabel]; found {
		n.lightLabels = map[string]string{clusterNameLabel: cluster}
	}
	return &kubeletService{
		node: n, client: n.machine.manager.light.client, registered: make(chan struct{}),
		pods: func() []kubelet.StaticPod { return nil },
	}
}
