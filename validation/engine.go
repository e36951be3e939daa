package validation

import (
	"fmt"
	"slices"

	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// Options tell an Engine about the request an object comes with.
type Options struct {
	// DryRunTopology is true when the request is a server-side dry run by Cluster API's topology controller. Objects
	// that also carry the annotation topology.cluster.x-k8s.io/dry-run may then change what is immutable otherwise:
	// the controller only wants to know what would come of it, and rotates the template in earnest.
	DryRunTopology bool
}

// Engine holds the compiled rules. It is safe for concurrent use.
type Engine struct {
	catalog *catalog
	kinds   map[string][]*boundRule
	// countAlways is for tests: costs are counted for small objects too.
	countAlways bool
}

// boundRule is a rule in one kind.
type boundRule struct {
	*compiledRule
	severity Severity
	scopes   []boundScope
}

// boundScope is one scope of a rule in one kind.
type boundScope struct {
	text  string
	steps scope
	// index is the same for all scopes of one kind with the same text.
	index int
	// required is true for a scope that is validated as an empty object where the object lacks it.
	required bool
}

// NewEngine compiles the embedded rules. It takes some tens of milliseconds: make one and keep it. Errors are
// ErrInvalidRules and cannot happen with the rules as they are released.
func NewEngine() (*Engine, error) {
	loaded, err := loadCatalog(embeddedRules)
	if err != nil {
		return nil, err
	}
	return newEngine(loaded)
}

// NewLazyEngine is NewEngine for a program that validates a few objects and ends: each rule is compiled when it is first
// needed. Findings are the same.
func NewLazyEngine() (*Engine, error) {
	loaded, err := loadCatalog(embeddedRules)
	if err != nil {
		return nil, err
	}
	engine, _, err := prepare(loaded)
	return engine, err
}

func newEngine(loaded *catalog) (*Engine, error) {
	engine, rules, err := prepare(loaded)
	if err != nil {
		return nil, err
	}
	if err := compileAll(rules); err != nil {
		return nil, err
	}
	return engine, nil
}

// prepare makes an engine whose rules are not compiled yet, and returns those too.
func prepare(loaded *catalog) (*Engine, []*compiledRule, error) {
	env, err := newEnvironments()
	if err != nil {
		return nil, nil, err
	}
	engine := &Engine{catalog: loaded, kinds: map[string][]*boundRule{}}
	for kind := range loaded.roots {
		engine.kinds[kind] = nil
	}
	indices := map[string]map[string]int{}
	rules := make([]*compiledRule, 0, len(loaded.rules))
	for _, rule := range loaded.rules {
		compiled, err := newRule(env, rule)
		if err != nil {
			return nil, nil, err
		}
		rules = append(rules, compiled)
		for _, target := range rule.Targets {
			if indices[target.Kind] == nil {
				indices[target.Kind] = map[string]int{}
			}
			bound, err := bind(compiled, target, loaded.roots[target.Kind], indices[target.Kind])
			if err != nil {
				return nil, nil, err
			}
			engine.kinds[target.Kind] = append(engine.kinds[target.Kind], bound)
		}
	}
	return engine, rules, nil
}

// bind also gives scopes that are new in the kind an index.
func bind(rule *compiledRule, target Target, root string, indices map[string]int) (*boundRule, error) {
	bound := &boundRule{compiledRule: rule, severity: target.Severity}
	for _, text := range target.Scopes {
		steps, err := parseScope(text)
		if err != nil {
			return nil, fmt.Errorf("%w: rule %s: %w", ErrInvalidRules, rule.ID, err)
		}
		index, ok := indices[text]
		if !ok {
			index = len(indices)
			indices[text] = index
		}
		bound.scopes = append(bound.scopes, boundScope{text: text, steps: steps, index: index, required: text == root})
	}
	return bound, nil
}

// Rules returns all rules, sorted by ID. The caller owns the slice; the Targets in it are shared and not to be changed.
func (e *Engine) Rules() []Rule { return slices.Clone(e.catalog.rules) }

// Handles tells whether the engine has rules for this object's kind and version.
func (e *Engine) Handles(object map[string]any) bool {
	kind, ok := kindOf(object)
	if !ok {
		return false
	}
	_, known := e.kinds[kind]
	_, foreign := e.catalog.foreign[kind]
	return known && !foreign
}

// Validate evaluates every rule of the object's kind and returns what they find, sorted by path, severity and rule.
// The object is as JSON decodes it: maps, slices, strings, bools, int64 and float64. old is the object before a change,
// and nil when it is being created or when nothing is known of its past. Neither is changed.
//
// Nothing is found in objects of other kinds, nor in an object that is being deleted: it must be able to lose its
// finalizers, whatever it looks like. An error that the old object has at the same place with the same value becomes
// a warning, so that a rule that came later never makes an existing object impossible to change.
//
// An expression that fails or costs more than Kubernetes allows counts as an error found by its rule.
func (e *Engine) Validate(object, old map[string]any, opts Options) []Finding {
	kind, ok := kindOf(object)
	if !ok || isBeingDeleted(object) {
		return nil
	}
	run := evaluation{object: withoutNulls(object)}
	run.setChange(old, opts)
	e.run(kind, &run)
	sortFindings(run.findings)
	return run.findings
}

// run evaluates every rule of the kind.
func (e *Engine) run(kind string, run *evaluation) {
	run.budget = celconfig.RuntimeCELCostBudget
	run.small = !e.countAlways && isSmall(run.object) && isSmall(run.old)
	for _, rule := range e.kinds[kind] {
		run.apply(rule)
	}
	if run.old != nil && HasErrors(run.findings) {
		e.ratchet(kind, run)
	}
}
