package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
)

// A plan that cannot be played again proves nothing; one whose faults outlast the lives never ends.
func TestPlansAreRepeatableAndEndMended(t *testing.T) {
	known := map[string]bool{}
	for _, fault := range sandbox.Faults() {
		known[fault.Name] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		seed, lives := rapid.Int64().Draw(t, "seed"), rapid.IntRange(1, 20).Draw(t, "lives")
		plan := NewPlan(seed, lives)
		require.Equal(t, plan, NewPlan(seed, lives))
		require.Len(t, plan.Lives, lives)
		names := map[string]bool{}
		for _, life := range plan.Lives {
			require.False(t, names[life.Name])
			names[life.Name] = true
			require.Positive(t, life.Machines)
			require.Len(t, life.Picks, len(life.Steps))
			require.NotEmpty(t, life.Steps)
		}
		var last time.Duration
		for _, strike := range plan.Strikes {
			require.True(t, known[strike.Fault], strike.Fault)
			require.GreaterOrEqual(t, strike.At, last)
			last = strike.At
		}
		ends := plan.Strikes[len(plan.Strikes)-2:]
		require.Equal(t, "harvester-up", ends[0].Fault)
		require.Equal(t, "vm-agent", ends[1].Fault)
	})
}

// All seeds together must meet every fault, or the menu holds what is never tried.
func TestEveryFaultOfTheMenuIsPlayed(t *testing.T) {
	played := map[string]bool{}
	twins := 0
	for seed := range int64(100) {
		plan := NewPlan(seed, 2)
		for _, strike := range plan.Strikes {
			played[strike.Fault] = true
		}
		if plan.Twin {
			twins++
		}
	}
	for _, item := range menu {
		assert.True(t, played[item.fault], item.fault)
	}
	assert.Positive(t, twins)
}

func TestMissing(t *testing.T) {
	running := clusterv1.Machine{ObjectMeta: metav1.ObjectMeta{Name: "m"}, Status: clusterv1.MachineStatus{Phase: string(clusterv1.MachinePhaseRunning)}}
	ready := infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Name: "m"}, Status: infrav1.HarvesterMachineStatus{
		Conditions: []metav1.Condition{{Type: infrav1.ReadyCondition, Status: metav1.ConditionTrue}},
	}}
	assert.Empty(t, missing([]clusterv1.Machine{running}, []infrav1.HarvesterMachine{ready}, 1))
	assert.Contains(t, missing([]clusterv1.Machine{running}, []infrav1.HarvesterMachine{ready}, 2), "not 2")

	leaving := running
	leaving.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	assert.Contains(t, missing([]clusterv1.Machine{leaving}, []infrav1.HarvesterMachine{ready}, 1), "Machine m is Running")

	waiting := ready
	waiting.Status.Conditions = []metav1.Condition{{Type: infrav1.ReadyCondition, Status: metav1.ConditionFalse, Message: "no address"}}
	assert.Contains(t, missing([]clusterv1.Machine{running}, []infrav1.HarvesterMachine{waiting}, 1), "no address")
	waiting.Status.Conditions = nil
	assert.Contains(t, missing([]clusterv1.Machine{running}, []infrav1.HarvesterMachine{waiting}, 1), "nothing yet")
}

func TestQuantilesAreOfTheNearestRank(t *testing.T) {
	var all []time.Duration
	for i := 20; i >= 1; i-- {
		all = append(all, time.Duration(i)*time.Second)
	}
	p50, p95, longest := quantiles(all)
	assert.InDelta(t, 10, p50, 1e-9)
	assert.InDelta(t, 19, p95, 1e-9)
	assert.InDelta(t, 20, longest, 1e-9)
	p50, p95, longest = quantiles(all[:1])
	assert.InDeltaSlice(t, []float64{20, 20, 20}, []float64{p50, p95, longest}, 1e-9)
}

func TestAddedTimeIsWithoutTheVMsOwn(t *testing.T) {
	start := time.Now()
	reached := milestone{machine: start, vm: start.Add(time.Second), address: start.Add(4 * time.Second)}
	_, whole := reached.added()
	assert.False(t, whole)
	reached.provisioned = start.Add(4500 * time.Millisecond)
	added, whole := reached.added()
	assert.True(t, whole)
	assert.Equal(t, 1500*time.Millisecond, added)
	_, whole = reached.own(start)
	assert.False(t, whole, "it was never seen to be given to CAPHV")
	reached.owned = start.Add(200 * time.Millisecond)
	_, whole = reached.own(time.Time{})
	assert.False(t, whole, "its cluster was never seen to be ready")
	own, _ := reached.own(start.Add(100 * time.Millisecond))
	assert.Equal(t, 1300*time.Millisecond, own, "from when it was owned, which was later")
	own, _ = reached.own(start.Add(500 * time.Millisecond))
	assert.Equal(t, 1000*time.Millisecond, own, "from when the cluster was ready, which was later")
}

func TestUsageTellsTheTwoClustersApart(t *testing.T) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(`# TYPE rest_client_requests_total counter
rest_client_requests_total{code="200",host="127.0.0.1:6000",method="GET"} 5
rest_client_requests_total{code="200",host="127.0.0.1:6000",method="PATCH"} 3
rest_client_requests_total{code="409",host="127.0.0.1:6000",method="PUT"} 1
rest_client_requests_total{code="200",host="127.0.0.1:7000",method="PUT"} 9
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1048576
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
`))
	require.NoError(t, err)
	used := usageOf(families, "https://127.0.0.1:6000")
	assert.Equal(t, usage{managementReads: 5, managementWrites: 4, harvesterRequests: 9, memory: 1048576, cpu: 12.5}, used)
	assert.Equal(t, usage{managementWrites: 1, memory: 1048576, cpu: 2.5}, used.minus(usage{managementReads: 5, managementWrites: 3, harvesterRequests: 9, cpu: 10}))
}
