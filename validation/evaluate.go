package validation

import (
	"errors"
	"strings"

	"github.com/google/cel-go/cel"
)

// evaluation is one run of all rules over one object.
type evaluation struct {
	object, old    map[string]any
	dryRunTopology bool
	// bundle is nil where the object is validated alone.
	bundle map[string]any
	// budget is the cost that is left for the whole object, in CEL's units.
	budget uint64
	// small is true where costs need not be counted.
	small bool
	// found are the scopes that were looked up already, by their index.
	found    []*found
	findings []Finding
}

// setChange tells what the object was before the change, nil for one that is being created, and by whose request.
func (run *evaluation) setChange(old map[string]any, opts Options) {
	if old != nil {
		run.old = withoutNulls(old)
	}
	run.dryRunTopology = opts.DryRunTopology && hasAnnotation(run.object, topologyDryRunAnnotation)
}

// apply evaluates one rule at each of its places.
func (run *evaluation) apply(rule *boundRule) {
	if rule.transition && run.old == nil || rule.bundled && run.bundle == nil {
		return
	}
	for _, s := range rule.scopes {
		at := run.places(s)
		for _, place := range at.places {
			run.check(rule, s.steps, place)
		}
		if !rule.transition {
			for _, m := range at.misfits {
				run.reportBroken(rule, m.path, "must be "+m.wanted)
			}
		}
		if s.required && len(at.places)+len(at.misfits) == 0 {
			run.check(rule, s.steps, place{path: s.text, value: map[string]any{}})
		}
	}
}

// found is what a scope stands for in one object.
type found struct {
	places  []place
	misfits []misfit
}

// places looks a scope up. Many rules share one, so that it is looked up once for each object.
func (run *evaluation) places(s boundScope) *found {
	if missing := s.index + 1 - len(run.found); missing > 0 {
		run.found = append(run.found, make([]*found, missing)...)
	}
	if at := run.found[s.index]; at != nil {
		return at
	}
	at := &found{}
	s.steps.find(run.object,
		func(p place) { at.places = append(at.places, p) },
		func(m misfit) { at.misfits = append(at.misfits, m) })
	run.found[s.index] = at
	return at
}

func (run *evaluation) check(rule *boundRule, s scope, at place) {
	variables := &activation{self: at.value, dryRunTopology: run.dryRunTopology, object: run.object, bundle: run.bundle}
	if rule.transition {
		found := false
		s.find(run.old, func(before place) { variables.oldSelf, found = before.value, true }, func(misfit) {})
		if !found || same(variables.self, variables.oldSelf) {
			return
		}
	}
	result, err := run.evaluate(rule.condition, variables)
	if err != nil {
		run.reportBroken(rule, joinPath(at.path, rule.Field), whyNotChecked(err))
		return
	}
	if result != true {
		run.report(rule, joinPath(at.path, rule.Field), run.message(rule, variables))
	}
}

// evaluate runs one program and takes its cost off the budget.
func (run *evaluation) evaluate(compiled func() (program, error), variables *activation) (any, error) {
	if run.budget == 0 {
		return nil, errTooCostly
	}
	p, err := compiled()
	if err != nil {
		return nil, err
	}
	plan := p.counted
	if run.small {
		plan = p.plain
	}
	expression, err := plan()
	if err != nil {
		return nil, err
	}
	value, details, err := expression.Eval(variables)
	if details != nil && details.ActualCost() != nil {
		run.budget -= min(run.budget, *details.ActualCost())
	}
	if err != nil {
		return nil, err
	}
	return value.Value(), nil
}

// errTooCostly says that the rules of one object cost more together than Kubernetes allows.
var errTooCostly = errors.New("the whole object costs more than Kubernetes allows")

// whyNotChecked says in the user's words why an expression has no value. CEL's own words name types and functions that
// no manifest has.
func whyNotChecked(err error) string {
	if errors.Is(err, errTooCostly) || strings.Contains(err.Error(), "cost limit") {
		return "cannot be checked: the lists are longer than what Kubernetes allows to compare"
	}
	return "cannot be checked: it is, or holds, a value of the wrong type"
}

func (run *evaluation) message(rule *boundRule, variables *activation) string {
	if rule.wording == nil {
		return rule.Message
	}
	text, err := run.evaluate(rule.wording, variables)
	if err != nil {
		return rule.Message
	}
	message, _ := text.(string)
	return message
}

// reportBroken is for what keeps a rule from being validated at all. It is an error whatever the rule's severity: the API
// server's schema would not take the value either.
func (run *evaluation) reportBroken(rule *boundRule, path, message string) {
	run.findings = append(run.findings, Finding{
		RuleID: rule.ID, Severity: Error, Path: path, Message: message, Remediation: rule.Remediation, Unchecked: true,
	})
}

func (run *evaluation) report(rule *boundRule, path, message string) {
	run.findings = append(run.findings, Finding{
		RuleID: rule.ID, Severity: rule.severity, Path: path, Message: message, Remediation: rule.Remediation,
	})
}

// activation binds the variables of one evaluation. It is a type of its own because a map would be made anew for each
// of some thirty rules.
type activation struct {
	self, oldSelf  any
	dryRunTopology bool
	object, bundle map[string]any
}

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case varSelf:
		return a.self, true
	case varOldSelf:
		return a.oldSelf, a.oldSelf != nil
	case varDryRunTopology:
		return a.dryRunTopology, true
	case varObject:
		return a.object, true
	case varBundle:
		return a.bundle, a.bundle != nil
	default:
		return nil, false
	}
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }
