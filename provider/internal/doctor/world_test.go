package doctor

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// now is when all snapshots of the tests are taken.
var now = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// world is a cluster of which all is well: a control plane cp-0 and a worker w-0.
func world() *Snapshot {
	s := &Snapshot{
		Now: now,
		Cluster: &clusterv1.Cluster{
			ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: "demo"},
			Spec:       clusterv1.ClusterSpec{InfrastructureRef: clusterv1.ContractVersionedObjectReference{Kind: kindInfra, Name: "demo"}},
		},
		Infra: &infrav1.HarvesterCluster{
			ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: "demo"},
			Spec:       infrav1.HarvesterClusterSpec{TargetNamespace: "vms", IdentitySecret: infrav1.SecretReference{Namespace: "demo", Name: "identity"}},
		},
		Nodes:    map[string]corev1.Node{},
		Managers: []Manager{{Namespace: "caphv-system", Name: "caphv-controller-manager", Desired: 1, Ready: 1}},
		Warnings: map[Ref]corev1.Event{},
	}
	for _, one := range append(append([]string{}, clusterSteps...), clusterWarnings...) {
		set(&s.Infra.Status.Conditions, isTrue(one))
	}
	s.Machines = []Machine{machine("cp-0", true), machine("w-0", false)}
	for _, name := range []string{"cp-0", "w-0"} {
		s.Nodes[name] = corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
		}
	}
	return s
}

func machine(name string, controlPlane bool) Machine {
	labels := map[string]string{clusterv1.ClusterNameLabel: "demo"}
	if controlPlane {
		labels[clusterv1.MachineControlPlaneLabel] = ""
	}
	m := Machine{
		Machine: &clusterv1.Machine{
			ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: name + "-machine", Labels: labels},
			Spec:       clusterv1.MachineSpec{InfrastructureRef: clusterv1.ContractVersionedObjectReference{Kind: kindInfraMachine, Name: name}},
		},
		Infra: &infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: name, Labels: labels}},
	}
	for _, one := range machineSteps {
		set(&m.Infra.Status.Conditions, isTrue(one))
	}
	return m
}

func isTrue(conditionType string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: metav1.ConditionTrue, Reason: "AsItShouldBe", LastTransitionTime: metav1.NewTime(now.Add(-time.Hour))}
}

func set(conditions *[]metav1.Condition, condition metav1.Condition) {
	meta.RemoveStatusCondition(conditions, condition.Type)
	meta.SetStatusCondition(conditions, condition)
}

// fails sets a condition of a machine.
func (m *Machine) fails(conditionType, reason string, lasted time.Duration) {
	set(&m.Infra.Status.Conditions, metav1.Condition{
		Type: conditionType, Status: metav1.ConditionFalse, Reason: reason, Message: "as it is", LastTransitionTime: metav1.NewTime(now.Add(-lasted)),
	})
}

// clusterFails sets a condition of the cluster.
func (s *Snapshot) clusterFails(conditionType, reason string, lasted time.Duration) {
	set(&s.Infra.Status.Conditions, metav1.Condition{
		Type: conditionType, Status: metav1.ConditionFalse, Reason: reason, Message: "as it is", LastTransitionTime: metav1.NewTime(now.Add(-lasted)),
	})
}
