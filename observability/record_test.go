package observability_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

func fresh(t *testing.T) (*observability.Metrics, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	m, err := observability.New(reg)
	require.NoError(t, err)
	return m, reg
}

// total sums counters, gauges and the number of observations of a family.
func total(t *testing.T, reg prometheus.Gatherer, name string) float64 {
	t.Helper()
	sum := 0.0
	for _, metric := range gather(t, reg)[name].GetMetric() {
		sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
	}
	return sum
}

// writer is the method that writes a family.
type writer struct {
	family string
	// also is the family that the same call must write too: a failed attempt is an attempt.
	also string
	call func(*observability.Metrics)
}

var errFailure = errors.New("failure")

var writers = []writer{
	{"caphv_machine_create_total", "", func(m *observability.Metrics) { m.RecordMachineCreate(nil) }},
	{"caphv_machine_create_errors_total", "caphv_machine_create_total", func(m *observability.Metrics) { m.RecordMachineCreate(errFailure) }},
	{"caphv_machine_creation_duration_seconds", "", func(m *observability.Metrics) { m.ObserveMachineCreation(time.Minute) }},
	{"caphv_machine_delete_total", "", func(m *observability.Metrics) { m.RecordMachineDelete(nil) }},
	{"caphv_machine_delete_errors_total", "caphv_machine_delete_total", func(m *observability.Metrics) { m.RecordMachineDelete(errFailure) }},
	{"caphv_machine_status", "", func(m *observability.Metrics) { m.SetMachineReady(inNS, "m", true) }},
	{"caphv_machine_reconcile_duration_seconds", "", func(m *observability.Metrics) { m.ObserveMachineReconcile("normal", time.Second) }},
	{"caphv_ippool_allocations_total", "", func(m *observability.Metrics) { m.RecordIPAllocation(nil) }},
	{"caphv_ippool_allocation_errors_total", "caphv_ippool_allocations_total", func(m *observability.Metrics) { m.RecordIPAllocation(errFailure) }},
	{"caphv_ippool_releases_total", "", func(m *observability.Metrics) { m.RecordIPRelease() }},
	{"caphv_ippool_leaks", "", func(m *observability.Metrics) { m.SetIPPoolLeaks("p", 1) }},
	{"caphv_cluster_reconcile_duration_seconds", "", func(m *observability.Metrics) { m.ObserveClusterReconcile("delete", time.Second) }},
	{"caphv_cluster_ready", "", func(m *observability.Metrics) { m.SetClusterReady(inNS, true) }},
	{"caphv_credentials_expiry_timestamp_seconds", "", func(m *observability.Metrics) { m.SetCredentialsExpiry(inNS, time.Unix(1, 0)) }},
	{"caphv_etcd_member_remove_total", "", func(m *observability.Metrics) { m.RecordEtcdMemberRemove(nil) }},
	{"caphv_etcd_member_remove_errors_total", "caphv_etcd_member_remove_total", func(m *observability.Metrics) { m.RecordEtcdMemberRemove(errFailure) }},
	{"caphv_node_init_total", "", func(m *observability.Metrics) { m.RecordNodeInit(nil) }},
	{"caphv_node_init_errors_total", "caphv_node_init_total", func(m *observability.Metrics) { m.RecordNodeInit(errFailure) }},
	{"caphv_node_init_duration_seconds", "", func(m *observability.Metrics) { m.ObserveNodeInit(time.Second) }},
	{"caphv_harvester_requests_total", "", func(m *observability.Metrics) { m.RecordHarvesterRequest("get", "ippools", "404") }},
	{"caphv_ippool_capacity", "", func(m *observability.Metrics) { m.SetIPPoolUse("p", 1, 0) }},
	{"caphv_ippool_allocated", "", func(m *observability.Metrics) { m.SetIPPoolUse("p", 0, 1) }},
	{"caphv_harvester_connected", "", func(m *observability.Metrics) { m.SetHarvesterConnected(inNS, true) }},
	{"caphv_machine_waiting_since_timestamp_seconds", "", func(m *observability.Metrics) { m.SetMachineWaiting(inNS, "m", "VMStarting", time.Unix(1, 0)) }},
	{"caphv_machine_deletion_timestamp_seconds", "", func(m *observability.Metrics) { m.SetMachineDeletion(inNS, "m", time.Unix(1, 0)) }},
	{"caphv_machine_remediations_total", "", func(m *observability.Metrics) { m.RecordMachineRemediation(inNS) }},
	{"caphv_build_info", "", func(m *observability.Metrics) { m.SetBuildInfo("v1", "r") }},
}

// A family without a writer is an alert that never fires. Each is written by its method, once, and by no other's.
func TestEveryFamilyHasAWriter(t *testing.T) {
	known := map[string]bool{}
	for _, w := range writers {
		known[w.family] = true
		t.Run(w.family, func(t *testing.T) {
			m, reg := fresh(t)
			w.call(m)
			assert.InDelta(t, 1, total(t, reg, w.family), 0)
			for name := range gather(t, reg) {
				if name != w.family && name != w.also {
					assert.InDelta(t, 0, total(t, reg, name), 0, "%s was written too", name)
				}
			}
			if w.also != "" {
				assert.InDelta(t, 1, total(t, reg, w.also), 0)
			}
		})
	}
	m, reg := fresh(t)
	touchEverything(m)
	for name := range gather(t, reg) {
		assert.True(t, known[name], "no writer is listed for %s", name)
	}
}

func TestFailedAttemptsAreAttemptsToo(t *testing.T) {
	m, reg := fresh(t)
	m.RecordMachineCreate(nil)
	m.RecordMachineCreate(errors.New("quota"))
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP caphv_machine_create_errors_total VM creation attempts that failed.
# TYPE caphv_machine_create_errors_total counter
caphv_machine_create_errors_total 1
# HELP caphv_machine_create_total VM creation attempts.
# TYPE caphv_machine_create_total counter
caphv_machine_create_total 2
`), observability.MachineCreateTotal, observability.MachineCreateErrorsTotal))
}

func TestReadinessIsOneOrZero(t *testing.T) {
	m, reg := fresh(t)
	m.SetMachineReady(inNS, "m", true)
	assert.InDelta(t, 1, total(t, reg, observability.MachineStatus), 0)
	m.SetMachineReady(inNS, "m", false)
	assert.InDelta(t, 0, total(t, reg, observability.MachineStatus), 0)
	assert.Equal(t, 1, testutil.CollectAndCount(m, observability.MachineStatus), "not ready is a series with 0, not a missing one")
}

// perObject are the families whose series belong to a cluster, machine or pool, and end with it.
var perObject = []string{
	observability.MachineStatus, observability.MachineWaitingSince, observability.MachineDeletionTimestamp,
	observability.ClusterReady, observability.HarvesterConnected, observability.CredentialsExpiry, observability.MachineRemediationsTotal,
	observability.IPPoolLeaks, observability.IPPoolCapacity, observability.IPPoolAllocated,
}

// A machine that is gone and still published as not ready would alert for ever.
func TestForgottenObjectsLeaveNoSeries(t *testing.T) {
	m, _ := fresh(t)
	a, b := observability.Cluster{Namespace: "one", Name: "a"}, observability.Cluster{Namespace: "two", Name: "b"}
	for _, cluster := range []observability.Cluster{a, b} {
		m.SetClusterReady(cluster, true)
		m.SetHarvesterConnected(cluster, true)
		m.SetCredentialsExpiry(cluster, time.Unix(1, 0))
		for _, machine := range []string{"m1", "m2"} {
			m.SetMachineReady(cluster, machine, false)
			m.SetMachineWaiting(cluster, machine, "DeletingVM", time.Unix(1, 0))
			m.SetMachineDeletion(cluster, machine, time.Unix(1, 0))
		}
	}
	m.SetIPPoolLeaks("p", 3)
	m.SetIPPoolUse("p", 10, 3)
	require.Len(t, perObject, 10)
	assert.Equal(t, 3*4+4*2+3, testutil.CollectAndCount(m, perObject...), "every family has its series")

	m.ForgetMachine("one", "m1")
	m.ForgetMachine("one", "unknown")
	assert.Equal(t, 3*3, testutil.CollectAndCount(m, perObject[:3]...))

	m.ForgetCluster(b)
	m.ForgetCluster(observability.Cluster{Namespace: "two", Name: "a"})
	assert.Equal(t, 3*1, testutil.CollectAndCount(m, perObject[:3]...), "the cluster's machines go with it")
	assert.Equal(t, 4*1, testutil.CollectAndCount(m, perObject[3:7]...))

	m.ForgetIPPool("p")
	m.ForgetIPPool("unknown")
	m.ForgetCluster(a)
	assert.Zero(t, testutil.CollectAndCount(m, perObject...))
}

// Clusters of one name in two namespaces shared their series: one hid the other, and took its series along when it went.
func TestClustersOfOneNameHaveSeriesOfTheirOwn(t *testing.T) {
	m, _ := fresh(t)
	one, two := observability.Cluster{Namespace: "one", Name: "demo"}, observability.Cluster{Namespace: "two", Name: "demo"}
	for _, cluster := range []observability.Cluster{one, two} {
		m.SetClusterReady(cluster, cluster == one)
		m.SetMachineReady(cluster, "demo-cp-0", cluster == one)
		m.SetMachineWaiting(cluster, "demo-cp-0", "VMStarting", time.Unix(1, 0))
	}
	assert.Equal(t, 2, testutil.CollectAndCount(m, observability.ClusterReady))

	m.SetMachineWaiting(one, "demo-cp-0", "", time.Time{})
	assert.Equal(t, 1, testutil.CollectAndCount(m, observability.MachineWaitingSince))
	m.ForgetMachine("one", "demo-cp-0")
	m.ForgetCluster(one)
	require.NoError(t, testutil.CollectAndCompare(m, strings.NewReader(`
# HELP caphv_cluster_ready Whether a cluster's infrastructure is ready (1) or not (0).
# TYPE caphv_cluster_ready gauge
caphv_cluster_ready{cluster="demo",cluster_namespace="two"} 0
# HELP caphv_machine_status Whether a machine is ready (1) or not (0).
# TYPE caphv_machine_status gauge
caphv_machine_status{cluster="demo",cluster_namespace="two",machine="demo-cp-0"} 0
`), observability.ClusterReady, observability.MachineStatus))
}

// Every family with such a label is in the list above, so that a new one cannot be left behind.
func TestEveryFamilyOfAnObjectIsForgotten(t *testing.T) {
	for _, family := range observability.Families() {
		ofObject := slices.ContainsFunc(family.Labels, func(label string) bool {
			return label == observability.LabelCluster || label == observability.LabelMachine || label == observability.LabelPool
		})
		assert.Equal(t, ofObject, slices.Contains(perObject, family.Name), family.Name)
	}
}

// What is not so is no series: an alert on a time that stayed would never resolve.
func TestTimesEndWhenNothingIsTimed(t *testing.T) {
	m, _ := fresh(t)
	m.SetMachineWaiting(inNS, "m", "PoolExhausted", time.Unix(1, 0))
	m.SetMachineWaiting(inNS, "m", "VMStarting", time.Unix(2, 0))
	assert.Equal(t, 1, testutil.CollectAndCount(m, observability.MachineWaitingSince), "one reason at a time")
	m.SetMachineDeletion(inNS, "m", time.Unix(1, 0))
	m.SetCredentialsExpiry(inNS, time.Unix(1, 0))

	m.SetMachineWaiting(inNS, "m", "", time.Time{})
	m.SetMachineDeletion(inNS, "m", time.Time{})
	m.SetCredentialsExpiry(inNS, time.Time{})
	assert.Zero(t, testutil.CollectAndCount(m, observability.MachineWaitingSince, observability.MachineDeletionTimestamp, observability.CredentialsExpiry))
}

// The first remediation of a cluster is seen by increase(), too.
func TestRemediationsBeginAtZeroWithTheCluster(t *testing.T) {
	m, reg := fresh(t)
	m.SetClusterReady(inNS, true)
	assert.Equal(t, 1, testutil.CollectAndCount(m, observability.MachineRemediationsTotal))
	m.RecordMachineRemediation(inNS)
	m.SetClusterReady(inNS, false)
	assert.InDelta(t, 1, total(t, reg, observability.MachineRemediationsTotal), 0)
}

// increase() sees a first increment only when the series was there at 0 before.
func TestSeriesWithKnownLabelsStartAtZero(t *testing.T) {
	_, reg := fresh(t)
	families := gather(t, reg)
	for _, row := range guideTable {
		if !strings.Contains(strings.Join(row.labels, " "), "cluster") {
			assert.NotEmpty(t, families[row.name].GetMetric(), row.name)
		}
	}
	assert.Equal(t, []string{"delete", "normal"}, labelValues(families[observability.MachineReconcileSeconds]))
	assert.Equal(t, []string{"delete", "normal"}, labelValues(families[observability.ClusterReconcileSeconds]))
}

func labelValues(f *dto.MetricFamily) []string {
	var values []string
	for _, metric := range f.GetMetric() {
		values = append(values, metric.GetLabel()[0].GetValue())
	}
	return values
}

func TestBuildInfoTellsOneBuild(t *testing.T) {
	m, reg := fresh(t)
	m.SetBuildInfo("v0.1.0", "abc")
	m.SetBuildInfo("v0.2.0", "def")
	metrics := gather(t, reg)[observability.BuildInfo].GetMetric()
	require.Len(t, metrics, 1)
	values := map[string]string{}
	for _, pair := range metrics[0].GetLabel() {
		values[pair.GetName()] = pair.GetValue()
	}
	assert.Equal(t, map[string]string{"version": "v0.2.0", "revision": "def", "goversion": runtime.Version()}, values)
}

func TestNewRegistersAllOrNothing(t *testing.T) {
	reg := prometheus.NewRegistry()
	taken := prometheus.NewCounter(prometheus.CounterOpts{Name: observability.NodeInitTotal, Help: "someone else's"})
	require.NoError(t, reg.Register(taken))

	_, err := observability.New(reg)
	require.ErrorContains(t, err, observability.NodeInitTotal)
	families := gather(t, reg)
	assert.Len(t, families, 1)

	clean := prometheus.NewRegistry()
	_, err = observability.New(clean)
	require.NoError(t, err)
	_, err = observability.New(clean)
	require.Error(t, err, "of two sets on one registry each would count a part")
}

func TestConcurrentUse(t *testing.T) {
	m, reg := fresh(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			touchEverything(m)
			m.ForgetMachine("ns", "m")
			m.ForgetCluster(inNS)
		})
	}
	wg.Wait()
	assert.InDelta(t, 50, total(t, reg, observability.MachineCreateTotal), 0)
}
