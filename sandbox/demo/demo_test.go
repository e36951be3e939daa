package demo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/inventory"
)

func TestChangesAreToldOnce(t *testing.T) {
	before := observation{machines: map[string]machine{
		"cp-1": {name: "cp-1", phase: "Provisioning", controlPlane: true},
		"old":  {name: "old", phase: "Deleting"},
	}}
	after := observation{endpoint: "127.60.0.2:6443", initialized: true, machines: map[string]machine{
		"cp-1": {name: "cp-1", phase: "Running", controlPlane: true, address: "127.50.1.10", pool: "p", nodeReady: true},
	}}
	assert.Equal(t, []string{
		"load balancer at 127.60.0.2:6443",
		"control plane cp-1 Running",
		"control plane cp-1 has 127.50.1.10 from pool p",
		"control plane cp-1: Node Ready",
		"control plane initialised",
		"worker        old gone",
	}, changes(before, after))
	assert.Empty(t, changes(after, after))
}

func TestMissingCountsOnlyWhatIsComplete(t *testing.T) {
	running := machine{phase: "Running", address: "a", nodeReady: true}
	controlPlane := running
	controlPlane.controlPlane = true
	all := observation{machines: map[string]machine{"c": controlPlane, "w": running}}
	assert.Empty(t, all.missing(1, 1))
	assert.NotEmpty(t, all.missing(1, 2))
	assert.NotEmpty(t, all.missing(1, 0), "one machine too many is not complete")
	unready := running
	unready.nodeReady = false
	assert.NotEmpty(t, observation{machines: map[string]machine{"c": controlPlane, "w": unready}}.missing(1, 1))
}

func TestTheHeydayMustHaveWhatACompleteClusterHas(t *testing.T) {
	two := []string{"a", "b"}
	whole := map[string][]string{
		"virtual machines": two, "running instances": two, "volume claims": two, "secrets": {"a", "b", "token"},
		"load balancers": {"l"}, "service accounts": {"s"}, "role bindings": {"r"}, "cluster bindings": {"c"}, inventory.PoolEntries: two, inventory.EtcdMembers: {"1 etcd"},
	}
	require.NoError(t, checkHeyday(whole, 1, 2))
	require.ErrorContains(t, checkHeyday(whole, 1, 3), "2 virtual machines, not 3", "a machine is missing")
	whole["secrets"] = []string{"a", "b", "token", "doubled"}
	assert.ErrorContains(t, checkHeyday(whole, 1, 2), "doubled")
}

func TestEveryKillIsShared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kills := rapid.IntRange(0, 50).Draw(t, "kills")
		total := 0
		for _, part := range share(kills) {
			assert.GreaterOrEqual(t, part, 0)
			total += part
		}
		assert.Equal(t, kills, total)
	})
}

func TestTheSameSeedKillsAtTheSameMoments(t *testing.T) {
	first, second := newKiller(nil, nil, 5, 7), newKiller(nil, nil, 5, 7)
	assert.Equal(t, first.moments, second.moments)
	for chapter, moments := range first.moments {
		var last time.Duration
		for _, moment := range moments {
			last += moment
		}
		assert.LessOrEqual(t, last, windows[chapter])
	}
	assert.NotEqual(t, first.moments, newKiller(nil, nil, 5, 8).moments)
}

func TestANodeIsJudged(t *testing.T) {
	ready := []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	good := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Spec: corev1.NodeSpec{ProviderID: "harvester://u"}, Status: corev1.NodeStatus{Conditions: ready}}
	require.NoError(t, checkNode(good))

	bad := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: uninitializedTaint}}}}
	err := checkNode(bad)
	require.ErrorContains(t, err, "provider ID")
	require.ErrorContains(t, err, "not initialised")
	assert.ErrorContains(t, err, "not Ready")
}
