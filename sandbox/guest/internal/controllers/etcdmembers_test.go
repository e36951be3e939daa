package controllers

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/etcd"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

func serverNode(name string, ready corev1.ConditionStatus) *corev1.Node {
	node := nodeThatIs(ready)
	node.Name = name
	node.Annotations = map[string]string{rke2.EtcdNameAnnotation: name + "-00000001", rke2.EtcdAddressAnnotation: "127.50.1.10"}
	node.Finalizers = []string{rke2.EtcdFinalizer}
	return node
}

func TestDecideMember(t *testing.T) {
	now := metav1.NewTime(noon)
	asked := serverNode("a", corev1.ConditionTrue)
	asked.Annotations[rke2.EtcdRemoveAnnotation] = "true"
	answered := asked.DeepCopy()
	answered.Annotations[rke2.EtcdRemovedAnnotation] = "a-00000001"
	deleted := serverNode("a", corev1.ConditionUnknown)
	deleted.DeletionTimestamp = &now
	agent := nodeThatIs(corev1.ConditionTrue)
	agent.DeletionTimestamp = &now
	other, dead := serverNode("b", corev1.ConditionTrue), serverNode("c", corev1.ConditionUnknown)
	for name, test := range map[string]struct {
		node   *corev1.Node
		others []*corev1.Node
		self   string
		want   memberStep
	}{
		"a healthy one":            {serverNode("a", corev1.ConditionTrue), nil, "b", memberStays},
		"asked":                    {asked, nil, "b", memberLeavesOnRequest},
		"answered":                 {answered, nil, "b", memberStays},
		"deleted":                  {deleted, nil, "b", memberLeavesWithNode},
		"an agent":                 {agent, nil, "b", memberStays},
		"ourselves, others can":    {asked, []*corev1.Node{other}, "a", memberStays},
		"ourselves, others cannot": {asked, []*corev1.Node{dead, nodeThatIs(corev1.ConditionTrue)}, "a", memberLeavesOnRequest},
	} {
		assert.Equal(t, test.want, decideMember(test.node, append(test.others, test.node), test.self), name)
	}
}

// members starts the controller with a way of removing members.
func members(t *testing.T, node *corev1.Node, remove func(context.Context, string) error) *fake.Clientset {
	t.Helper()
	client := fake.NewClientset(node, serverNode("self", corev1.ConditionTrue))
	controller := &EtcdMembers{Base: Base{Clock: clock.RealClock{}, Logf: t.Logf}, Client: client, Self: "self", Remove: remove}
	background(t, controller.Run)
	return client
}

func TestARemovalIsTriedUntilItSucceedsAndAnswered(t *testing.T) {
	node := serverNode("a", corev1.ConditionTrue)
	node.Annotations[rke2.EtcdRemoveAnnotation] = "true"
	var tries atomic.Int32
	client := members(t, node, func(_ context.Context, member string) error {
		assert.Equal(t, "a-00000001", member)
		if tries.Add(1) < 3 {
			return errors.New("unhealthy cluster")
		}
		return nil
	})
	require.Eventually(t, func() bool {
		found, err := client.CoreV1().Nodes().Get(t.Context(), "a", metav1.GetOptions{})
		return err == nil && found.Annotations[rke2.EtcdRemovedAnnotation] == "a-00000001" &&
			found.Annotations[rke2.EtcdNameAnnotation] == "" && found.Annotations[rke2.EtcdAddressAnnotation] == ""
	}, wait, 5*time.Millisecond)
	assert.GreaterOrEqual(t, tries.Load(), int32(3))
}

func TestADeletedNodeGoesWhenItsMemberIsOut(t *testing.T) {
	for name, refusal := range map[string]error{"removed": nil, "the last one": etcd.ErrLastMember} {
		now := metav1.NewTime(noon)
		node := serverNode("a", corev1.ConditionUnknown)
		node.DeletionTimestamp = &now
		client := members(t, node, func(context.Context, string) error { return refusal })
		require.Eventually(t, func() bool {
			found, err := client.CoreV1().Nodes().Get(t.Context(), "a", metav1.GetOptions{})
			return err != nil || len(found.Finalizers) == 0
		}, wait, 5*time.Millisecond, name)
	}
}

func TestTheLastMemberStaysOnRequest(t *testing.T) {
	node := serverNode("a", corev1.ConditionTrue)
	node.Annotations[rke2.EtcdRemoveAnnotation] = "true"
	asked := make(chan struct{}, 100)
	client := members(t, node, func(context.Context, string) error { asked <- struct{}{}; return etcd.ErrLastMember })
	<-asked
	<-asked // it has been tried again, so the first refusal is dealt with
	found, err := client.CoreV1().Nodes().Get(t.Context(), "a", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Empty(t, found.Annotations[rke2.EtcdRemovedAnnotation])
}

func TestEnsureServerNode(t *testing.T) {
	node := nodeThatIs(corev1.ConditionTrue)
	client := fake.NewClientset(node)
	base := Base{Clock: clock.RealClock{}, Logf: t.Logf}
	for range 2 {
		base.EnsureServerNode(t.Context(), client, "n", "n-00000001", "127.50.1.10")
	}
	found, err := client.CoreV1().Nodes().Get(t.Context(), "n", metav1.GetOptions{})
	require.NoError(t, err)
	for _, label := range []string{rke2.ControlPlaneLabel, rke2.MasterLabel, rke2.EtcdLabel} {
		assert.Equal(t, "true", found.Labels[label])
	}
	assert.Equal(t, "n-00000001", found.Annotations[rke2.EtcdNameAnnotation])
	assert.Equal(t, []string{rke2.EtcdFinalizer}, found.Finalizers)
}

func TestEnsureServingSecretKeepsTheFirst(t *testing.T) {
	client := fake.NewClientset()
	base := Base{Clock: clock.RealClock{}, Logf: t.Logf}
	base.EnsureServingSecret(t.Context(), client, []byte("one"), []byte("key"))
	base.EnsureServingSecret(t.Context(), client, []byte("two"), []byte("key"))
	secret, err := client.CoreV1().Secrets("kube-system").Get(t.Context(), rke2.ServingSecret, metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "one", string(secret.Data["tls.crt"]))
}
