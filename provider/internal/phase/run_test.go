package phase_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kerrors "k8s.io/apimachinery/pkg/util/errors"
	"sigs.k8s.io/cluster-api/util/conditions"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

type step = phase.Phase[int]

func returning(condition string, outcome phase.Outcome) step {
	return step{Condition: condition, Run: func(context.Context, int) phase.Outcome { return outcome }}
}

func TestRunStopsAndSaysWhatTheRestWaitsFor(t *testing.T) {
	machine := &infrav1.HarvesterMachine{}
	reached := false
	result, err := phase.Run(t.Context(), machine, 0, []step{
		returning("A", phase.Done("Fine", "")),
		returning("", phase.Unchanged()),
		returning("B", phase.Until(time.Minute, "Waiting", "for a reason")),
		{Condition: "C", Run: func(context.Context, int) phase.Outcome { reached = true; return phase.Done("Fine", "") }},
	})
	require.NoError(t, err)
	assert.Equal(t, ctrl.Result{RequeueAfter: time.Minute}, result)
	assert.False(t, reached)
	assert.True(t, conditions.IsTrue(machine, "A"))
	assert.Equal(t, "Waiting", conditions.GetReason(machine, "B"))
	assert.True(t, conditions.IsUnknown(machine, "C"))
	assert.Equal(t, "Waits for B", conditions.GetMessage(machine, "C"))
}

// What is known of a later phase stays known while an earlier one has trouble.
func TestRunKeepsWhatItDidNotReach(t *testing.T) {
	machine := &infrav1.HarvesterMachine{}
	conditions.Set(machine, metav1.Condition{Type: "B", Status: metav1.ConditionTrue, Reason: "Running"})
	_, err := phase.Run(t.Context(), machine, 0, []step{
		returning("A", phase.Fail(harvesterclient.ErrTransient, "Fallback")), returning("B", phase.Done("Never", "")),
	})
	require.ErrorIs(t, err, harvesterclient.ErrTransient)
	assert.True(t, conditions.IsTrue(machine, "B"))
	assert.Equal(t, "Running", conditions.GetReason(machine, "B"))
}

// What a later phase found out of something that is gone holds no more.
func TestRunSaysWhatHoldsNoMore(t *testing.T) {
	machine := &infrav1.HarvesterMachine{}
	for _, conditionType := range []string{"B", "C"} {
		conditions.Set(machine, metav1.Condition{Type: conditionType, Status: metav1.ConditionTrue, Reason: "Fine"})
	}
	gone := phase.Wait("Gone", "the thing is gone").Outdating("C")
	_, err := phase.Run(t.Context(), machine, 0, []step{
		returning("A", gone), returning("B", phase.Done("Never", "")), returning("C", phase.Done("Never", "")),
	})
	require.NoError(t, err)
	assert.True(t, conditions.IsTrue(machine, "B"))
	assert.True(t, conditions.IsUnknown(machine, "C"))
	assert.Equal(t, "Waits for A", conditions.GetMessage(machine, "C"))
}

func TestRunTakesTheShortestRequeueAndTheFirstError(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	result, err := phase.Run(t.Context(), &infrav1.HarvesterMachine{}, 0, []step{
		returning("A", phase.Until(time.Hour, "Slow", "").Continue()), returning("B", phase.Until(time.Minute, "Fast", "").Continue()),
		returning("C", phase.Done("Fine", "")),
	})
	require.NoError(t, err)
	assert.Equal(t, time.Minute, result.RequeueAfter)
	_, err = phase.Run(t.Context(), &infrav1.HarvesterMachine{}, 0, []step{
		returning("A", phase.Fail(first, "X").Continue()), returning("B", phase.Fail(second, "X")),
	})
	require.ErrorIs(t, err, first)
}

func TestFailGoesOnAsTheTableSays(t *testing.T) {
	onEvent := phase.Fail(ipam.ErrExhausted, "Fallback")
	require.NoError(t, onEvent.Err)
	assert.Zero(t, onEvent.RequeueAfter)
	assert.Equal(t, metav1.ConditionFalse, onEvent.Status)

	later := phase.Fail(harvesterclient.ErrNotFound, "Fallback")
	require.NoError(t, later.Err)
	assert.NotZero(t, later.RequeueAfter)

	moment := phase.Fail(harvesterclient.ErrConflict, "Fallback")
	require.NoError(t, moment.Err)
	assert.Empty(t, moment.Status, "a write that lost a race is nothing to report")
	assert.True(t, moment.Stop)
}

// A message that differs at each attempt is a write at each attempt, and each write is an event that makes another.
func TestMessagesDoNotHoldEphemeralPorts(t *testing.T) {
	for _, text := range []string{
		"read tcp 127.0.0.1:43210->127.0.0.1:6443: connection reset", "read tcp [::1]:43210->[::1]:6443: connection reset",
	} {
		message := phase.Fail(errors.New(text), "Fallback").Message
		assert.NotContains(t, message, "43210")
		assert.Contains(t, message, "6443")
	}
}

func TestSettle(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "things"}, "x", errors.New("changed"))
	wrapped := errors.Join(kerrors.NewAggregate([]error{conflict}))
	other := errors.New("other")
	result := ctrl.Result{RequeueAfter: time.Hour}

	got, err := phase.Settle(result, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, result, got)

	got, err = phase.Settle(result, nil, kerrors.NewAggregate([]error{conflict}))
	require.NoError(t, err)
	assert.Less(t, got.RequeueAfter, time.Second)

	_, err = phase.Settle(result, wrapped, other)
	require.ErrorIs(t, err, other)
}
