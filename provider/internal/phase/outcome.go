package phase

import (
	"regexp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Outcome is what one phase has to say.
type Outcome struct {
	// Status, Reason and Message become the phase's condition. An empty Status leaves the condition as it is.
	Status  metav1.ConditionStatus
	Reason  string
	Message string
	// Stop says that the phases after this one cannot run yet.
	Stop bool
	// Outdated are types of conditions of those phases that hold no more: they become Unknown. The others stay as they are.
	Outdated []string
	// RequeueAfter asks for another reconcile in that time; zero asks for none: an event will come.
	RequeueAfter time.Duration
	// Err is returned to the work queue, which backs off.
	Err error
}

// Done says that the phase reached its aim.
func Done(reason, message string) Outcome {
	return Outcome{Status: metav1.ConditionTrue, Reason: reason, Message: message}
}

// Wait says that the phase waits for something that will announce itself by an event.
func Wait(reason, message string) Outcome {
	return Outcome{Status: metav1.ConditionFalse, Reason: reason, Message: message, Stop: true}
}

// Until is Wait with a deadline: the reconcile comes back then at the latest.
func Until(deadline time.Duration, reason, message string) Outcome {
	outcome := Wait(reason, message)
	outcome.RequeueAfter = deadline
	return outcome
}

// Unchanged says nothing about the condition and lets the next phase run.
func Unchanged() Outcome { return Outcome{} }

// Again asks for another reconcile in a moment, and leaves the condition as it is.
func Again() Outcome { return Outcome{Stop: true, RequeueAfter: momentDelay} }

// Continue lets the next phases run although this one has not reached its aim.
func (o Outcome) Continue() Outcome {
	o.Stop = false
	return o
}

// Outdating says which conditions of later phases hold no more, as what they speak of is gone.
func (o Outcome) Outdating(conditionTypes ...string) Outcome {
	o.Outdated = conditionTypes
	return o
}

// ephemeral is the local end of a connection in a network error. It differs at each attempt, and a message that differs
// would be a write, and so an event, at each attempt.
var ephemeral = regexp.MustCompile(`(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):\d+->`)

// Fail says that the phase failed. The table of this package decides on the reason and on how to go on; fallback is
// the reason for an error that the table leaves to the phase.
func Fail(err error, fallback string) Outcome {
	reason, retry := Explain(err, fallback)
	outcome := Wait(reason, ephemeral.ReplaceAllString(err.Error(), ""))
	switch retry {
	case RetryBackoff:
		if delay, known := suggestedDelay(err); known {
			outcome.RequeueAfter = delay
		} else {
			outcome.Err = err
		}
	case RetryLater:
		outcome.RequeueAfter = laterDelay
		if delay, known := suggestedDelay(err); known {
			outcome.RequeueAfter = delay
		}
	case RetryAtOnce:
		return Again()
	case RetryOnEvent:
	}
	return outcome
}
