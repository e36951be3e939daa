package kubelet

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func identity() Identity {
	return Identity{
		Name: "n", Address: "127.50.1.10", Port: 10250, Version: "v1.33.4+rke2r1", BootID: "b",
		Labels:   map[string]string{"a": "b"},
		Taints:   []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}},
		Capacity: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")},
	}
}

func TestANewNode(t *testing.T) {
	node := identity().node(noon)
	assert.Equal(t, "b", node.Labels["a"])
	assert.Equal(t, "n", node.Labels[corev1.LabelHostname])
	assert.Equal(t, identity().Taints, node.Spec.Taints)
	assert.Empty(t, node.Spec.ProviderID)
	assert.Equal(t, "v1.33.4+rke2r1", node.Status.NodeInfo.KubeletVersion)
	assert.Len(t, node.Status.Conditions, 4)
}

func TestAddressesOfTheCloudControllerStay(t *testing.T) {
	own := []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.50.1.10"}, {Type: corev1.NodeHostName, Address: "n"}}
	cloud := []corev1.NodeAddress{{Type: corev1.NodeExternalIP, Address: "127.9.9.9"}}
	for _, test := range []struct {
		external      bool
		current, want []corev1.NodeAddress
	}{
		{true, nil, own}, {true, cloud, cloud}, {false, cloud, own},
	} {
		described := identity()
		described.External = test.external
		assert.Equal(t, test.want, described.status(corev1.NodeStatus{Addresses: test.current}, noon).Addresses)
	}
}

func TestStatusSettles(t *testing.T) {
	kinds := []corev1.NodeConditionType{corev1.NodeReady, corev1.NodeMemoryPressure, corev1.NodePIDPressure, "Custom"}
	rapid.Check(t, func(t *rapid.T) {
		var current corev1.NodeStatus
		for _, kind := range kinds {
			if rapid.Bool().Draw(t, string(kind)) {
				current.Conditions = append(current.Conditions, corev1.NodeCondition{
					Type: kind, Status: rapid.SampledFrom([]corev1.ConditionStatus{corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown}).Draw(t, "status"),
					LastTransitionTime: metav1.NewTime(noon.Add(-time.Hour)),
				})
			}
		}
		once := identity().status(current, noon)
		twice := identity().status(once, noon.Add(time.Minute))
		if !sameStatus(once, twice) {
			t.Fatalf("a settled status changes again:\n%v\n%v", once, twice)
		}
		for _, before := range current.Conditions {
			for _, after := range once.Conditions {
				if before.Type == after.Type && before.Status == after.Status && !before.LastTransitionTime.Equal(&after.LastTransitionTime) {
					t.Fatalf("the time of %s moved without a transition", before.Type)
				}
			}
		}
	})
}

func TestStatusPatch(t *testing.T) {
	from := identity().status(corev1.NodeStatus{}, noon)
	from.Conditions[3].Status = corev1.ConditionUnknown
	to := identity().status(from, noon.Add(time.Minute))
	patch, err := statusPatch(from, to)
	require.NoError(t, err)
	assert.NotContains(t, string(patch), "taints")

	before, err := json.Marshal(corev1.Node{Status: from})
	require.NoError(t, err)
	patched, err := strategicpatch.StrategicMergePatch(before, patch, corev1.Node{})
	require.NoError(t, err)
	var after corev1.Node
	require.NoError(t, json.Unmarshal(patched, &after))
	assert.True(t, sameStatus(to, after.Status))
}

func TestPodStatus(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c"}}}}
	status, changed := podStatus(pod, "127.50.1.10", true, noon)
	require.True(t, changed)
	assert.Equal(t, corev1.PodRunning, status.Phase)
	assert.True(t, status.ContainerStatuses[0].Ready)
	pod.Status = status
	_, changed = podStatus(pod, "127.50.1.10", true, noon.Add(time.Minute))
	assert.False(t, changed)
	status, changed = podStatus(pod, "127.50.1.10", false, noon.Add(time.Minute))
	require.True(t, changed)
	assert.False(t, status.ContainerStatuses[0].Ready)
	assert.True(t, status.StartTime.Time.Equal(noon), "the pod is the same")
}
