package validation

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says what a finding means for the object.
type Severity string

const (
	// Error says that the object is wrong; the webhook rejects it and caphv-lint fails.
	Error Severity = "error"
	// Warning says that the object is legal and yet unlikely to be what its author wants.
	Warning Severity = "warning"
	// Info is a hint.
	Info Severity = "info"
)

// valid tells whether s is one of the severities above.
func (s Severity) valid() bool { return s.weight() < len(severities) }

var severities = []Severity{Error, Warning, Info}

// weight orders severities, the gravest first.
func (s Severity) weight() int {
	if i := slices.Index(severities, s); i >= 0 {
		return i
	}
	return len(severities)
}

// AtLeast tells whether s is as grave as other, or graver.
func (s Severity) AtLeast(other Severity) bool { return s.weight() <= other.weight() }

// Finding is one thing that one rule has to say about one place of an object.
type Finding struct {
	// RuleID names the rule, such as HM009.
	RuleID string `json:"rule"`
	// Severity is the rule's, unless the object is a template (see Rule.TemplateSeverity) or held the same value
	// before the change (see Engine.Validate).
	Severity Severity `json:"severity"`
	// Path is the exact place, such as spec.volumes[1].imageName. Empty means the object as a whole.
	Path string `json:"path"`
	// Message says what is wrong there.
	Message string `json:"message"`
	// Remediation says how to fix it.
	Remediation string `json:"remediation,omitempty"`
	// Unchecked is true where the rule could not be checked, because a value has the wrong type or is too large. A schema
	// that knows the type says it better.
	Unchecked bool `json:"-"`
}

// String gives the finding on one line: severity, path, message, rule.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s [%s]", f.Severity, f.Path, f.Message, f.RuleID)
}

// HasErrors tells whether any of the findings is an Error.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

// Sort gives findings the order in which an Engine reports them: by path, then by severity, then by rule.
func Sort(findings []Finding) { sortFindings(findings) }

// sortFindings gives findings the order in which they are always reported: by path, then by severity, then by rule.
func sortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			comparePaths(a.Path, b.Path),
			cmp.Compare(a.Severity.weight(), b.Severity.weight()),
			cmp.Compare(a.RuleID, b.RuleID),
		)
	})
}
