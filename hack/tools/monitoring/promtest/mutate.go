package promtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// Mutant is a set of rules of which one was changed in one place.
type Mutant struct {
	// What says what was changed.
	What  string
	Rules []alerts.Rule
}

// change is one place of an expression, and how it is changed and restored.
type change struct {
	what        string
	do, restore func()
}

// Mutants changes the rules of one alert: each number, window, offset, matcher, grouping label, the time it has to hold,
// and the severity. Numbers and times become about four times as much, and a quarter.
func Mutants(alert string) ([]Mutant, error) {
	rules := slices.DeleteFunc(alerts.Rules(), func(r alerts.Rule) bool { return r.Alert != alert })
	var mutants []Mutant
	add := func(i int, what string, changed alerts.Rule) {
		copied := slices.Clone(rules)
		copied[i] = changed
		mutants = append(mutants, Mutant{What: what, Rules: copied})
	}
	for i, rule := range rules {
		expr, err := Parser().ParseExpr(rule.Expr)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", alert, err)
		}
		for _, c := range changes(expr) {
			c.do()
			changed := rule
			changed.Expr = expr.String()
			c.restore()
			add(i, c.what+" in: "+changed.Expr, changed)
		}
		for _, hold := range []time.Duration{0, 4 * rule.For} {
			changed := rule
			changed.For = hold
			add(i, fmt.Sprintf("for %s instead of %s", hold, rule.For), changed)
		}
		changed := rule
		changed.Severity += "x"
		add(i, "severity "+string(changed.Severity), changed)
	}
	return mutants, nil
}

func changes(expr parser.Expr) []change {
	var all []change
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.NumberLiteral:
			for _, value := range otherNumbers(n.Val) {
				all = append(all, set(&n.Val, value, fmt.Sprintf("%g instead of %g", value, n.Val)))
			}
		case *parser.MatrixSelector:
			for _, window := range []time.Duration{n.Range / 5, 4 * n.Range} {
				all = append(all, set(&n.Range, window, fmt.Sprintf("window %s instead of %s", window, n.Range)))
			}
		case *parser.VectorSelector:
			if n.OriginalOffset != 0 {
				for _, offset := range []time.Duration{n.OriginalOffset / 5, 4 * n.OriginalOffset} {
					all = append(all, set(&n.OriginalOffset, offset, fmt.Sprintf("offset %s", offset)))
				}
			}
			for i, matcher := range n.LabelMatchers {
				if matcher.Name != labels.MetricName {
					other := labels.MustNewMatcher(matcher.Type, matcher.Name, matcher.Value+"x")
					all = append(all, set(&n.LabelMatchers[i], other, "matcher "+other.String()))
				}
			}
		case *parser.AggregateExpr:
			all = append(all, otherLabels(n.Grouping)...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				all = append(all, otherLabels(n.VectorMatching.MatchingLabels)...)
			}
		}
		return nil
	})
	return all
}

func otherNumbers(value float64) []float64 {
	if value == 0 {
		return []float64{-1, 3}
	}
	return []float64{value / 4, 4*value + 1}
}

func otherLabels(names []string) []change {
	all := make([]change, 0, len(names))
	for i, name := range names {
		all = append(all, set(&names[i], name+"x", "label "+name+"x"))
	}
	return all
}

func set[T any](place *T, value T, what string) change {
	before := *place
	return change{what: what, do: func() { *place = value }, restore: func() { *place = before }}
}
