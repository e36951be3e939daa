package kubelet

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"
)

const wait = time.Minute

// running is a kubelet under test on a fake API server and a fake clock.
type running struct {
	*Kubelet
	client *fake.Clientset
	clock  *clocktesting.FakeClock
	serves atomic.Bool
}

func run(t *testing.T) *running {
	t.Helper()
	r := &running{client: fake.NewClientset(), clock: clocktesting.NewFakeClock(noon)}
	r.serves.Store(true)
	registered := make(chan struct{})
	r.Kubelet = New(Options{
		Identity: identity(), Client: r.client, Heartbeat: time.Second, Clock: r.clock, Logf: t.Logf,
		StaticPods: func() []StaticPod { return []StaticPod{{Component: "etcd", Image: "i", Ready: r.serves.Load()}} },
		Registered: func() { close(registered) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); group.Wait() })
	<-registered
	return r
}

// eventually lets time pass until something holds.
func (r *running) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, func() bool { r.clock.Step(time.Second); return holds() }, wait, 5*time.Millisecond, what)
}

func (r *running) node(t *testing.T) *corev1.Node {
	t.Helper()
	node, err := r.client.CoreV1().Nodes().Get(t.Context(), "n", metav1.GetOptions{})
	require.NoError(t, err)
	return node
}

func TestTheLeaseIsRenewed(t *testing.T) {
	r := run(t)
	leases := r.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	lease, err := leases.Get(t.Context(), "n", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, r.node(t).UID, lease.OwnerReferences[0].UID)
	r.eventually(t, "renewal", func() bool {
		renewed, err := leases.Get(t.Context(), "n", metav1.GetOptions{})
		return err == nil && renewed.Spec.RenewTime.After(lease.Spec.RenewTime.Time)
	})
}

// Thousands of nodes beat: what a heartbeat costs counts.
func TestALeaseIsReadOnlyWhenSomebodyElseWroteIt(t *testing.T) {
	client := fake.NewClientset()
	clock := clocktesting.NewFakeClock(noon)
	k := New(Options{Identity: identity(), Client: client, Heartbeat: time.Second, Clock: clock, Logf: t.Logf})
	require.NoError(t, k.tryRegister(t.Context()))
	require.NoError(t, k.renewLease(t.Context()))
	client.ClearActions()
	clock.Step(time.Second)
	require.NoError(t, k.renewLease(t.Context()))
	require.Len(t, client.Actions(), 1)
	assert.Equal(t, "update", client.Actions()[0].GetVerb())

	require.NoError(t, client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Delete(t.Context(), "n", metav1.DeleteOptions{}))
	require.NoError(t, k.renewLease(t.Context()))
	lease, err := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), "n", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, clock.Now(), lease.Spec.RenewTime.UTC())
}

func TestAKubeletThatIsBackSaysSo(t *testing.T) {
	r := run(t)
	node := r.node(t)
	for i := range node.Status.Conditions {
		node.Status.Conditions[i].Status = corev1.ConditionUnknown
	}
	_, err := r.client.CoreV1().Nodes().UpdateStatus(t.Context(), node, metav1.UpdateOptions{})
	require.NoError(t, err)
	r.eventually(t, "ready again", func() bool {
		return r.node(t).Status.Conditions[3].Status == corev1.ConditionTrue
	})
}

func TestADeletedNodeStaysDeleted(t *testing.T) {
	r := run(t)
	require.NoError(t, r.client.CoreV1().Nodes().Delete(t.Context(), "n", metav1.DeleteOptions{}))
	renewals := map[time.Time]bool{}
	r.eventually(t, "five heartbeats", func() bool {
		lease, err := r.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), "n", metav1.GetOptions{})
		require.NoError(t, err)
		renewals[lease.Spec.RenewTime.Time] = true
		return len(renewals) > 5
	})
	_, err := r.client.CoreV1().Nodes().Get(t.Context(), "n", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err))
}

func TestStaticPodsAreMirrored(t *testing.T) {
	r := run(t)
	pods := r.client.CoreV1().Pods(metav1.NamespaceSystem)
	readiness := func(want corev1.ConditionStatus) func() bool {
		return func() bool {
			pod, err := pods.Get(t.Context(), "etcd-n", metav1.GetOptions{})
			if err != nil {
				return false
			}
			for _, condition := range pod.Status.Conditions {
				if condition.Type == corev1.PodReady {
					return condition.Status == want
				}
			}
			return false
		}
	}
	r.eventually(t, "a ready mirror", readiness(corev1.ConditionTrue))
	r.serves.Store(false)
	r.Sync()
	r.eventually(t, "an unready mirror", readiness(corev1.ConditionFalse))
	require.NoError(t, pods.Delete(t.Context(), "etcd-n", metav1.DeleteOptions{}))
	r.eventually(t, "a mirror that comes back", readiness(corev1.ConditionFalse))
}

func TestBoundPodsRunAndDeletedOnesGo(t *testing.T) {
	r := run(t)
	pods := r.client.CoreV1().Pods("default")
	now := metav1.NewTime(noon)
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "work"}, Spec: corev1.PodSpec{NodeName: "n"}, Status: corev1.PodStatus{Phase: corev1.PodPending},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "leaving", DeletionTimestamp: &now, Finalizers: []string{"x/y"}}, Spec: corev1.PodSpec{NodeName: "n"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	r.eventually(t, "the pod runs", func() bool {
		pod, err := pods.Get(t.Context(), "work", metav1.GetOptions{})
		return err == nil && pod.Status.Phase == corev1.PodRunning
	})
	r.eventually(t, "the other one goes", func() bool {
		_, err := pods.Get(t.Context(), "leaving", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

func TestANodeThatExistsIsTakenOver(t *testing.T) {
	client := fake.NewClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", UID: "before"}, Spec: corev1.NodeSpec{ProviderID: "harvester://x"}})
	k := New(Options{Identity: identity(), Client: client, Heartbeat: time.Second, Clock: clocktesting.NewFakeClock(noon), Logf: t.Logf})
	require.NoError(t, k.tryRegister(t.Context()))
	require.NoError(t, k.updateStatus(t.Context()))
	node, err := client.CoreV1().Nodes().Get(t.Context(), "n", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "harvester://x", node.Spec.ProviderID)
	assert.Equal(t, "b", node.Status.NodeInfo.BootID)
}
