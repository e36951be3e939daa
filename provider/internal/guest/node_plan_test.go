package guest

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPlanNode(t *testing.T) {
	uninitialized := corev1.Taint{Key: UninitializedTaint, Value: "true", Effect: corev1.TaintEffectNoSchedule}
	again := corev1.Taint{Key: UninitializedTaint, Value: "true", Effect: corev1.TaintEffectPreferNoSchedule}
	other := corev1.Taint{Key: "node.kubernetes.io/not-ready", Effect: corev1.TaintEffectNoSchedule}
	zone, region := corev1.LabelTopologyZone, corev1.LabelTopologyRegion
	identity := Identity{Name: "n", ProviderID: "harvester://uid", Zone: "a"}
	for name, test := range map[string]struct {
		providerID string
		taints     []corev1.Taint
		labels     map[string]string
		plan       NodePlan
		after      []corev1.Taint
	}{
		"fresh": {
			taints: []corev1.Taint{uninitialized, other}, after: []corev1.Taint{other},
			plan: NodePlan{SetProviderID: true, RemoveTaint: true, AddLabels: map[string]string{zone: "a"}},
		},
		"the cloud provider was faster":    {providerID: "harvester://uid", taints: []corev1.Taint{other}, labels: map[string]string{zone: "a"}, after: []corev1.Taint{other}},
		"the cloud provider is half done":  {providerID: "harvester://uid", taints: []corev1.Taint{uninitialized}, labels: map[string]string{zone: "a"}, after: []corev1.Taint{uninitialized}},
		"the cloud provider looks again":   {providerID: "harvester://uid", taints: []corev1.Taint{again}, labels: map[string]string{zone: "a"}, after: []corev1.Taint{again}},
		"it wants to look before we did":   {taints: []corev1.Taint{again}, labels: map[string]string{zone: "a"}, after: []corev1.Taint{again}, plan: NodePlan{SetProviderID: true}},
		"no taint was ever there":          {labels: map[string]string{zone: "a"}, plan: NodePlan{SetProviderID: true}},
		"the zone came to be known later":  {providerID: "harvester://uid", plan: NodePlan{AddLabels: map[string]string{zone: "a"}}},
		"somebody else knows another zone": {providerID: "harvester://uid", labels: map[string]string{zone: "b", region: "r"}},
	} {
		t.Run(name, func(t *testing.T) {
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: test.labels}, Spec: corev1.NodeSpec{ProviderID: test.providerID, Taints: test.taints}}
			plan := PlanNode(node, identity)
			assert.Equal(t, test.plan, plan)
			assert.Equal(t, test.providerID == "", NeedsInitialization(node))
			before, labels := append([]corev1.Taint(nil), test.taints...), maps.Clone(test.labels)
			plan.apply(node, identity)
			assert.Equal(t, "harvester://uid", node.Spec.ProviderID)
			assert.ElementsMatch(t, test.after, node.Spec.Taints)
			assert.NotEmpty(t, node.Labels[zone])
			assert.Equal(t, before, test.taints, "the cached object's taints are not changed in place")
			assert.Equal(t, labels, test.labels, "nor are its labels")
			assert.True(t, PlanNode(node, identity).Done(), "once is enough")
		})
	}
	nowhere := PlanNode(&corev1.Node{}, Identity{ProviderID: "harvester://uid"})
	assert.Empty(t, nowhere.AddLabels, "an unknown zone is none")
	both := PlanNode(&corev1.Node{}, Identity{ProviderID: "harvester://uid", Zone: "a", Region: "r"})
	assert.Equal(t, map[string]string{zone: "a", region: "r"}, both.AddLabels)
}

func TestNodeOfAnotherIsAConflict(t *testing.T) {
	for providerID, want := range map[string]string{
		"harvester://other": "leftover of another machine",
		"rke2://n":          "RKE2's own cloud controller",
		"k3s://n":           "K3s's own cloud controller",
		"rke2":              "leftover of another machine",
	} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Spec: corev1.NodeSpec{ProviderID: providerID}}
		plan := PlanNode(node, Identity{Name: "n", ProviderID: "harvester://uid", Zone: "a"})
		assert.Contains(t, plan.Conflict, want)
		assert.Contains(t, plan.Conflict, providerID)
		assert.Equal(t, NodePlan{Conflict: plan.Conflict}, plan, "it is not touched")
	}
}
