package kit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	clocktesting "k8s.io/utils/clock/testing"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

func TestTimersMeasureFromTheFirstQuestion(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Unix(1000, 0))
	timers := kit.NewTimers(clock)
	assert.Equal(t, time.Second, timers.Left("a", time.Second))
	clock.SetTime(time.Unix(1000, 600e6))
	assert.Equal(t, 400*time.Millisecond, timers.Left("a", time.Second))
	assert.Equal(t, time.Second, timers.Left("b", time.Second))
	clock.SetTime(time.Unix(1002, 0))
	assert.Negative(t, timers.Left("a", time.Second))
	timers.Forget("a", "unknown")
	assert.Equal(t, time.Second, timers.Left("a", time.Second))
}

func TestSetCondition(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	list := kit.SetCondition([]hciv1.Condition{{Type: "Other", Status: corev1.ConditionTrue}}, "Ready", corev1.ConditionFalse, "", "wait", noon)
	assert.Equal(t, []hciv1.Condition{
		{Type: "Other", Status: corev1.ConditionTrue},
		{Type: "Ready", Status: corev1.ConditionFalse, Message: "wait", LastUpdateTime: "2026-01-01T12:00:00Z", LastTransitionTime: "2026-01-01T12:00:00Z"},
	}, list)
	assert.Equal(t, list, kit.SetCondition(list, "Ready", corev1.ConditionFalse, "", "wait", noon.Add(time.Hour)), "the same again changes nothing")

	other := kit.SetCondition(list, "Ready", corev1.ConditionFalse, "", "wait longer", noon.Add(time.Minute))
	assert.Equal(t, "2026-01-01T12:01:00Z", other[1].LastUpdateTime)
	assert.Equal(t, "2026-01-01T12:00:00Z", other[1].LastTransitionTime)
	assert.Equal(t, "wait", list[1].Message, "the list that was given is left alone")

	ready := kit.SetCondition(other, "Ready", corev1.ConditionTrue, "", "", noon.Add(time.Hour))
	assert.Equal(t, "2026-01-01T13:00:00Z", ready[1].LastTransitionTime)
	assert.True(t, kit.IsTrue(ready, "Ready"))
	assert.False(t, kit.IsTrue(other, "Ready"))
	assert.False(t, kit.IsTrue([]lbv1.Condition{}, "Ready"))
}

func TestConditionsOfPoolsAndBalancersHaveNoTransitionTime(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	list := kit.SetCondition([]lbv1.Condition(nil), "Ready", corev1.ConditionFalse, "", "wait", noon)
	assert.Equal(t, []lbv1.Condition{{Type: "Ready", Status: corev1.ConditionFalse, Message: "wait", LastUpdateTime: "2026-01-01T12:00:00Z"}}, list)
	list = kit.SetCondition(list, "Ready", corev1.ConditionTrue, "", "", noon.Add(time.Hour))
	assert.Equal(t, []lbv1.Condition{{Type: "Ready", Status: corev1.ConditionTrue, LastUpdateTime: "2026-01-01T13:00:00Z"}}, list)
}
