// Package promtest evaluates alert rules on series written down by hand, with Prometheus' own parser and engine. It runs
// the cases of package cases in the process, so that rules can be changed on purpose: each change has to make a case fail.
package promtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/cases"
)

// Parser is that of PromQL, without what is experimental.
func Parser() parser.Parser { return parser.NewParser(parser.Options{}) }

// sample is a float at a time in milliseconds.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                      { return s.at }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// load reads series in the notation of promtool, one sample each interval.
func load(interval time.Duration, described []cases.Series) (querier, error) {
	var loaded querier
	for _, one := range described {
		lset, values, err := Parser().ParseSeriesDesc(one.Name + " " + one.Values)
		if err != nil {
			return nil, fmt.Errorf("series %s: %w", one.Name, err)
		}
		var samples []chunks.Sample
		for i, value := range values {
			if !value.Omitted {
				samples = append(samples, sample{at: (time.Duration(i) * interval).Milliseconds(), value: value.Value})
			}
		}
		loaded = append(loaded, storage.NewListSeries(lset, samples))
	}
	slices.SortFunc(loaded, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return loaded, nil
}

// querier answers from memory. It is its own storage.Queryable, whatever the times.
type querier []storage.Series

func (q querier) Querier(int64, int64) (storage.Querier, error) { return q, nil }

func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := &seriesSet{at: -1}
	for _, series := range q {
		if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(series.Labels().Get(m.Name)) }) {
			found.series = append(found.series, series)
		}
	}
	return found
}

func (q querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q querier) Close() error { return nil }

type seriesSet struct {
	series []storage.Series
	at     int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
