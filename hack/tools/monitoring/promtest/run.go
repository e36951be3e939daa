package promtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/cases"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// engine has the defaults of Prometheus. It is safe for concurrent use.
var engine = promql.NewEngine(promql.EngineOpts{
	MaxSamples: 1_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute,
	EnableAtModifier: true, EnableNegativeOffset: true, Parser: Parser(),
})

// Run evaluates the rules that have the case's name, each minute, and returns an error for the first check that does not
// see what it must. It is an error when no rule has the name.
func Run(ctx context.Context, rules []alerts.Rule, c cases.Case) error {
	rules = slices.DeleteFunc(slices.Clone(rules), func(r alerts.Rule) bool { return r.Alert != c.Alert })
	if len(rules) == 0 {
		return fmt.Errorf("no rule is called %s", c.Alert)
	}
	series, err := load(cases.Interval, c.Series)
	if err != nil {
		return err
	}
	last := c.Checks[len(c.Checks)-1].At
	firing := map[time.Duration][]string{}
	for _, rule := range rules {
		if err := evaluate(ctx, series, rule, last, firing); err != nil {
			return fmt.Errorf("%s: %w", rule.Alert, err)
		}
	}
	for _, expected := range c.Checks {
		if err := check(c, expected, firing[expected.At]); err != nil {
			return err
		}
	}
	return nil
}

func check(c cases.Case, expected cases.Check, firing []string) error {
	want := make([]string, 0, len(expected.Firing))
	for _, text := range expected.Firing {
		lset, err := Parser().ParseMetric(text)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", c, text, err)
		}
		want = append(want, lset.String())
	}
	slices.Sort(want)
	slices.Sort(firing)
	if !slices.Equal(want, firing) {
		return fmt.Errorf("%s: at %s these fire: %v; expected: %v", c, expected.At, firing, want)
	}
	return nil
}

// evaluate adds what fires for a rule at each time from 0 to the last: what has been in the result for long enough, without
// being absent in between.
func evaluate(ctx context.Context, series querier, rule alerts.Rule, last time.Duration, firing map[time.Duration][]string) error {
	query, err := engine.NewRangeQuery(ctx, series, nil, rule.Expr, time.UnixMilli(0), time.UnixMilli(last.Milliseconds()), cases.Interval)
	if err != nil {
		return err
	}
	defer query.Close()
	matrix, err := query.Exec(ctx).Matrix()
	if err != nil {
		return err
	}

	for _, element := range matrix {
		key := labels.NewBuilder(element.Metric).Del(labels.MetricName).Set("severity", string(rule.Severity)).Labels().String()
		since, before := time.Duration(0), -2*cases.Interval
		for _, point := range element.Floats {
			at := time.Duration(point.T) * time.Millisecond
			if at != before+cases.Interval {
				since = at
			}
			before = at
			if at-since >= rule.For {
				firing[at] = append(firing[at], key)
			}
		}
	}
	return nil
}
