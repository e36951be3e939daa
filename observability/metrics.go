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
	poolAllocations       prometheus.Counter
	poolAllocationErrors  prometheus.Counter
	poolReleases          prometheus.Counter
	poolLeaks             *prometheus.GaugeVec
	clusterReconcile      *prometheus.HistogramVec
	clusterReady          *prometheus.GaugeVec
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
	m := &Metrics{
		machineCreate:         counter(MachineCreateTotal, "VM creation attempts."),
		machineCreateErrors:   counter(MachineCreateErrorsTotal, "VM creation attempts that failed."),
		machineCreation:       histogram(MachineCreationDurationSeconds, "Seconds from the request for a VM until it runs.", creationBuckets()),
		machineDelete:         counter(MachineDeleteTotal, "VM deletion attempts."),
		machineDeleteErrors:   counter(MachineDeleteErrorsTotal, "VM deletion attempts that failed."),
		machineStatus:         gaugeVec(MachineStatus, "Whether a machine is ready (1) or not (0).", LabelCluster, LabelMachine),
		machineReconcile:      histogramVec(MachineReconcileSeconds, "Seconds one reconcile of a machine took.", LabelOperation),
		poolAllocations:       counter(IPPoolAllocationsTotal, "Attempts to allocate an address from an IP pool."),
		poolAllocationErrors:  counter(IPPoolAllocationErrorsTotal, "Attempts to allocate an address that failed."),
		poolReleases:          counter(IPPoolReleasesTotal, "Addresses given back to an IP pool."),
		poolLeaks:             gaugeVec(IPPoolLeaks, "Addresses held in an IP pool by an owner that no longer exists.", LabelPool),
		clusterReconcile:      histogramVec(ClusterReconcileSeconds, "Seconds one reconcile of a cluster took.", LabelOperation),
		clusterReady:          gaugeVec(ClusterReady, "Whether a cluster's infrastructure is ready (1) or not (0).", LabelCluster),
		credentialsExpiry:     gaugeVec(CredentialsExpiry, "When the cluster's credentials for Harvester expire, in seconds since 1970; absent when they do not say.", LabelCluster),
		etcdMemberRemove:      counter(EtcdMemberRemoveTotal, "Attempts to remove an etcd member."),
		etcdMemberRemoveError: counter(EtcdMemberRemoveErrorsTotal, "Attempts to remove an etcd member that failed."),
		nodeInit:              counter(NodeInitTotal, "Attempts to initialise a node."),
		nodeInitErrors:        counter(NodeInitErrorsTotal, "Attempts to initialise a node that failed."),
		nodeInitDuration:      histogram(NodeInitDurationSeconds, "Seconds it took to initialise a node.", nodeInitBuckets()),
		harvesterRequests:     counterVec(HarvesterRequestsTotal, "Requests sent to Harvester's API server, by outcome.", LabelVerb, LabelResource, LabelCode),
		buildInfo:             gaugeVec(BuildInfo, "Always 1; the labels say which build runs.", LabelVersion, LabelRevision, LabelGoVersion),
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
		m.machineStatus, m.machineReconcile,
		m.poolAllocations, m.poolAllocationErrors, m.poolReleases, m.poolLeaks,
		m.clusterReconcile, m.clusterReady, m.credentialsExpiry,
		m.etcdMemberRemove, m.etcdMemberRemoveError,
		m.nodeInit, m.nodeInitErrors, m.nodeInitDuration,
		m.harvesterRequests, m.buildInfo,
	}
}
