package observability

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// creationBuckets are 1 s, 2 s, 4 s ... 512 s: a VM runs after seconds on an idle Harvester and after minutes when
// its image has to be copied first.
func creationBuckets() []float64 { return prometheus.ExponentialBuckets(1, 2, 10) }

// nodeInitBuckets are 0.5 s, 1 s ... 64 s.
func nodeInitBuckets() []float64 { return prometheus.ExponentialBuckets(0.5, 2, 8) }

// durationBuckets are those of a reconcile: 5 ms ... 10 s.
func durationBuckets() []float64 { return append([]float64(nil), prometheus.DefBuckets...) }

// table finds a family's description by its name.
type table map[string]Family

func newTable() table {
	byName := table{}
	for _, family := range Families() {
		byName[family.Name] = family
	}
	return byName
}

// family panics when a family is made that is not described, which is a mistake in this package that every test meets.
func (t table) family(name string) Family {
	family, described := t[name]
	if !described {
		panic(fmt.Sprintf("observability: %s is not in the table of families", name)) //nolint:forbidigo // a name that is not in the table cannot pass any test
	}
	return family
}

func (t table) counter(name string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: t.family(name).Help})
}

func (t table) counterVec(name string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: t.family(name).Help}, t.family(name).Labels)
}

func (t table) gaugeVec(name string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: t.family(name).Help}, t.family(name).Labels)
}

func (t table) histogram(name string) prometheus.Histogram {
	return prometheus.NewHistogram(t.histogramOpts(name))
}

func (t table) histogramVec(name string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(t.histogramOpts(name), t.family(name).Labels)
}

func (t table) histogramOpts(name string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Name: name, Help: t.family(name).Help, Buckets: t.family(name).Buckets}
}
