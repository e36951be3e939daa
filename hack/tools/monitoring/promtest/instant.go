package promtest

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/cases"
)

// Instant evaluates an expression at a time of written series, and returns how many series the result has; a scalar has one.
func Instant(ctx context.Context, written []cases.Series, expr string, at time.Duration) (int, error) {
	series, err := load(cases.Interval, written)
	if err != nil {
		return 0, err
	}
	query, err := engine.NewInstantQuery(ctx, series, nil, expr, time.UnixMilli(at.Milliseconds()))
	if err != nil {
		return 0, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return 0, result.Err
	}
	if result.Value.Type() == parser.ValueTypeVector {
		vector, err := result.Vector()
		return len(vector), err
	}
	return 1, nil
}
