package observability_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

// family is one row of a table of metrics.
type family struct {
	name   string
	kind   dto.MetricType
	labels []string
	// first and last bucket of a histogram, each twice the one before; 0 where the guide names none.
	first, last float64
}

// guideTable is the metric reference of the operations guide, row by row.
var guideTable = []family{
	{name: "caphv_machine_create_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_machine_create_errors_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_machine_creation_duration_seconds", kind: dto.MetricType_HISTOGRAM, first: 1, last: 512},
	{name: "caphv_machine_delete_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_machine_delete_errors_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_machine_status", kind: dto.MetricType_GAUGE, labels: []string{"cluster", "machine"}},
	{name: "caphv_machine_reconcile_duration_seconds", kind: dto.MetricType_HISTOGRAM, labels: []string{"operation"}},
	{name: "caphv_ippool_allocations_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_ippool_allocation_errors_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_ippool_releases_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_cluster_reconcile_duration_seconds", kind: dto.MetricType_HISTOGRAM, labels: []string{"operation"}},
	{name: "caphv_cluster_ready", kind: dto.MetricType_GAUGE, labels: []string{"cluster"}},
	{name: "caphv_etcd_member_remove_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_etcd_member_remove_errors_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_node_init_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_node_init_errors_total", kind: dto.MetricType_COUNTER},
	{name: "caphv_node_init_duration_seconds", kind: dto.MetricType_HISTOGRAM, first: 0.5, last: 64},
}

// ourTable is what we add to it.
var ourTable = []family{
	{name: "caphv_harvester_requests_total", kind: dto.MetricType_COUNTER, labels: []string{"code", "resource", "verb"}},
	{name: "caphv_ippool_leaks", kind: dto.MetricType_GAUGE, labels: []string{"pool"}},
	{name: "caphv_credentials_expiry_timestamp_seconds", kind: dto.MetricType_GAUGE, labels: []string{"cluster"}},
	{name: "caphv_ippool_capacity", kind: dto.MetricType_GAUGE, labels: []string{"pool"}},
	{name: "caphv_ippool_allocated", kind: dto.MetricType_GAUGE, labels: []string{"pool"}},
	{name: "caphv_harvester_connected", kind: dto.MetricType_GAUGE, labels: []string{"cluster"}},
	{name: "caphv_machine_waiting_since_timestamp_seconds", kind: dto.MetricType_GAUGE, labels: []string{"cluster", "machine", "reason"}},
	{name: "caphv_machine_deletion_timestamp_seconds", kind: dto.MetricType_GAUGE, labels: []string{"cluster", "machine"}},
	{name: "caphv_machine_remediations_total", kind: dto.MetricType_COUNTER, labels: []string{"cluster"}},
	{name: "caphv_build_info", kind: dto.MetricType_GAUGE, labels: []string{"goversion", "revision", "version"}},
}

// touchEverything calls each method that ends in a series once.
// inNS is cluster c of namespace ns.
var inNS = observability.Cluster{Namespace: "ns", Name: "c"}

func touchEverything(m *observability.Metrics) {
	m.RecordMachineCreate(nil)
	m.ObserveMachineCreation(time.Second)
	m.RecordMachineDelete(nil)
	m.SetMachineReady(inNS, "m", true)
	m.ObserveMachineReconcile(observability.OperationNormal, time.Second)
	m.RecordIPAllocation(nil)
	m.RecordIPRelease()
	m.SetIPPoolLeaks("p", 0)
	m.SetIPPoolUse("p", 10, 3)
	m.SetHarvesterConnected(inNS, true)
	m.SetMachineWaiting(inNS, "m", "PoolExhausted", time.Unix(1, 0))
	m.SetMachineDeletion(inNS, "m", time.Unix(1, 0))
	m.RecordMachineRemediation(inNS)
	m.SetClusterReady(inNS, true)
	m.SetCredentialsExpiry(inNS, time.Unix(1, 0))
	m.ObserveClusterReconcile(observability.OperationDelete, time.Second)
	m.RecordEtcdMemberRemove(nil)
	m.RecordNodeInit(nil)
	m.ObserveNodeInit(time.Second)
	m.RecordHarvesterRequest("get", "virtualmachines", "200")
	m.SetBuildInfo("v0.1.0", "abc")
}

func gather(t *testing.T, reg prometheus.Gatherer) map[string]*dto.MetricFamily {
	t.Helper()
	gathered, err := reg.Gather()
	require.NoError(t, err)
	families := map[string]*dto.MetricFamily{}
	for _, f := range gathered {
		families[f.GetName()] = f
	}
	return families
}

func TestFamiliesAreThoseOfTheGuideAndOurs(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m, err := observability.New(reg)
	require.NoError(t, err)
	touchEverything(m)
	families := gather(t, reg)

	want := slices.Concat(guideTable, ourTable)
	assert.Len(t, families, len(want), "a family is missing here or there")
	for _, row := range want {
		f, ok := families[row.name]
		if !assert.True(t, ok, "%s is missing", row.name) {
			continue
		}
		assert.Equal(t, row.kind, f.GetType(), row.name)
		assert.NotEmpty(t, f.GetHelp(), row.name)
		for _, metric := range f.GetMetric() {
			assert.Equal(t, row.labels, besidesTheNamespace(labelNames(metric)), row.name)
		}
		if row.last > 0 {
			assertDoublingBuckets(t, row, f.GetMetric()[0].GetHistogram())
		}
	}
}

// The descriptions that pages, alerts and dashboards are made from say what is gathered.
func TestFamiliesDescribeWhatIsGathered(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m, err := observability.New(reg)
	require.NoError(t, err)
	touchEverything(m)
	families := gather(t, reg)

	described := observability.Families()
	assert.Len(t, described, len(families))
	for _, family := range described {
		f, ok := families[family.Name]
		if !assert.True(t, ok, "%s is described and not gathered", family.Name) {
			continue
		}
		assert.Equal(t, string(family.Type), strings.ToLower(f.GetType().String()), family.Name)
		assert.Equal(t, family.Help, f.GetHelp())
		assert.ElementsMatch(t, family.Labels, labelNames(f.GetMetric()[0]), family.Name)
		for i, bucket := range f.GetMetric()[0].GetHistogram().GetBucket() {
			assert.InDelta(t, family.Buckets[i], bucket.GetUpperBound(), 0, family.Name)
		}
		assert.Equal(t, family.Type == observability.TypeHistogram, len(family.Buckets) > 0, family.Name)
	}
}

// besidesTheNamespace takes out the label that tells clusters of one name apart, which the guide does not know: families
// of a cluster or a machine have it, and no others.
func besidesTheNamespace(labels []string) []string {
	if !slices.Contains(labels, observability.LabelCluster) {
		return labels
	}
	return slices.DeleteFunc(labels, func(label string) bool { return label == observability.LabelClusterNamespace })
}

func labelNames(metric *dto.Metric) []string {
	var names []string
	for _, pair := range metric.GetLabel() {
		names = append(names, pair.GetName())
	}
	return names
}

func assertDoublingBuckets(t *testing.T, row family, histogram *dto.Histogram) {
	t.Helper()
	var bounds []float64
	for _, bucket := range histogram.GetBucket() {
		if !math.IsInf(bucket.GetUpperBound(), 1) {
			bounds = append(bounds, bucket.GetUpperBound())
		}
	}
	require.NotEmpty(t, bounds, row.name)
	assert.InDelta(t, row.first, bounds[0], 0, row.name)
	assert.InDelta(t, row.last, bounds[len(bounds)-1], 0, row.name)
	for i := 1; i < len(bounds); i++ {
		assert.InDelta(t, 2*bounds[i-1], bounds[i], 0, row.name)
	}
}
