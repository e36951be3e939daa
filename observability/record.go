package observability

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Cluster says which cluster a series is about: clusters of one name in two namespaces have series of their own.
type Cluster struct{ Namespace, Name string }

// labels are those of a cluster's own series, in the order of Family.Labels.
func (c Cluster) labels(more ...string) []string {
	return append([]string{c.Name, c.Namespace}, more...)
}

// RecordMachineCreate counts one attempt to create a VM; a non-nil err counts it as failed.
func (m *Metrics) RecordMachineCreate(err error) {
	countAttempt(m.machineCreate, m.machineCreateErrors, err)
}

// ObserveMachineCreation records how long a VM took from the request for it until it ran. Call it once per VM.
func (m *Metrics) ObserveMachineCreation(d time.Duration) {
	m.machineCreation.Observe(d.Seconds())
}

// RecordMachineDelete counts one attempt to delete a VM; a non-nil err counts it as failed.
func (m *Metrics) RecordMachineDelete(err error) {
	countAttempt(m.machineDelete, m.machineDeleteErrors, err)
}

// SetMachineReady publishes whether the machine is ready. ForgetMachine ends the series.
func (m *Metrics) SetMachineReady(cluster Cluster, machine string, ready bool) {
	m.machineStatus.WithLabelValues(cluster.labels(machine)...).Set(oneIf(ready))
}

// SetMachineWaiting publishes since when the machine waits, and the reason of the condition that it waits for, in place
// of what was published before. The zero time means that it waits for nothing, and ends the series. reason has to be one
// of a closed set: each is a series.
func (m *Metrics) SetMachineWaiting(cluster Cluster, machine, reason string, since time.Time) {
	m.machineWaiting.DeletePartialMatch(prometheus.Labels{LabelCluster: cluster.Name, LabelClusterNamespace: cluster.Namespace, LabelMachine: machine})
	if !since.IsZero() {
		m.machineWaiting.WithLabelValues(cluster.labels(machine, reason)...).Set(float64(since.Unix()))
	}
}

// SetMachineDeletion publishes when the machine's deletion was ordered; the zero time means that it was not, and ends the
// series.
func (m *Metrics) SetMachineDeletion(cluster Cluster, machine string, ordered time.Time) {
	setTime(m.machineDeletion, ordered, cluster.labels(machine)...)
}

// RecordMachineRemediation counts a machine that was deleted because a MachineHealthCheck found it unhealthy. Call it
// once per machine.
func (m *Metrics) RecordMachineRemediation(cluster Cluster) {
	m.machineRemediations.WithLabelValues(cluster.labels()...).Inc()
}

// ForgetMachine deletes the series of a machine that is gone. Without it a deleted machine would alert for ever as
// not ready. Names of machines are unique in their namespace, so that the cluster need not be known any more. Forgetting an
// unknown machine does nothing.
func (m *Metrics) ForgetMachine(namespace, machine string) {
	ofMachine := prometheus.Labels{LabelClusterNamespace: namespace, LabelMachine: machine}
	for _, perMachine := range m.perMachine() {
		perMachine.DeletePartialMatch(ofMachine)
	}
}

// perMachine are the families with a series for each machine.
func (m *Metrics) perMachine() []*prometheus.GaugeVec {
	return []*prometheus.GaugeVec{m.machineStatus, m.machineWaiting, m.machineDeletion}
}

// ObserveMachineReconcile records how long one reconcile of a HarvesterMachine took.
func (m *Metrics) ObserveMachineReconcile(operation Operation, d time.Duration) {
	m.machineReconcile.WithLabelValues(string(operation)).Observe(d.Seconds())
}

// RecordIPAllocation counts one attempt to allocate an address; a non-nil err counts it as failed.
func (m *Metrics) RecordIPAllocation(err error) {
	countAttempt(m.poolAllocations, m.poolAllocationErrors, err)
}

// RecordIPRelease counts one address given back.
func (m *Metrics) RecordIPRelease() {
	m.poolReleases.Inc()
}

// SetIPPoolLeaks publishes how many addresses of the pool are held by owners that no longer exist.
func (m *Metrics) SetIPPoolLeaks(pool string, leaks int) {
	m.poolLeaks.WithLabelValues(pool).Set(float64(leaks))
}

// SetIPPoolUse publishes how many addresses the pool can give, and how many of them are allocated. Both are 0 or more;
// more may be allocated than the pool can give, when a range was taken away.
func (m *Metrics) SetIPPoolUse(pool string, capacity, allocated int64) {
	m.poolCapacity.WithLabelValues(pool).Set(float64(capacity))
	m.poolAllocated.WithLabelValues(pool).Set(float64(allocated))
}

// ForgetIPPool deletes the series of a pool that is gone or no longer used. An unknown pool does nothing.
func (m *Metrics) ForgetIPPool(pool string) {
	m.poolLeaks.DeleteLabelValues(pool)
	m.poolCapacity.DeleteLabelValues(pool)
	m.poolAllocated.DeleteLabelValues(pool)
}

// SetClusterReady publishes whether the cluster's infrastructure is ready. ForgetCluster ends the series. The cluster's
// count of remediations begins with it at 0, so that increase() sees the first one.
func (m *Metrics) SetClusterReady(cluster Cluster, ready bool) {
	m.clusterReady.WithLabelValues(cluster.labels()...).Set(oneIf(ready))
	m.machineRemediations.WithLabelValues(cluster.labels()...)
}

// SetHarvesterConnected publishes whether Harvester's API can be used with the cluster's identity Secret. ForgetCluster
// ends the series.
func (m *Metrics) SetHarvesterConnected(cluster Cluster, connected bool) {
	m.harvesterConnected.WithLabelValues(cluster.labels()...).Set(oneIf(connected))
}

// SetCredentialsExpiry publishes when the cluster's credentials for Harvester expire; the zero time means that they do
// not say, and ends the series.
func (m *Metrics) SetCredentialsExpiry(cluster Cluster, expiry time.Time) {
	setTime(m.credentialsExpiry, expiry, cluster.labels()...)
}

// ForgetCluster deletes the cluster's series and those of all its machines. An unknown cluster does nothing.
func (m *Metrics) ForgetCluster(cluster Cluster) {
	m.clusterReady.DeleteLabelValues(cluster.labels()...)
	m.harvesterConnected.DeleteLabelValues(cluster.labels()...)
	m.credentialsExpiry.DeleteLabelValues(cluster.labels()...)
	m.machineRemediations.DeleteLabelValues(cluster.labels()...)
	for _, perMachine := range m.perMachine() {
		perMachine.DeletePartialMatch(prometheus.Labels{LabelCluster: cluster.Name, LabelClusterNamespace: cluster.Namespace})
	}
}

// ObserveClusterReconcile records how long one reconcile of a HarvesterCluster took.
func (m *Metrics) ObserveClusterReconcile(operation Operation, d time.Duration) {
	m.clusterReconcile.WithLabelValues(string(operation)).Observe(d.Seconds())
}

// RecordEtcdMemberRemove counts one attempt to remove an etcd member; a non-nil err counts it as failed.
func (m *Metrics) RecordEtcdMemberRemove(err error) {
	countAttempt(m.etcdMemberRemove, m.etcdMemberRemoveError, err)
}

// RecordNodeInit counts one attempt to initialize a node; a non-nil err counts it as failed.
func (m *Metrics) RecordNodeInit(err error) {
	countAttempt(m.nodeInit, m.nodeInitErrors, err)
}

// ObserveNodeInit records how long it took to initialize a node. Call it once per node.
func (m *Metrics) ObserveNodeInit(d time.Duration) {
	m.nodeInitDuration.Observe(d.Seconds())
}

// RecordHarvesterRequest counts one request to Harvester's API server. verb is the Kubernetes verb (get, list,
// create ...), resource the plural resource name, code the HTTP status, or "error" when no answer came. Names of
// objects are never labels: the number of series stays bounded by verbs x resources x codes.
func (m *Metrics) RecordHarvesterRequest(verb, resource, code string) {
	m.harvesterRequests.WithLabelValues(verb, resource, code).Inc()
}

// SetBuildInfo publishes which build runs, in place of what was published before. The Go version is added here.
func (m *Metrics) SetBuildInfo(version, revision string) {
	m.buildInfo.Reset()
	m.buildInfo.WithLabelValues(version, revision, runtime.Version()).Set(1)
}

func countAttempt(attempts, failures prometheus.Counter, err error) {
	attempts.Inc()
	if err != nil {
		failures.Inc()
	}
}

// setTime publishes a time; the zero time ends the series.
func setTime(gauge *prometheus.GaugeVec, at time.Time, labels ...string) {
	if at.IsZero() {
		gauge.DeleteLabelValues(labels...)
		return
	}
	gauge.WithLabelValues(labels...).Set(float64(at.Unix()))
}

func oneIf(ready bool) float64 {
	if ready {
		return 1
	}
	return 0
}
