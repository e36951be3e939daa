package guest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPlanNode(t *testing.T) {
	uninitialized := corev1.Taint{Key: UninitializedTaint, Value: "true", Effect: corev1.TaintEffectNoSchedule}
	other := corev1.Taint{Key: "node.kubernetes.io/not-ready", Effect: corev1.TaintEffectNoSchedule}
	for name, test := range map[string]struct {
		providerID string
		taints     []corev1.Taint
		plan       NodePlan
		after      []corev1.Taint
	}{
		"fresh":                           {"", []corev1.Taint{uninitialized, other}, NodePlan{SetProviderID: true, RemoveTaint: true}, []corev1.Taint{other}},
		"the cloud provider was faster":   {"harvester://uid", []corev1.Taint{other}, NodePlan{}, []corev1.Taint{other}},
		"the cloud provider is half done": {"harvester://uid", []corev1.Taint{uninitialized}, NodePlan{RemoveTaint: true}, nil},
		"no taint was ever there":         {"", nil, NodePlan{SetProviderID: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Spec: corev1.NodeSpec{ProviderID: test.providerID, Taints: test.taints}}
			plan := PlanNode(node, "harvester://uid")
			assert.Equal(t, test.plan, plan)
			assert.Equal(t, !plan.Done(), NeedsInitialization(node))
			before := append([]corev1.Taint(nil), test.taints...)
			plan.apply(node, "harvester://uid")
			assert.Equal(t, "harvester://uid", node.Spec.ProviderID)
			assert.ElementsMatch(t, test.after, node.Spec.Taints)
			assert.Equal(t, before, test.taints, "the cached object's taints are not changed in place")
			assert.True(t, PlanNode(node, "harvester://uid").Done(), "once is enough")
		})
	}
	foreign := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Spec: corev1.NodeSpec{ProviderID: "harvester://other", Taints: []corev1.Taint{uninitialized}}}
	assert.NotEmpty(t, PlanNode(foreign, "harvester://uid").Conflict)
}
