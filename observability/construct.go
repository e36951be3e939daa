package observability

import "github.com/prometheus/client_golang/prometheus"

// creationBuckets are 1 s, 2 s, 4 s ... 512 s: a VM runs after seconds on an idle Harvester and after minutes when
// its image has to be copied first.
func creationBuckets() []float64 { return prometheus.ExponentialBuckets(1, 2, 10) }

// nodeInitBuckets are 0.5 s, 1 s ... 64 s.
func nodeInitBuckets() []float64 { return prometheus.ExponentialBuckets(0.5, 2, 8) }

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}

func histogramVec(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.DefBuckets}, labels)
}
