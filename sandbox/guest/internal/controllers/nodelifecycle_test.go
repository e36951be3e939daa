package controllers

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"
)

const wait = time.Minute

// background runs something for the length of a test.
func background(t *testing.T, run func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { run(ctx) })
	t.Cleanup(func() { cancel(); group.Wait() })
}

func leaseOf(node string, renewed time.Time) *coordinationv1.Lease {
	at := metav1.NewMicroTime(renewed)
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: node, Namespace: corev1.NamespaceNodeLease},
		Spec:       coordinationv1.LeaseSpec{RenewTime: &at},
	}
}

// lifecycle starts a NodeLifecycle on a fake API server and clock.
func lifecycle(t *testing.T, objects ...runtime.Object) (*fake.Clientset, *clocktesting.FakeClock) {
	t.Helper()
	client, clock := fake.NewClientset(objects...), clocktesting.NewFakeClock(noon)
	controller := &NodeLifecycle{Base: Base{Clock: clock, Logf: t.Logf}, Client: client, Grace: grace}
	background(t, controller.Run)
	return client, clock
}

func TestASilentNodeIsMarkedAndForgiven(t *testing.T) {
	client, clock := lifecycle(t, nodeThatIs(corev1.ConditionTrue), leaseOf("n", noon))
	nodes := client.CoreV1().Nodes()
	require.Eventually(t, func() bool {
		clock.Step(time.Second)
		node, err := nodes.Get(t.Context(), "n", metav1.GetOptions{})
		return err == nil && readyStatus(node) == corev1.ConditionUnknown && len(node.Spec.Taints) == 2
	}, wait, 5*time.Millisecond, "marked")

	_, err := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Update(t.Context(), leaseOf("n", clock.Now().Add(time.Hour)), metav1.UpdateOptions{})
	require.NoError(t, err)
	node, err := nodes.Get(t.Context(), "n", metav1.GetOptions{})
	require.NoError(t, err)
	node.Status.Conditions[0].Status = corev1.ConditionTrue
	_, err = nodes.UpdateStatus(t.Context(), node, metav1.UpdateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		node, err := nodes.Get(t.Context(), "n", metav1.GetOptions{})
		return err == nil && len(node.Spec.Taints) == 0
	}, wait, 5*time.Millisecond, "forgiven")
}

func TestWhatANodeLeavesBehindIsCollected(t *testing.T) {
	pod := func(name, node string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Spec: corev1.PodSpec{NodeName: node}}
	}
	client, clock := lifecycle(t, nodeThatIs(corev1.ConditionTrue), leaseOf("n", noon.Add(time.Hour)), leaseOf("gone", noon),
		pod("stays", "n"), pod("waits", ""), pod("goes", "gone"))
	require.Eventually(t, func() bool {
		clock.Step(time.Second)
		_, podErr := client.CoreV1().Pods("default").Get(t.Context(), "goes", metav1.GetOptions{})
		_, leaseErr := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), "gone", metav1.GetOptions{})
		return apierrors.IsNotFound(podErr) && apierrors.IsNotFound(leaseErr)
	}, wait, 5*time.Millisecond)
	for _, name := range []string{"stays", "waits"} {
		_, err := client.CoreV1().Pods("default").Get(t.Context(), name, metav1.GetOptions{})
		require.NoError(t, err, name)
	}
}
