package guest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
)

func TestOneServer(t *testing.T) {
	c := newCluster(t, nil)
	c.boot(c.vm("cp-a", "init"))
	client := c.client()
	node := c.awaitNode(client, "cp-a", "should be ready without the taint of a new node", func(n *corev1.Node) bool {
		return ready(n) && len(n.Spec.Taints) == 1 && n.Labels["node-role.kubernetes.io/control-plane"] == "true"
	})
	assert.Equal(t, "v1.33.4+rke2r1", node.Status.NodeInfo.KubeletVersion)
	c.awaitMembers("cp-a")
	c.boot(c.vm("cp-b", "join"))
	c.boot(c.vm("w-a", "worker"))
	c.awaitNode(client, "cp-b", "ready", ready)
	c.awaitNode(client, "w-a", "ready", ready)
	c.boot(c.vm("cp-c", "join"))
	c.awaitNode(client, "cp-c", "ready", ready)
	c.awaitMembers("cp-a", "cp-b", "cp-c")
	time.Sleep(3*time.Second)
}
