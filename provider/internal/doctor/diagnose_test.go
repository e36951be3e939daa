package doctor

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// listed is a finding in short.
func listed(f Finding) string {
	return fmt.Sprintf("%s %s/%s %s", f.Class, f.Kind, f.Name, f.Reason)
}

func TestWhatComesFirst(t *testing.T) {
	for name, test := range map[string]struct {
		change func(s *Snapshot)
		want   []string
	}{
		"all is well": {change: func(*Snapshot) {}},
		"a fault of a worker comes before the progress of the control plane": {
			change: func(s *Snapshot) {
				s.Machines[0].fails(infrav1.VMRunningCondition, infrav1.VMStartingReason, time.Minute)
				s.Machines[1].fails(infrav1.AddressReadyCondition, infrav1.PoolExhaustedReason, time.Second)
			},
			want: []string{"blocks HarvesterMachine/w-0 PoolExhausted", "progress HarvesterMachine/cp-0 VMStarting"},
		},
		"progress that lasts too long is a fault": {
			change: func(s *Snapshot) {
				s.Machines[0].fails(infrav1.VMRunningCondition, infrav1.VMStartingReason, time.Hour)
				s.Machines[1].fails(infrav1.AddressReadyCondition, infrav1.PoolExhaustedReason, 2*time.Hour)
			},
			want: []string{"blocks HarvesterMachine/cp-0 VMStarting", "blocks HarvesterMachine/w-0 PoolExhausted"},
		},
		"the first step that does not merely wait for another": {
			change: func(s *Snapshot) {
				s.Machines[0].fails(infrav1.AddressReadyCondition, infrav1.WaitingForPreviousStepReason, time.Minute)
				s.Machines[0].fails(infrav1.VMProvisionedCondition, infrav1.ImageNotFoundReason, time.Minute)
				s.Machines[0].fails(infrav1.VMRunningCondition, infrav1.WaitingForPreviousStepReason, time.Minute)
			},
			want: []string{"blocks HarvesterMachine/cp-0 ImageNotFound"},
		},
		"machines wait for the cluster": {
			change: func(s *Snapshot) {
				s.clusterFails(infrav1.LoadBalancerReadyCondition, infrav1.LoadBalancerNotOwnedReason, time.Minute)
				s.Machines[0].fails(infrav1.VMProvisionedCondition, infrav1.WaitingForClusterInfrastructureReason, time.Hour)
			},
			want: []string{"blocks HarvesterCluster/demo LoadBalancerNotOwned", "follows HarvesterMachine/cp-0 WaitingForClusterInfrastructure"},
		},
		"what machines say of the connection follows from what the cluster says": {
			change: func(s *Snapshot) {
				s.clusterFails(infrav1.HarvesterConnectionReadyCondition, infrav1.CredentialsRejectedReason, time.Minute)
				s.Machines[0].fails(infrav1.VMProvisionedCondition, infrav1.CredentialsRejectedReason, time.Hour)
				s.Machines[1].fails(infrav1.VMProvisionedCondition, infrav1.HarvesterUnreachableReason, time.Hour)
			},
			want: []string{
				"blocks HarvesterCluster/demo CredentialsRejected", "blocks HarvesterMachine/w-0 HarvesterUnreachable",
				"follows HarvesterMachine/cp-0 CredentialsRejected",
			},
		},
		"workers wait for the first control plane": {
			change: func(s *Snapshot) {
				s.Machines[0].fails(infrav1.VMRunningCondition, infrav1.VMUnschedulableReason, time.Minute)
				s.Machines[1].fails(infrav1.BootstrapReadyCondition, infrav1.WaitingForBootstrapDataReason, time.Hour)
			},
			want: []string{"blocks HarvesterMachine/cp-0 VMUnschedulable", "follows HarvesterMachine/w-0 WaitingForBootstrapData"},
		},
		"they do not, once one was up": {
			change: func(s *Snapshot) {
				s.Cluster.Status.Initialization.ControlPlaneInitialized = ptr.To(true)
				s.Machines[0].fails(infrav1.VMRunningCondition, infrav1.VMStartingReason, time.Minute)
				s.Machines[1].fails(infrav1.BootstrapReadyCondition, infrav1.WaitingForBootstrapDataReason, time.Hour)
			},
			want: []string{"blocks HarvesterMachine/w-0 WaitingForBootstrapData", "progress HarvesterMachine/cp-0 VMStarting"},
		},
		"a manager that is down comes before all": {
			change: func(s *Snapshot) {
				s.Managers[0].Ready = 0
				s.clusterFails(infrav1.HarvesterConnectionReadyCondition, infrav1.CredentialsRejectedReason, time.Minute)
			},
			want: []string{"blocks Deployment/caphv-controller-manager ManagerDown", "blocks HarvesterCluster/demo CredentialsRejected"},
		},
		"one replica of two is enough": {change: func(s *Snapshot) { s.Managers = append(s.Managers, Manager{Name: "other"}) }},
		"paused": {
			change: func(s *Snapshot) { s.Cluster.Spec.Paused = ptr.To(true) },
			want:   []string{"blocks Cluster/demo Paused"},
		},
		"paused by the annotation": {
			change: func(s *Snapshot) { s.Cluster.Annotations = map[string]string{clusterv1.PausedAnnotation: ""} },
			want:   []string{"blocks Cluster/demo Paused"},
		},
		"no one has looked": {
			change: func(s *Snapshot) {
				s.Infra.Status.Conditions, s.Infra.CreationTimestamp = nil, metav1.NewTime(now.Add(-time.Hour))
				s.Machines[1].Infra.Status.Conditions, s.Machines[1].Infra.CreationTimestamp = nil, metav1.NewTime(now.Add(-time.Second))
			},
			want: []string{"blocks HarvesterCluster/demo NotReconciled", "progress HarvesterMachine/w-0 NotReconciled"},
		},
		"objects that are named and do not exist": {
			change: func(s *Snapshot) { s.Infra, s.InfraMissing, s.Machines[1].Infra = nil, true, nil },
			want:   []string{"blocks Cluster/demo InfrastructureNotFound", "blocks Machine/w-0-machine InfrastructureNotFound"},
		},
		"a VM that is gone, before its condition says so": {
			change: func(s *Snapshot) {
				s.Machines[0].VMGone = true
				s.Machines[0].fails(infrav1.NodeInitializedCondition, infrav1.WaitingForNodeReason, time.Minute)
			},
			want: []string{"blocks HarvesterMachine/cp-0 VMMissing"},
		},
		"a VM that was not made yet": {
			change: func(s *Snapshot) {
				s.Machines[0].VMGone = true
				s.Machines[0].fails(infrav1.VMProvisionedCondition, infrav1.ImageNotReadyReason, time.Minute)
			},
			want: []string{"progress HarvesterMachine/cp-0 ImageNotReady"},
		},
		"what is being deleted is asked about its deletion": {
			change: func(s *Snapshot) {
				s.Machines[0].Infra.DeletionTimestamp = &metav1.Time{Time: now.Add(-time.Hour)}
				s.Machines[0].fails(infrav1.VMRunningCondition, infrav1.VMStoppedReason, time.Hour)
				set(&s.Machines[0].Infra.Status.Conditions, metav1.Condition{Type: infrav1.DeletingCondition, Status: metav1.ConditionTrue, Reason: infrav1.DeletingVMReason})
			},
			want: []string{"blocks HarvesterMachine/cp-0 DeletingVM"},
		},
		"credentials that expire are a warning": {
			change: func(s *Snapshot) {
				s.clusterFails(infrav1.CredentialsValidCondition, infrav1.CredentialsExpireSoonReason, time.Minute)
			},
			want: []string{"warning HarvesterCluster/demo CredentialsExpireSoon"},
		},
		"a pool of claims matters to those that wait for one": {
			change: func(s *Snapshot) {
				s.Claimed = []infrav1.HarvesterIPPool{{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: "pool"}}}
				set(&s.Claimed[0].Status.Conditions, metav1.Condition{Type: infrav1.ReadyCondition, Status: metav1.ConditionFalse, Reason: infrav1.PoolNotFoundReason})
				s.Machines[1].fails(infrav1.AddressReadyCondition, infrav1.WaitingForAddressClaimReason, time.Second)
			},
			want: []string{"blocks HarvesterIPPool/pool PoolNotFound", "progress HarvesterMachine/w-0 WaitingForAddressClaim"},
		},
		"a Node that is not ready": {
			change: func(s *Snapshot) {
				s.Nodes["w-0"].Status.Conditions[0].Status = corev1.ConditionUnknown
				s.Nodes["w-0"].Status.Conditions[0].LastTransitionTime = metav1.NewTime(now.Add(-time.Hour))
			},
			want: []string{"blocks HarvesterMachine/w-0 NodeNotReady"},
		},
		"what Cluster API says of a machine, if nothing of ours does": {
			change: func(s *Snapshot) {
				s.Machines[1].Machine.Status.Conditions = []metav1.Condition{
					{Type: clusterv1.MachineReadyCondition, Status: metav1.ConditionFalse, Reason: "NotReady"},
					{Type: clusterv1.MachineNodeHealthyCondition, Status: metav1.ConditionFalse, Reason: "NodeUnhealthy", LastTransitionTime: metav1.NewTime(now)},
				}
			},
			want: []string{"progress Machine/w-0-machine NodeUnhealthy"},
		},
		"what it says of the cluster": {
			change: func(s *Snapshot) {
				s.Cluster.Status.Conditions = []metav1.Condition{{Type: clusterv1.ClusterTopologyReconciledCondition, Status: metav1.ConditionFalse, Reason: "ReconcileFailed"}}
			},
			want: []string{"blocks Cluster/demo ReconcileFailed"},
		},
		"a reason of a newer manager": {
			change: func(s *Snapshot) { s.Machines[0].fails(infrav1.VMRunningCondition, "VMDreams", time.Second) },
			want:   []string{"blocks HarvesterMachine/cp-0 VMDreams"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := world()
			test.change(s)
			findings := Diagnose(s)
			var got []string
			for _, f := range findings {
				got = append(got, listed(f))
				assert.NotRegexp(t, `\{[a-z]+\}`, f.Do)
			}
			assert.Equal(t, test.want, got)
			assert.Equal(t, !slices.ContainsFunc(got, func(line string) bool { return line[:7] != "warning" }), Ready(findings))
		})
	}
}

func TestWhatIsSaidOfOneMachine(t *testing.T) {
	broken := func(s *Snapshot) {
		s.clusterFails(infrav1.CredentialsValidCondition, infrav1.CredentialsExpireSoonReason, time.Minute)
		s.Machines[0].fails(infrav1.VMRunningCondition, infrav1.VMUnschedulableReason, time.Minute)
	}
	for name, test := range map[string]struct {
		focus  string
		change func(s *Snapshot)
		want   []string
	}{
		"by its Machine": {focus: "cp-0-machine", change: func(*Snapshot) {}, want: []string{"blocks HarvesterMachine/cp-0 VMUnschedulable", "warning HarvesterCluster/demo CredentialsExpireSoon"}},
		"another's fault is not its own": {focus: "w-0", change: func(s *Snapshot) {
			s.clusterFails(infrav1.LoadBalancerReadyCondition, infrav1.LoadBalancerNotOwnedReason, time.Hour)
		}, want: []string{"warning HarvesterCluster/demo LoadBalancerNotOwned", "warning HarvesterCluster/demo CredentialsExpireSoon"}},
		"unless it waits for that": {focus: "w-0", change: func(s *Snapshot) {
			s.Machines[1].fails(infrav1.BootstrapReadyCondition, infrav1.WaitingForBootstrapDataReason, time.Minute)
		}, want: []string{
			"blocks HarvesterMachine/cp-0 VMUnschedulable", "follows HarvesterMachine/w-0 WaitingForBootstrapData", "warning HarvesterCluster/demo CredentialsExpireSoon",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := world()
			s.Focus = test.focus
			broken(s)
			test.change(s)
			var got []string
			for _, f := range Diagnose(s) {
				got = append(got, listed(f))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// The order in which servers list things does not change the answer.
func TestOneWorldGivesOneAnswer(t *testing.T) {
	answers := Answers()
	reasons := make([]string, 0, len(answers))
	for one := range answers {
		reasons = append(reasons, one)
	}
	slices.Sort(reasons)
	rapid.Check(t, func(t *rapid.T) {
		s := world()
		count := rapid.IntRange(1, 6).Draw(t, "machines")
		s.Machines = nil
		for i := range count {
			m := machine(fmt.Sprintf("m-%d", i), rapid.Bool().Draw(t, "control plane"))
			for _, step := range machineSteps {
				if rapid.IntRange(0, 3).Draw(t, "fails") == 0 {
					m.fails(step, rapid.SampledFrom(reasons).Draw(t, "reason"), time.Duration(rapid.IntRange(0, 100).Draw(t, "minutes"))*time.Minute)
				}
			}
			s.Machines = append(s.Machines, m)
		}
		first := Diagnose(s)
		slices.Reverse(s.Machines)
		require.Equal(t, first, Diagnose(s))
		for i := 1; i < len(first); i++ {
			require.LessOrEqual(t, slices.Index(classOrder, first[i-1].Class), slices.Index(classOrder, first[i].Class))
		}
		for i := range s.Machines {
			m := &s.Machines[i]
			failing := slices.ContainsFunc(m.Infra.Status.Conditions, func(c metav1.Condition) bool { return c.Status != metav1.ConditionTrue })
			found := slices.ContainsFunc(first, func(f Finding) bool { return f.Name == m.Infra.Name })
			require.Equal(t, failing, found, m.Infra.Name)
		}
	})
}
