package doctor

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// kubeconfigKey is the key of a cluster's kubeconfig Secret, as Cluster API's contract for control planes names it.
const kubeconfigKey = "value"

// fromWorkload reads the Nodes, if the caller may read the cluster's kubeconfig. A cluster whose control plane was never up
// has none to read.
func (c *collector) fromWorkload(ctx context.Context) {
	cluster := c.snapshot.Cluster
	if !ptr.Deref(cluster.Status.Initialization.ControlPlaneInitialized, false) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	key := types.NamespacedName{Namespace: cluster.Namespace, Name: cluster.Name + "-kubeconfig"}
	workload, err := c.connect(ctx, key, kubeconfigKey)
	if apierrors.IsNotFound(err) {
		return
	}
	if err != nil {
		c.lack(planeWorkload, "connect with Secret "+key.String(), err)
		return
	}
	nodes := &corev1.NodeList{}
	if err := workload.List(ctx, nodes); err != nil {
		c.lack(planeWorkload, "list Nodes", err)
		return
	}
	c.snapshot.Nodes = map[string]corev1.Node{}
	for _, node := range nodes.Items {
		c.snapshot.Nodes[node.Name] = node
	}
}
