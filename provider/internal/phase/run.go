package phase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kerrors "k8s.io/apimachinery/pkg/util/errors"
	"sigs.k8s.io/cluster-api/util/conditions"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Phase is one step of a reconcile over a scope S.
type Phase[S any] struct {
	// Condition is the type of the condition that the phase owns. Empty for a phase that says nothing of its own.
	Condition string
	// Run does the step. It must be idempotent: it runs again after any interruption.
	Run func(ctx context.Context, scope S) Outcome
}

// Run runs the phases in order until one says Stop, and sets each one's condition on the object once, from what is
// known at the end of that phase. A phase that was not reached keeps the condition it has, unless the outcome that
// stopped the run says that it is outdated; that one, and one that was never reached, says which phase it waits for. The shortest requeue of all phases wins, and the first error.
func Run[S any](ctx context.Context, object conditions.Setter, scope S, phases []Phase[S]) (ctrl.Result, error) {
	var (
		result  ctrl.Result
		failure error
		stopped string
		stop    Outcome
	)
	for _, phase := range phases {
		if stopped != "" {
			setWaiting(object, phase.Condition, stopped, slices.Contains(stop.Outdated, phase.Condition))
			continue
		}
		outcome := phase.Run(ctx, scope)
		Set(object, phase.Condition, outcome)
		result.RequeueAfter = soonest(result.RequeueAfter, outcome.RequeueAfter)
		if failure == nil && outcome.Err != nil {
			failure = outcome.Err
		}
		if outcome.Stop {
			stopped, stop = phase.Condition, outcome
		}
	}
	if failure != nil {
		return ctrl.Result{}, failure
	}
	return result, nil
}

// Settle is the end of a reconcile: a write that lost against somebody else's is tried again in a moment, and is no
// error that anybody needs to see.
func Settle(result ctrl.Result, failures ...error) (ctrl.Result, error) {
	all := kerrors.NewAggregate(failures)
	if serious := kerrors.FilterOut(all, isConflict); serious != nil {
		return ctrl.Result{}, serious
	}
	if all != nil {
		result = ctrl.Result{RequeueAfter: momentDelay}
	}
	return result, nil
}

// isConflict looks into aggregates too, such as those of Cluster API's patch helper: errors.As does not.
func isConflict(err error) bool {
	var several kerrors.Aggregate
	if apierrors.IsConflict(err) || !errors.As(err, &several) {
		return apierrors.IsConflict(err)
	}
	return !slices.ContainsFunc(several.Errors(), func(one error) bool { return !isConflict(one) })
}

// Set writes an outcome into the object's condition of that type.
func Set(object conditions.Setter, conditionType string, outcome Outcome) {
	if outcome.Status == "" || conditionType == "" {
		return
	}
	conditions.Set(object, metav1.Condition{
		Type: conditionType, Status: outcome.Status, Reason: outcome.Reason, Message: limit(outcome.Message),
	})
}

func setWaiting(object conditions.Setter, conditionType, previous string, outdated bool) {
	known := conditions.Get(object, conditionType)
	if conditionType == "" || (known != nil && !outdated && known.Reason != infrav1.WaitingForPreviousStepReason) {
		return
	}
	conditions.Set(object, metav1.Condition{
		Type: conditionType, Status: metav1.ConditionUnknown, Reason: infrav1.WaitingForPreviousStepReason,
		Message: fmt.Sprintf("Waits for %s", previous),
	})
}

// maxMessage bounds a condition's message, in bytes. The schema's limit is 32768 for each; a summary repeats the others, and
// what a guest says has no limit of its own.
const maxMessage = 1024

// limit cuts a message that is too long, between two characters.
func limit(message string) string {
	message = strings.ToValidUTF8(message, "\uFFFD")
	if len(message) <= maxMessage {
		return message
	}
	const cut = " ..."
	end := maxMessage - len(cut)
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + cut
}

func soonest(a, b time.Duration) time.Duration {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}
