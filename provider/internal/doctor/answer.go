package doctor

import (
	"maps"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// Kind says what a reason asks of a person.
type Kind string

// The kinds.
const (
	// KindFine asks nothing: the step is done.
	KindFine Kind = "fine"
	// KindFault does not pass by itself.
	KindFault Kind = "fault"
	// KindProgress passes by itself, as long as it does not take longer than the answer's patience.
	KindProgress Kind = "progress"
	// KindFollows follows from something else that is not ready.
	KindFollows Kind = "follows"
)

// Answer says what a reason means for whoever has to act.
type Answer struct {
	Kind Kind
	// Patience is how long progress may take before it is a fault.
	Patience time.Duration
	// Do is what to do, in full sentences. {namespace}, {name}, {cluster}, {target}, {secret} and {owner} stand for what they
	// name.
	Do string
	// Alert is the name of the alert whose runbook leads further; empty if none does.
	Alert string
}

// Runbook is the address of the page; empty if there is none.
func (a Answer) Runbook() string {
	if a.Alert == "" {
		return ""
	}
	return alerts.Rule{Alert: a.Alert}.Runbook()
}

func fine() Answer { return Answer{Kind: KindFine} }

func fault(alert, do string) Answer { return Answer{Kind: KindFault, Alert: alert, Do: do} }

func follows(do string) Answer { return Answer{Kind: KindFollows, Do: do} }

func progress(patience time.Duration, alert, do string) Answer {
	return Answer{Kind: KindProgress, Patience: patience, Alert: alert, Do: do}
}

// Answers returns the answer to every reason of our kinds' conditions. The caller owns the result.
func Answers() map[string]Answer {
	all := map[string]Answer{}
	for _, some := range []map[string]Answer{
		summaryAnswers(), connectionAnswers(), clusterAnswers(), poolAnswers(), machineAnswers(), vmAnswers(), nodeAnswers(), deletionAnswers(),
	} {
		maps.Copy(all, some)
	}
	return all
}

// unknownReason answers a reason that this release does not know, as of a newer manager.
func unknownReason() Answer {
	return fault("", "This caphv-doctor does not know the reason: read the message, and use the release of the manager.")
}
