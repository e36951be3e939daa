package observability

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics holds every metric family of the provider. Make one with New and hand it to whoever has something to
// report. All methods are safe for concurrent use.
type Metrics struct {
	machineCreate         prometheus.Counter
	machineCreateErrors   prometheus.Counter
	machineCreation       prometheus.Histogram
	machineDelete         prometheus.Counter
	machineDeleteErrors   prometheus.Counter
	machineStatus         *prometheus.GaugeVec
	machineReconcile      *prometheus.HistogramVec
	machineWaiting        *prometheus.GaugeVec
	machineDeletion       *prometheus.GaugeVec
	machineRemediations   *prometheus.CounterVec
	poolAllocations       prometheus.Counter
	poolAllocationErrors  prometheus.Counter
	poolReleases          prometheus.Counter
	poolLeaks             *prometheus.GaugeVec
	poolCapacity          *prometheus.GaugeVec
	poolAllocated         *prometheus.GaugeVec
	clusterReconcile      *prometheus.HistogramVec
	clusterReady          *prometheus.GaugeVec
	harvesterConnected    *prometheus.GaugeVec
	credentialsExpiry     *prometheus.GaugeVec
	etcdMemberRemove      prometheus.Counter
	etcdMemberRemoveError prometheus.Counter
	nodeInit              prometheus.Counter
	nodeInitErrors        prometheus.Counter
	nodeInitDuration      prometheus.Histogram
	harvesterRequests     *prometheus.CounterVec
	buildInfo             *prometheus.GaugeVec
}

// New makes the metrics and registers all of them with reg, or none: when one name is already taken, nothing is
// left registered and the error says which descriptor clashes. A manager passes controller-runtime's
// metrics.Registry, a test a fresh prometheus.NewRegistry().
func New(reg prometheus.Registerer) (*Metrics, error) {
	t := newTable()
	m := &Metrics{
		machineCreate:         t.counter(MachineCreateTotal),
		machineCreateErrors:   t.counter(MachineCreateErrorsTotal),
		machineCreation:       t.histogram(MachineCreationDurationSeconds),
		machineDelete:         t.counter(MachineDeleteTotal),
		machineDeleteErrors:   t.counter(MachineDeleteErrorsTotal),
		machineStatus:         t.gaugeVec(MachineStatus),
		machineReconcile:      t.histogramVec(MachineReconcileSeconds),
		machineWaiting:        t.gaugeVec(MachineWaitingSince),
		machineDeletion:       t.gaugeVec(MachineDeletionTimestamp),
		machineRemediations:   t.counterVec(MachineRemediationsTotal),
		poolAllocations:       t.counter(IPPoolAllocationsTotal),
		poolAllocationErrors:  t.counter(IPPoolAllocationErrorsTotal),
		poolReleases:          t.counter(IPPoolReleasesTotal),
		poolLeaks:             t.gaugeVec(IPPoolLeaks),
		poolCapacity:          t.gaugeVec(IPPoolCapacity),
		poolAllocated:         t.gaugeVec(IPPoolAllocated),
		clusterReconcile:      t.histogramVec(ClusterReconcileSeconds),
		clusterReady:          t.gaugeVec(ClusterReady),
		harvesterConnected:    t.gaugeVec(HarvesterConnected),
		credentialsExpiry:     t.gaugeVec(CredentialsExpiry),
		etcdMemberRemove:      t.counter(EtcdMemberRemoveTotal),
		etcdMemberRemoveError: t.counter(EtcdMemberRemoveErrorsTotal),
		nodeInit:              t.counter(NodeInitTotal),
		nodeInitErrors:        t.counter(NodeInitErrorsTotal),
		nodeInitDuration:      t.histogram(NodeInitDurationSeconds),
		harvesterRequests:     t.counterVec(HarvesterRequestsTotal),
		buildInfo:             t.gaugeVec(BuildInfo),
	}
	m.startAtZero()
	if err := reg.Register(m); err != nil {
		return nil, fmt.Errorf("register the caphv metrics: %w", err)
	}
	return m, nil
}

// startAtZero makes the series whose label values are known in advance, so that rate() and increase() see their
// first increment too.
func (m *Metrics) startAtZero() {
	for _, operation := range []Operation{OperationNormal, OperationDelete} {
		m.machineReconcile.WithLabelValues(string(operation))
		m.clusterReconcile.WithLabelValues(string(operation))
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descriptors chan<- *prometheus.Desc) {
	for _, collector := range m.collectors() {
		collector.Describe(descriptors)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, collector := range m.collectors() {
		collector.Collect(metrics)
	}
}

func (m *Metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.machineCreate, m.machineCreateErrors, m.machineCreation, m.machineDelete, m.machineDeleteErrors,
		m.machineStatus, m.machineReconcile, m.machineWaiting, m.machineDeletion, m.machineRemediations,
		m.poolAllocations, m.poolAllocationErrors, m.poolReleases, m.poolLeaks, m.poolCapacity, m.poolAllocated,
		m.clusterReconcile, m.clusterReady, m.harvesterConnected, m.credentialsExpiry,
		m.etcdMemberRemove, m.etcdMemberRemoveError,
		m.nodeInit, m.nodeInitErrors, m.nodeInitDuration,
		m.harvesterRequests, m.buildInfo,
	}
}
