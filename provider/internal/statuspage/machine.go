package statuspage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Steps are the steps of a machine in their order: the condition that tells of each, and its name on the page.
var Steps = []struct{ Condition, Title string }{
	{infrav1.AddressReadyCondition, "address"},
	{infrav1.BootstrapReadyCondition, "bootstrap data"},
	{infrav1.VMProvisionedCondition, "VM made"},
	{infrav1.VMRunningCondition, "VM running"},
	{infrav1.AddressesReportedCondition, "addresses known"},
	{infrav1.NodeInitializedCondition, "node"},
}

// State of a step.
type State string

// The states of a step.
const (
	StepDone    State = "done"
	StepActive  State = "active"
	StepPending State = "pending"
)

// Machine is one machine.
type Machine struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	Phase   string `json:"phase"`
	Ready   bool   `json:"ready"`
	Address string `json:"address,omitempty"`
	Zone    string `json:"zone,omitempty"`
	Node    string `json:"node,omitempty"`
	// Created is when the HarvesterMachine was created.
	Created time.Time `json:"created"`
	// Took is from its creation to its last step, or to now while there is one to do.
	Took  time.Duration `json:"tookNanoseconds"`
	Steps []Step        `json:"steps"`
	// Problem is what the machine waits for; nil when it is ready.
	Problem *Problem `json:"problem,omitempty"`

	version string
	leftOut bool
}

// Step is one step of a machine. Start and End count from the machine's creation.
type Step struct {
	Title string        `json:"title"`
	State State         `json:"state"`
	Start time.Duration `json:"startNanoseconds"`
	End   time.Duration `json:"endNanoseconds"`
}

// machinesByCluster joins Machines with their HarvesterMachines. A HarvesterMachine without a Machine is shown as well: it
// may be what is left of one.
func machinesByCluster(s Snapshot, now time.Time) map[client.ObjectKey][]Machine {
	owners := map[client.ObjectKey]*clusterv1.Machine{}
	for i := range s.Machines {
		machine := &s.Machines[i]
		owners[client.ObjectKey{Namespace: machine.Namespace, Name: machine.Spec.InfrastructureRef.Name}] = machine
	}
	found := map[client.ObjectKey][]Machine{}
	for i := range s.InfraMachines {
		infra := &s.InfraMachines[i]
		key := client.ObjectKey{Namespace: infra.Namespace, Name: infra.Labels[clusterv1.ClusterNameLabel]}
		found[key] = append(found[key], newMachine(infra, owners[client.ObjectKeyFromObject(infra)], now))
	}
	for _, machines := range found {
		slices.SortFunc(machines, func(a, b Machine) int {
			return cmp.Or(strings.Compare(a.Role, b.Role), strings.Compare(a.Name, b.Name))
		})
	}
	return found
}

// newMachine makes one machine; its owner may be nil.
func newMachine(infra *infrav1.HarvesterMachine, owner *clusterv1.Machine, now time.Time) Machine {
	made := Machine{
		Name: infra.Name, Role: "worker", Phase: "Pending", Zone: infra.Status.FailureDomain, Created: infra.CreationTimestamp.UTC(),
		Ready: meta.IsStatusConditionTrue(infra.Status.Conditions, infrav1.ReadyCondition) && infra.DeletionTimestamp.IsZero(),
	}
	if _, controlPlane := infra.Labels[clusterv1.MachineControlPlaneLabel]; controlPlane {
		made.Role = "control plane"
	}
	for _, address := range infra.Status.Addresses {
		if address.Type == clusterv1.MachineInternalIP {
			made.Address = address.Address
			break
		}
	}
	if owner != nil {
		made.Phase = cmp.Or(owner.Status.Phase, made.Phase)
		made.Node, made.version = owner.Status.NodeRef.Name, owner.Spec.Version
	}
	if !infra.DeletionTimestamp.IsZero() {
		made.Phase = string(clusterv1.MachinePhaseDeleting)
	}
	made.Steps, made.Took = steps(infra.Status.Conditions, made.Created, now)
	made.Problem = firstProblem(infra)
	return made
}

// steps lays a machine's steps one behind the other: each lasts until its condition turned true, the first one that has not
// until now, and those behind it have not begun. A condition that turned true before the one in front of it took no time.
func steps(conditions []metav1.Condition, created, now time.Time) (laid []Step, took time.Duration) {
	active := false
	for _, step := range Steps {
		one := Step{Title: step.Title, State: StepPending, Start: took, End: took}
		condition := meta.FindStatusCondition(conditions, step.Condition)
		switch {
		case active:
		case condition != nil && condition.Status == metav1.ConditionTrue:
			one.State, one.End = StepDone, max(took, condition.LastTransitionTime.Sub(created))
		default:
			one.State, one.End, active = StepActive, max(took, now.Sub(created)), true
		}
		took = one.End
		laid = append(laid, one)
	}
	return laid, took
}

// firstProblem is what a machine waits for: its deletion's step, or the first condition in the order of the steps that is
// not met.
func firstProblem(infra *infrav1.HarvesterMachine) *Problem {
	if !infra.DeletionTimestamp.IsZero() {
		if condition := meta.FindStatusCondition(infra.Status.Conditions, infrav1.DeletingCondition); condition != nil {
			return problem(*condition)
		}
	}
	for _, step := range Steps {
		condition := meta.FindStatusCondition(infra.Status.Conditions, step.Condition)
		if condition != nil && condition.Status != metav1.ConditionTrue {
			return problem(*condition)
		}
	}
	if condition := meta.FindStatusCondition(infra.Status.Conditions, infrav1.ReadyCondition); condition != nil && condition.Status != metav1.ConditionTrue {
		return problem(*condition)
	}
	return nil
}

// clusterConditions are the conditions of a HarvesterCluster that have to be met. Ready repeats what they say.
var clusterConditions = []string{
	infrav1.HarvesterConnectionReadyCondition, infrav1.CredentialsValidCondition, infrav1.TargetNamespaceReadyCondition,
	infrav1.IPPoolsReadyCondition, infrav1.LoadBalancerReadyCondition, infrav1.CloudProviderConfigReadyCondition,
}

// clusterProblems are the conditions of a HarvesterCluster that are not met, or what its deletion waits for.
func clusterProblems(infra *infrav1.HarvesterCluster) []Problem {
	if !infra.DeletionTimestamp.IsZero() {
		if condition := meta.FindStatusCondition(infra.Status.Conditions, infrav1.DeletingCondition); condition != nil {
			return []Problem{*problem(*condition)}
		}
	}
	var found []Problem
	for _, name := range clusterConditions {
		if condition := meta.FindStatusCondition(infra.Status.Conditions, name); condition != nil && condition.Status == metav1.ConditionFalse {
			found = append(found, *problem(*condition))
		}
	}
	return found
}

func problem(condition metav1.Condition) *Problem {
	return &Problem{Condition: condition.Type, Reason: condition.Reason, Message: condition.Message, Since: condition.LastTransitionTime.UTC()}
}

// The shortest and the longest time that a bar's full width stands for.
const (
	shortestScale = time.Minute
	longestScale  = time.Hour
)

// scaleOf is one scale for all machines of a cluster, so that their bars can be compared.
func scaleOf(machines []Machine) time.Duration {
	scale := shortestScale
	for i := range machines {
		scale = max(scale, machines[i].Took)
	}
	return min(scale, longestScale)
}
