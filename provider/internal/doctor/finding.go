package doctor

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Class says how a finding relates to what was asked about.
type Class string

// The classes, in the order in which findings are listed.
const (
	// ClassBlocks keeps the object from being ready until someone acts.
	ClassBlocks Class = "blocks"
	// ClassProgress keeps it from being ready for now, and passes by itself.
	ClassProgress Class = "progress"
	// ClassFollows follows from another finding.
	ClassFollows Class = "follows"
	// ClassWarning keeps nothing from being ready yet.
	ClassWarning Class = "warning"
)

var classOrder = []Class{ClassBlocks, ClassProgress, ClassFollows, ClassWarning}

// Finding is something that is not as it should be, and what to do about it.
type Finding struct {
	Class     Class  `json:"class"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Condition is the type of the condition that says so; empty if none does.
	Condition string `json:"condition,omitempty"`
	Reason    string `json:"reason"`
	Message   string `json:"message,omitempty"`
	// Since is when it began, as far as that is known.
	Since *time.Time `json:"since,omitempty"`
	Do    string     `json:"do"`
	// Runbook is the address of the page that leads further; empty if none does.
	Runbook string `json:"runbook,omitempty"`
	// Seen is what else was seen of the object: its VM, its Node, its last warning.
	Seen []string `json:"seen,omitempty"`

	place place
}

// place orders findings of one class: from the cluster as a whole to single machines, and along the steps of each.
type place struct {
	level level
	step  int
}

type level int

const (
	levelManager level = iota
	levelCluster
	levelControlPlane
	levelWorker
)

// sortFindings puts what has to be looked at first to the front. It is a total order, so that one snapshot gives one list.
func sortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(classOrder, a.Class), slices.Index(classOrder, b.Class)),
			cmp.Compare(a.place.level, b.place.level),
			cmp.Compare(a.place.step, b.place.step),
			compareSince(a.Since, b.Since),
			strings.Compare(a.Kind, b.Kind),
			strings.Compare(a.Name, b.Name),
			strings.Compare(a.Reason, b.Reason),
		)
	})
}

// compareSince puts the older first, and what has no time last.
func compareSince(a, b *time.Time) int {
	switch {
	case a != nil && b != nil:
		return a.Compare(*b)
	case a != nil:
		return -1
	case b != nil:
		return 1
	default:
		return 0
	}
}

// subject is the object that a finding is about.
type subject struct {
	kind, namespace, name string
	// fill replaces the placeholders of an answer.
	fill  *strings.Replacer
	level level
}

// finding makes a finding of an answer; the class follows from the answer and from how long it has lasted.
func (s subject) finding(now time.Time, answer Answer, condition, reason, message string, since *time.Time, step int) Finding {
	return Finding{
		Class: classOf(answer, now, since), Kind: s.kind, Namespace: s.namespace, Name: s.name,
		Condition: condition, Reason: reason, Message: message, Since: since,
		Do: s.fill.Replace(answer.Do), Runbook: answer.Runbook(), place: place{level: s.level, step: step},
	}
}

func classOf(answer Answer, now time.Time, since *time.Time) Class {
	switch {
	case answer.Kind == KindFollows:
		return ClassFollows
	case answer.Kind == KindProgress && (since == nil || now.Sub(*since) <= answer.Patience):
		return ClassProgress
	default:
		return ClassBlocks
	}
}
