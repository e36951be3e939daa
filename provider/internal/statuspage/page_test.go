package statuspage

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

func TestClusterOfThePage(t *testing.T) {
	page := NewPage(shop(), noon.Add(2*time.Minute), Query{})
	require.Len(t, page.Clusters, 1)
	cluster := page.Clusters[0]
	assert.Equal(t, "prod/shop", cluster.Name)
	assert.Equal(t, "v1.34.3+rke2r1", cluster.Version)
	assert.Equal(t, "192.0.2.10:6443", cluster.Endpoint)
	assert.Equal(t, [2]int{1, 3}, [2]int{cluster.Ready, cluster.Total})
	assert.Equal(t, []Problem{{Condition: infrav1.IPPoolsReadyCondition, Reason: "PoolExhausted", Message: "IPPool vlan-100 has no free address", Since: noon.Add(2 * time.Second)}}, cluster.Problems)
	assert.Equal(t, 2*time.Minute, cluster.Scale)
	var names []string
	for _, machine := range cluster.Machines {
		names = append(names, machine.Role+" "+machine.Name+" "+machine.Phase)
	}
	assert.Equal(t, []string{"control plane shop-cp-1 Running", "worker shop-md-1 Provisioning", "worker shop-md-2 Provisioning"}, names)
}

func TestStepsOfAMachine(t *testing.T) {
	const s = time.Second
	lost := met(1*s, 2*s, 3*s, 9*s, 9*s, 20*s)
	lost[3].Status, lost[3].LastTransitionTime = metav1.ConditionFalse, after(50*s)
	for name, test := range map[string]struct {
		conditions []metav1.Condition
		want       []string
		took       time.Duration
	}{
		"nothing yet":      {nil, []string{"active 0-100", "pending", "pending", "pending", "pending", "pending"}, 100 * s},
		"half way":         {met(1*s, 2*s, 30*s), []string{"done 0-1", "done 1-2", "done 2-30", "active 30-100", "pending", "pending"}, 100 * s},
		"all":              {met(1*s, 2*s, 3*s, 9*s, 9*s, 20*s), []string{"done 0-1", "done 1-2", "done 2-3", "done 3-9", "done 9-9", "done 9-20"}, 20 * s},
		"one out of order": {met(5*s, 2*s, 6*s), []string{"done 0-5", "done 5-5", "done 5-6", "active 6-100", "pending", "pending"}, 100 * s},
		"lost again":       {lost, []string{"done 0-1", "done 1-2", "done 2-3", "active 3-100", "pending", "pending"}, 100 * s},
	} {
		t.Run(name, func(t *testing.T) {
			laid, took := steps(test.conditions, noon, noon.Add(100*s))
			var got []string
			for _, step := range laid {
				text := string(step.State)
				if step.State != StepPending {
					text += fmt.Sprintf(" %.0f-%.0f", step.Start.Seconds(), step.End.Seconds())
				}
				got = append(got, text)
			}
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.took, took)
		})
	}
}

// Whatever the conditions say, steps follow each other without a gap, and a bar stays within its picture.
func TestStepsNeverOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var conditions []metav1.Condition
		for _, step := range Steps {
			status := rapid.SampledFrom([]metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown}).Draw(t, "status")
			seconds := rapid.IntRange(-100, 100000).Draw(t, "seconds")
			conditions = append(conditions, metav1.Condition{Type: step.Condition, Status: status, LastTransitionTime: after(time.Duration(seconds) * time.Second)})
		}
		laid, took := steps(conditions, noon, noon.Add(time.Duration(rapid.IntRange(-10, 100000).Draw(t, "age"))*time.Second))
		var end time.Duration
		for _, step := range laid {
			assert.Equal(t, end, step.Start)
			assert.GreaterOrEqual(t, step.End, step.Start)
			end = step.End
		}
		assert.Equal(t, end, took)
		machine := Machine{Steps: laid, Took: took}
		for _, segment := range bar(machine, scaleOf([]Machine{machine})) {
			assert.Positive(t, segment.Width)
			assert.LessOrEqual(t, segment.X+segment.Width, barWidth+0.001)
		}
	})
}

func TestProblemOfAMachine(t *testing.T) {
	deleting := infraMachine("m", unmet(infrav1.VMRunningCondition, infrav1.VMStoppedReason, "", 0),
		metav1.Condition{Type: infrav1.DeletingCondition, Status: metav1.ConditionTrue, Reason: infrav1.DeletingVMReason, LastTransitionTime: after(0)})
	now := after(time.Second)
	deleting.DeletionTimestamp = &now
	for name, test := range map[string]struct {
		machine infrav1.HarvesterMachine
		want    string
	}{
		"ready":              {infraMachine("m", ready(0)), ""},
		"the first step":     {infraMachine("m", unmet(infrav1.NodeInitializedCondition, "Later", "", 0), unmet(infrav1.VMRunningCondition, "First", "", 0)), "First"},
		"none but not ready": {infraMachine("m", unmet(infrav1.ReadyCondition, "NotReady", "", 0)), "NotReady"},
		"being deleted":      {deleting, infrav1.DeletingVMReason},
	} {
		t.Run(name, func(t *testing.T) {
			made := newMachine(&test.machine, nil, noon)
			if test.want == "" {
				assert.Nil(t, made.Problem)
				return
			}
			require.NotNil(t, made.Problem)
			assert.Equal(t, test.want, made.Problem.Reason)
			assert.False(t, made.Ready)
		})
	}
}

// A large fleet fits on one page: what needs attention is on it, and the rest is on the page of its cluster.
func TestMachinesThatAreNotReadyAreNotLeftOut(t *testing.T) {
	snapshot := shop()
	for i := range 3 * mostMachines {
		snapshot.InfraMachines = append(snapshot.InfraMachines, infraMachine(fmt.Sprintf("a-%04d", i), ready(0)))
	}
	page := NewPage(snapshot, noon, Query{})
	assert.Equal(t, 2+1+3*mostMachines-mostMachines, page.LeftOut)
	assert.Len(t, page.Clusters[0].Machines, mostMachines)
	assert.Equal(t, 3*mostMachines+3, page.Clusters[0].Total)
	var waiting int
	for _, machine := range page.Clusters[0].Machines {
		if !machine.Ready {
			waiting++
		}
	}
	assert.Equal(t, 2, waiting)

	page = NewPage(snapshot, noon, Query{Cluster: "prod/shop"})
	assert.Zero(t, page.LeftOut)
	assert.Len(t, page.Clusters[0].Machines, 3*mostMachines+3)
	assert.Empty(t, NewPage(snapshot, noon, Query{Cluster: "prod/sho"}).Clusters)
}

func TestEventsOfThePage(t *testing.T) {
	snapshot := shop()
	assert.Equal(t, []string{"prod/other", "prod/shop-cp-1"}, objects(NewPage(snapshot, noon, Query{})), "the newest first")
	assert.Equal(t, []string{"prod/shop-cp-1"}, objects(NewPage(snapshot, noon, Query{Cluster: "prod/shop"})))
	for i := range 2 * mostEvents {
		snapshot.Events = append(snapshot.Events, event("Machine", fmt.Sprint(i), "r", "m", time.Duration(i)*time.Minute))
	}
	page := NewPage(snapshot, noon, Query{})
	assert.Len(t, page.Events, mostEvents)
	assert.Equal(t, "prod/99", page.Events[0].Object)

	series := corev1.Event{EventTime: metav1.NewMicroTime(noon), Series: &corev1.EventSeries{Count: 7, LastObservedTime: metav1.NewMicroTime(noon.Add(time.Hour))}}
	assert.Equal(t, Event{Time: noon.Add(time.Hour), Object: "/", Count: 7}, newEvent(&series))
}

func objects(page Page) []string {
	var found []string
	for _, e := range page.Events {
		found = append(found, e.Object)
	}
	return found
}

func TestPhaseOfACluster(t *testing.T) {
	paused := true
	assert.Equal(t, "Paused", phaseOf(&clusterv1.Cluster{Spec: clusterv1.ClusterSpec{Paused: &paused}}))
	assert.Equal(t, "Pending", phaseOf(&clusterv1.Cluster{}))
}
