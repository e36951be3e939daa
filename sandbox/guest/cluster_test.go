package guest_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// TestClusterLife takes one cluster of three servers and an agent, booted from
// the RKE2 provider's own bootstrap data, through what Cluster API and an
// operator do to one. The steps build on each other: a cluster costs too much
// for one each.
func TestClusterLife(t *testing.T) {
	c := newCluster(t, nil)
	life := &clusterLife{cluster: c, machines: map[string]guestapi.Guest{}, vms: map[string]guestapi.VMBoot{}}
	for _, step := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"the first server comes up", life.firstServer},
		{"two servers and an agent join", life.others},
		{"nodes look as Cluster API expects", life.nodes},
		{"RKE2's objects are there", life.objects},
		{"etcdctl runs in the etcd pod", life.etcdctl},
		{"etcd is reached by port-forward", life.portForward},
		{"logs can be read", life.logs},
		{"pods come and go", life.pods},
		{"a wrong token is refused", life.wrongToken},
		{"a member leaves on request", life.removal},
		{"a machine takes the place", life.replacement},
		{"a server loses its power", life.powerCut},
		{"machines restart with their disks", life.restart},
		{"faults are made and mended", life.faults},
		{"nothing is left", life.nothingLeft},
	} {
		if !t.Run(step.name, func(t *testing.T) { c.t = t; step.do(t) }) {
			break
		}
		c.t = t
	}
}

type clusterLife struct {
	*cluster
	client   *kubernetes.Clientset
	machines map[string]guestapi.Guest
	vms      map[string]guestapi.VMBoot
}

func (l *clusterLife) start(name, sample string) {
	l.vms[name] = l.vm(name, sample)
	l.machines[name] = l.boot(l.vms[name])
}

func (l *clusterLife) firstServer(t *testing.T) {
	t.Helper()
	l.start("cp-a", "init")
	l.client = l.cluster.client()
	l.awaitNode(l.client, "cp-a", "ready", ready)
	l.awaitMembers("cp-a")
}

func (l *clusterLife) others(t *testing.T) {
	t.Helper()
	l.start("cp-b", "join")
	l.start("w-a", "worker")
	l.awaitNode(l.client, "w-a", "ready", ready)
	l.awaitNode(l.client, "cp-b", "ready", ready)
	l.start("cp-c", "join")
	l.awaitNode(l.client, "cp-c", "ready", ready)
	l.awaitMembers("cp-a", "cp-b", "cp-c")
}

func (l *clusterLife) nodes(t *testing.T) {
	t.Helper()
	isServer := map[string]bool{"cp-a": true, "cp-b": true, "cp-c": true, "w-a": false}
	for name, server := range isServer {
		node := l.awaitNode(l.client, name, "settled", func(n *corev1.Node) bool {
			return len(n.Spec.Taints) == 1 && (!server || n.Labels["node-role.kubernetes.io/etcd"] != "")
		})
		assert.Equal(t, []corev1.Taint{{Key: "node.cloudprovider.kubernetes.io/uninitialized", Value: "true", Effect: corev1.TaintEffectNoSchedule}}, node.Spec.Taints)
		assert.Empty(t, node.Spec.ProviderID, "the provider's to set")
		assert.Equal(t, "v1.33.4+rke2r1", node.Status.NodeInfo.KubeletVersion)
		assert.Equal(t, []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: addressOf(l.vms[name])}, {Type: corev1.NodeHostName, Address: name},
		}, node.Status.Addresses)
		assert.EqualValues(t, 10250, node.Status.DaemonEndpoints.KubeletEndpoint.Port)
		assert.Equal(t, "r7", node.Labels["topology.example.com/rack"])
		for _, role := range []string{"control-plane", "master", "etcd"} {
			_, labelled := node.Labels["node-role.kubernetes.io/"+role]
			assert.Equal(t, server, labelled, "%s: role %s", name, role)
		}
		reported := l.machines[name].Addresses()
		require.Len(t, reported, 1)
		assert.Equal(t, addressOf(l.vms[name]), reported[0].IPs[0].String())
		assert.FileExists(t, filepath.Join(l.dir, "uid-"+name, "run/cluster-api/bootstrap-success.complete"))
	}
}

func (l *clusterLife) objects(t *testing.T) {
	t.Helper()
	secret, err := l.client.CoreV1().Secrets("kube-system").Get(t.Context(), "rke2-serving", metav1.GetOptions{})
	require.NoError(t, err)
	assert.NotEmpty(t, secret.Data["tls.crt"])
	for _, pod := range []string{"etcd-cp-a", "kube-apiserver-cp-b", "kube-controller-manager-cp-c", "kube-scheduler-cp-a", "kube-proxy-w-a"} {
		require.Eventually(t, func() bool {
			found, err := l.client.CoreV1().Pods("kube-system").Get(t.Context(), pod, metav1.GetOptions{})
			return err == nil && podReady(found) && found.Annotations["kubernetes.io/config.mirror"] != ""
		}, timeout, 100*time.Millisecond, "mirror pod %s", pod)
	}
	// The sample's manifest holds an object of a kind that RKE2 itself defines.
	charts, err := dynamic.NewForConfig(l.config())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := charts.Resource(schema.GroupVersionResource{Group: "helm.cattle.io", Version: "v1", Resource: "helmchartconfigs"}).
			Namespace("kube-system").Get(t.Context(), "rke2-calico", metav1.GetOptions{})
		return err == nil
	}, timeout, 100*time.Millisecond)
	_, err = l.client.CoreV1().Namespaces().Get(t.Context(), "settings", metav1.GetOptions{})
	require.NoError(t, err)
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (l *clusterLife) pods(t *testing.T) {
	t.Helper()
	pods := l.client.CoreV1().Pods("kube-system")
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "work", Namespace: "kube-system"},
		Spec:       corev1.PodSpec{NodeName: "w-a", HostNetwork: true, Containers: []corev1.Container{{Name: "main", Image: "example"}}},
	}
	l.ensureServiceAccount(t)
	_, err := pods.Create(t.Context(), pod, metav1.CreateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		found, err := pods.Get(t.Context(), "work", metav1.GetOptions{})
		return err == nil && podReady(found) && found.Status.Phase == corev1.PodRunning
	}, timeout, 50*time.Millisecond)
	require.NoError(t, pods.Delete(t.Context(), "work", metav1.DeleteOptions{}))
	require.Eventually(t, func() bool {
		_, err := pods.Get(t.Context(), "work", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}, timeout, 50*time.Millisecond, "a drain waits for this")
}

// ensureServiceAccount makes what kube-controller-manager makes in a whole
// cluster.
func (l *clusterLife) ensureServiceAccount(t *testing.T) {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	_, err := l.client.CoreV1().ServiceAccounts("kube-system").Create(t.Context(), account, metav1.CreateOptions{})
	require.NoError(t, err)
}

func (l *clusterLife) wrongToken(t *testing.T) {
	t.Helper()
	stranger := l.vm("w-stranger", "worker")
	stranger.UserData = replace(stranger.UserData, "s3cr3t-token-0001", "s3cr3t-token-0002")
	booted := l.boot(stranger)
	require.Eventually(t, func() bool { return len(booted.Addresses()) > 0 }, timeout, 10*time.Millisecond)
	assert.Never(t, func() bool {
		_, err := l.client.CoreV1().Nodes().Get(t.Context(), "w-stranger", metav1.GetOptions{})
		return err == nil
	}, 2*time.Second, 100*time.Millisecond, "it has no way in")
	require.NoError(t, booted.Stop(t.Context(), false))
}

func (l *clusterLife) removal(t *testing.T) {
	t.Helper()
	l.annotate("cp-b", `{"metadata":{"annotations":{"etcd.rke2.cattle.io/remove":"true"}}}`)
	node := l.awaitNode(l.client, "cp-b", "the removal answered", func(n *corev1.Node) bool {
		return n.Annotations["etcd.rke2.cattle.io/removed-node-name"] != ""
	})
	assert.Regexp(t, `^cp-b-[0-9a-f]{8}$`, node.Annotations["etcd.rke2.cattle.io/removed-node-name"])
	l.awaitMembers("cp-a", "cp-c")
	require.Eventually(t, func() bool {
		for _, running := range l.manager.Processes(l.name) {
			if running.Machine == "default/cp-b" {
				return false
			}
		}
		return true
	}, timeout, 50*time.Millisecond, "etcd ends by itself and takes the API server along")
	// The kubelet lives on, and reports through the other servers.
	renewed := l.leaseTime(t, "cp-b")
	require.Eventually(t, func() bool { return l.leaseTime(t, "cp-b").After(renewed) }, timeout, 100*time.Millisecond)
	l.powerOffAndDelete(t, "cp-b")
}

func (l *clusterLife) leaseTime(t *testing.T, node string) time.Time {
	t.Helper()
	lease, err := l.client.CoordinationV1().Leases("kube-node-lease").Get(t.Context(), node, metav1.GetOptions{})
	if err != nil {
		return time.Time{}
	}
	return lease.Spec.RenewTime.Time
}

// powerOffAndDelete does to a machine what the providers do at its end.
func (l *clusterLife) powerOffAndDelete(t *testing.T, name string) {
	t.Helper()
	require.NoError(t, l.machines[name].Stop(t.Context(), false))
	l.manager.Forget(l.vms[name].UID)
	assert.NoDirExists(t, filepath.Join(l.dir, l.vms[name].UID))
	require.NoError(t, l.client.CoreV1().Nodes().Delete(t.Context(), name, metav1.DeleteOptions{}))
	require.Eventually(t, func() bool {
		_, err := l.client.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}, timeout, 100*time.Millisecond, "the node waits for its member only")
	require.Eventually(t, func() bool {
		_, err := l.client.CoreV1().Pods("kube-system").Get(t.Context(), "kube-proxy-"+name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}, timeout, 100*time.Millisecond, "its pods go with it")
}

func (l *clusterLife) annotate(node, patch string) {
	_, err := l.client.CoreV1().Nodes().Patch(l.t.Context(), node, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	require.NoError(l.t, err)
}

func (l *clusterLife) replacement(t *testing.T) {
	t.Helper()
	l.start("cp-d", "join")
	l.awaitNode(l.client, "cp-d", "ready", ready)
	l.awaitMembers("cp-a", "cp-c", "cp-d")
}

func (l *clusterLife) powerCut(t *testing.T) {
	t.Helper()
	begun := time.Now()
	require.NoError(t, l.machines["cp-c"].Stop(t.Context(), false))
	assert.Less(t, time.Since(begun), 5*time.Second, "power is cut at once")
	assert.Nil(t, l.machines["cp-c"].Addresses())
	node := l.awaitNode(l.client, "cp-c", "unreachable", func(n *corev1.Node) bool {
		return readiness(n) == corev1.ConditionUnknown && hasTaint(n, "node.kubernetes.io/unreachable", corev1.TaintEffectNoExecute)
	})
	assert.True(t, hasTaint(node, "node.kubernetes.io/unreachable", corev1.TaintEffectNoSchedule))
	// Nobody asked for the removal: deleting the Node is enough.
	l.powerOffAndDelete(t, "cp-c")
	l.awaitMembers("cp-a", "cp-d")
}

func hasTaint(node *corev1.Node, key string, effect corev1.TaintEffect) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Key == key && taint.Effect == effect {
			return true
		}
	}
	return false
}

func (l *clusterLife) restart(t *testing.T) {
	t.Helper()
	members, err := l.manager.Members(t.Context(), l.name)
	require.NoError(t, err)
	for _, name := range []string{"w-a", "cp-d"} {
		before := l.awaitNode(l.client, name, "ready", ready)
		require.NoError(t, l.machines[name].Stop(t.Context(), true))
		again := l.vms[name]
		again.InstanceUID = "instance-2-" + name
		again.UserData = []byte("#cloud-config\nhostname: another\n") // must not be read again
		booted, err := l.manager.Boot(t.Context(), again)
		require.NoError(t, err)
		l.machines[name] = booted
		after := l.awaitNode(l.client, name, "ready after its restart", func(n *corev1.Node) bool {
			return ready(n) && n.Status.NodeInfo.BootID == "instance-2-"+name
		})
		assert.Equal(t, before.UID, after.UID, "the same node")
	}
	require.Eventually(t, func() bool {
		now, err := l.manager.Members(t.Context(), l.name)
		return err == nil && assert.ObjectsAreEqual(members, now)
	}, timeout, 100*time.Millisecond, "the same members")
	same, err := l.manager.Boot(t.Context(), guestapi.VMBoot{UID: "uid-w-a", InstanceUID: "instance-2-w-a"})
	require.NoError(t, err)
	assert.Same(t, l.machines["w-a"], same, "a guest that lives is not started twice")
}

func (l *clusterLife) nothingLeft(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	for name, powered := range l.machines {
		require.NoError(t, powered.Stop(ctx, true))
		l.manager.Forget(l.vms[name].UID)
	}
	l.manager.Forget("uid-w-stranger")
	l.manager.Forget("unknown")
	assert.Empty(t, l.manager.Processes(""))
	assert.Empty(t, l.manager.Machines())
	_, err := l.manager.Members(ctx, l.name)
	require.ErrorIs(t, err, guest.ErrUnknownCluster)
	left, err := os.ReadDir(l.dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}
