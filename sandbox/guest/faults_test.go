package guest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
)

// faults runs on the servers cp-a and cp-d and the agent w-a.
func (l *clusterLife) faults(t *testing.T) {
	t.Helper()
	t.Run("the guest agent falls silent", func(t *testing.T) {
		l.breakIt(t, "w-a", guest.FaultAgentSilent)
		assert.Empty(t, l.machines["w-a"].Addresses())
		l.mend(t, "w-a", guest.FaultAgentSilent)
		assert.NotEmpty(t, l.machines["w-a"].Addresses())
	})
	t.Run("the kubelet stops", func(t *testing.T) {
		l.breakIt(t, "w-a", guest.FaultKubeletDown)
		l.awaitNode(l.client, "w-a", "unreachable", func(n *corev1.Node) bool { return readiness(n) == corev1.ConditionUnknown })
		l.mend(t, "w-a", guest.FaultKubeletDown)
		l.awaitNode(l.client, "w-a", "ready again, without taints of its absence", func(n *corev1.Node) bool {
			return ready(n) && !hasTaint(n, "node.kubernetes.io/unreachable", corev1.TaintEffectNoExecute)
		})
	})
	t.Run("an API server is down", func(t *testing.T) {
		l.breakIt(t, "cp-a", guest.FaultAPIServerDown)
		assert.Nil(t, l.processOf("cp-a", "kube-apiserver"))
		assert.NotNil(t, l.processOf("cp-a", "etcd"))
		l.awaitPod(t, "kube-apiserver-cp-a", false)
		_, err := l.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err, "the load balancer leads to the other server")
		l.mend(t, "cp-a", guest.FaultAPIServerDown)
		l.awaitPod(t, "kube-apiserver-cp-a", true)
	})
	t.Run("an etcd member is down", func(t *testing.T) {
		// One of two members: the cluster has no quorum until it is back.
		l.breakIt(t, "cp-d", guest.FaultEtcdDown)
		assert.Nil(t, l.processOf("cp-d", "etcd"))
		require.Eventually(t, func() bool { return l.processOf("cp-d", "kube-apiserver") == nil }, timeout, 50*time.Millisecond)
		l.mend(t, "cp-d", guest.FaultEtcdDown)
		require.Eventually(t, func() bool { return l.processOf("cp-d", "kube-apiserver") != nil }, timeout, 100*time.Millisecond)
		l.awaitNode(l.client, "cp-d", "ready", ready)
	})
	t.Run("a server is cut off", func(t *testing.T) {
		l.breakIt(t, "cp-d", guest.FaultPartition)
		assert.Nil(t, l.processOf("cp-d", "etcd"))
		l.mend(t, "cp-d", guest.FaultPartition)
		l.awaitNode(l.client, "cp-d", "ready", ready)
		l.awaitMembers("cp-a", "cp-d")
	})
	t.Run("what cannot be", func(t *testing.T) {
		require.ErrorIs(t, l.manager.Break("default", "nobody", guest.FaultEtcdDown), guest.ErrUnknownMachine)
		require.ErrorIs(t, l.manager.Break("default", "w-a", guest.FaultEtcdDown), guest.ErrUnknownFault)
		require.ErrorIs(t, l.manager.Break("default", "cp-a", "earthquake"), guest.ErrUnknownFault)
	})
}

func (l *clusterLife) breakIt(t *testing.T, name string, fault guest.Fault) {
	t.Helper()
	require.NoError(t, l.manager.Break("default", name, fault))
}

func (l *clusterLife) mend(t *testing.T, name string, fault guest.Fault) {
	t.Helper()
	require.NoError(t, l.manager.Mend("default", name, fault))
}

// processOf finds a running process of a machine.
func (l *clusterLife) processOf(name, program string) *guest.Process {
	for _, running := range l.manager.Processes(l.name) {
		if running.Machine == "default/"+name && running.Name == program {
			return &running
		}
	}
	return nil
}

func (l *clusterLife) awaitPod(t *testing.T, name string, isReady bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		pod, err := l.client.CoreV1().Pods("kube-system").Get(t.Context(), name, metav1.GetOptions{})
		return err == nil && podReady(pod) == isReady
	}, timeout, 100*time.Millisecond, "pod %s should have readiness %v", name, isReady)
}
