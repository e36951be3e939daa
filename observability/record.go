package observability

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

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
func (m *Metrics) SetMachineReady(cluster, machine string, ready bool) {
	m.machineStatus.WithLabelValues(cluster, machine).Set(oneIf(ready))
}

// ForgetMachine deletes the series of a machine that is gone. Without it a deleted machine would alert for ever as
// not ready. Forgetting an unknown machine does nothing.
func (m *Metrics) ForgetMachine(cluster, machine string) {
	m.machineStatus.DeleteLabelValues(cluster, machine)
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

// ForgetIPPool deletes the series of a pool that is gone or no longer used. An unknown pool does nothing.
func (m *Metrics) ForgetIPPool(pool string) {
	m.poolLeaks.DeleteLabelValues(pool)
}

// SetClusterReady publishes whether the cluster's infrastructure is ready. ForgetCluster ends the series.
func (m *Metrics) SetClusterReady(cluster string, ready bool) {
	m.clusterReady.WithLabelValues(cluster).Set(oneIf(ready))
}

// SetCredentialsExpiry publishes when the cluster's credentials for Harvester expire; the zero time means that they do
// not say, and ends the series.
func (m *Metrics) SetCredentialsExpiry(cluster string, expiry time.Time) {
	if expiry.IsZero() {
		m.credentialsExpiry.DeleteLabelValues(cluster)
		return
	}
	m.credentialsExpiry.WithLabelValues(cluster).Set(float64(expiry.Unix()))
}

// ForgetCluster deletes the cluster's series and those of all its machines. An unknown cluster does nothing.
func (m *Metrics) ForgetCluster(cluster string) {
	m.clusterReady.DeleteLabelValues(cluster)
	m.credentialsExpiry.DeleteLabelValues(cluster)
	m.machineStatus.DeletePartialMatch(prometheus.Labels{LabelCluster: cluster})
}

// ObserveClusterReconcile records how long one reconcile of a HarvesterCluster took.
func (m *Metrics) ObserveClusterReconcile(operation Operation, d time.Duration) {
	m.clusterReconcile.WithLabelValues(string(operation)).Observe(d.Seconds())
}

// RecordEtcdMemberRemove counts one attempt to remove an etcd member; a non-nil err counts it as failed.
func (m *Metrics) RecordEtcdMemberRemove(err error) {
	countAttempt(m.etcdMemberRemove, m.etcdMemberRemoveError, err)
}

// RecordNodeInit counts one attempt to initialise a node; a non-nil err counts it as failed.
func (m *Metrics) RecordNodeInit(err error) {
	countAttempt(m.nodeInit, m.nodeInitErrors, err)
}

// ObserveNodeInit records how long it took to initialise a node. Call it once per node.
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

func oneIf(ready bool) float64 {
	if ready {
		return 1
	}
	return 0
}
