package guest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
)

// TestLightMode boots many machines against one API server.
func TestLightMode(t *testing.T) {
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Name: "light", Dir: t.TempDir(), AssetsDir: assetsDir(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, plane.Stop(context.Background())) })
	c := newCluster(t, func(options *guest.Options) {
		options.Light, options.AssetsDir = plane.Config(), ""
		options.NodeGrace = 3 * time.Second
	})
	client, err := kubernetes.NewForConfig(plane.Config())
	require.NoError(t, err)

	const workers = 40
	begun := time.Now()
	server := c.vm("cp-a", "init")
	powered, err := c.manager.Boot(t.Context(), server)
	require.NoError(t, err)
	for i := range workers {
		_, err := c.manager.Boot(t.Context(), c.vm(fmt.Sprintf("w-%d", i), "worker"))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		count := 0
		for i := range nodes.Items {
			if ready(&nodes.Items[i]) && len(nodes.Items[i].Spec.Taints) == 1 {
				count++
			}
		}
		return err == nil && count == workers+1
	}, timeout, 50*time.Millisecond)
	t.Logf("%d nodes ready after %s", workers+1, time.Since(begun).Round(time.Millisecond))

	node := c.awaitNode(client, "cp-a", "ready", ready)
	assert.Equal(t, "true", node.Labels["node-role.kubernetes.io/control-plane"])
	assert.Equal(t, c.name, node.Labels["cluster.x-k8s.io/cluster-name"], "it tells the Nodes of clusters apart")
	assert.Empty(t, c.manager.Processes(""), "no process is started")
	require.NoError(t, powered.Stop(t.Context(), false))
	c.awaitNode(client, "cp-a", "unreachable", func(n *corev1.Node) bool {
		return hasTaint(n, "node.kubernetes.io/unreachable", corev1.TaintEffectNoExecute)
	})
}
