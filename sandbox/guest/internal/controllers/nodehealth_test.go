package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const grace = 10 * time.Second

func nodeThatIs(ready corev1.ConditionStatus, taints ...string) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}
	for _, key := range taints {
		node.Spec.Taints = append(node.Spec.Taints, taintsFor(key)...)
	}
	return node
}

func TestJudge(t *testing.T) {
	foreign := corev1.Taint{Key: "k", Effect: corev1.TaintEffectNoSchedule}
	for name, test := range map[string]struct {
		node    *corev1.Node
		age     time.Duration
		silent  bool
		changed bool
		want    string
	}{
		"healthy":                        {nodeThatIs(corev1.ConditionTrue), time.Second, false, false, ""},
		"new, with the admission's mark": {nodeThatIs(corev1.ConditionTrue, corev1.TaintNodeNotReady), time.Second, false, true, ""},
		"not ready":                      {nodeThatIs(corev1.ConditionFalse), time.Second, false, true, corev1.TaintNodeNotReady},
		"just in time":                   {nodeThatIs(corev1.ConditionTrue), grace, false, false, ""},
		"overdue":                        {nodeThatIs(corev1.ConditionTrue), grace + 1, true, true, corev1.TaintNodeUnreachable},
		"overdue and marked":             {nodeThatIs(corev1.ConditionUnknown, corev1.TaintNodeUnreachable), time.Hour, false, false, corev1.TaintNodeUnreachable},
		"back":                           {nodeThatIs(corev1.ConditionTrue, corev1.TaintNodeUnreachable), time.Second, false, true, ""},
		"overdue and not ready before":   {nodeThatIs(corev1.ConditionFalse, corev1.TaintNodeNotReady), time.Hour, true, true, corev1.TaintNodeUnreachable},
	} {
		test.node.Spec.Taints = append(test.node.Spec.Taints, foreign)
		verdict := judge(test.node, noon.Add(-test.age), noon, grace)
		assert.Equal(t, test.silent, verdict.silent, name)
		assert.Equal(t, test.changed, verdict.changed, name)
		wanted := []corev1.Taint{foreign}
		if test.want != "" {
			wanted = append(wanted, taintsFor(test.want)...)
		}
		assert.ElementsMatch(t, wanted, verdict.taints, name)
	}
}

func TestJudgeSettles(t *testing.T) {
	keys := []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, "other"}
	rapid.Check(t, func(t *rapid.T) {
		node := nodeThatIs(rapid.SampledFrom([]corev1.ConditionStatus{corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown}).Draw(t, "ready"),
			rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 3, rapid.ID[string]).Draw(t, "taints")...)
		renewed := noon.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "age")) * time.Second)
		verdict := judge(node, renewed, noon, grace)
		node.Spec.Taints = verdict.taints
		if verdict.silent {
			node.Status.Conditions = unknownConditions(node.Status.Conditions, noon)
		}
		again := judge(node, renewed, noon, grace)
		if again.silent || again.changed {
			t.Fatalf("what was decided once is decided again: %+v", again)
		}
	})
}

func TestUnknownConditionsKeepTheirTimeWhenTheyWereUnknown(t *testing.T) {
	before := metav1.NewTime(noon.Add(-time.Hour))
	conditions := unknownConditions([]corev1.NodeCondition{
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: before},
		{Type: corev1.NodeDiskPressure, Status: corev1.ConditionUnknown, LastTransitionTime: before},
	}, noon)
	assert.Equal(t, reasonSilent, conditions[0].Reason)
	assert.True(t, conditions[0].LastTransitionTime.Time.Equal(noon))
	assert.True(t, conditions[1].LastTransitionTime.Equal(&before))
}
