package doctor

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// machine says the first thing that keeps one machine from being ready, if there is any.
func (d *diagnosis) machine(m *Machine) {
	switch {
	case m.Infra == nil && m.Machine == nil:
	case m.Infra == nil:
		if name := m.Machine.Spec.InfrastructureRef.Name; name != "" && m.Machine.Spec.InfrastructureRef.Kind == kindInfraMachine {
			message := fmt.Sprintf("HarvesterMachine %s/%s does not exist", m.Machine.Namespace, name)
			about := d.machineSubject(kindMachine, m.Machine, m)
			d.add(about.finding(d.snapshot.Now, d.own[ReasonInfrastructureNotFound], "", ReasonInfrastructureNotFound, message, at(m.Machine.CreationTimestamp), 0))
		}
	case !d.infraMachine(m):
		d.node(m)
	}
}

// infraMachine reports whether it found something in the HarvesterMachine and the VM.
func (d *diagnosis) infraMachine(m *Machine) bool {
	about := d.machineSubject(kindInfraMachine, m.Infra, m)
	deleting := !m.Infra.DeletionTimestamp.IsZero()
	steps := machineSteps
	if deleting {
		steps = deletionSteps
	}
	first, found := firstUnmet(m.Infra.Status.Conditions, steps, d.answers)
	var finding Finding
	switch {
	case !deleting && m.VMGone && meta.IsStatusConditionTrue(m.Infra.Status.Conditions, infrav1.VMProvisionedCondition):
		message := fmt.Sprintf("VM %s/%s does not exist on Harvester", d.target(), m.Infra.Name)
		finding = about.finding(d.snapshot.Now, d.answers[infrav1.VMMissingReason], infrav1.VMProvisionedCondition, infrav1.VMMissingReason, message, nil, len(machineSteps))
	case found:
		finding = about.condition(d.snapshot.Now, first, m.Infra.DeletionTimestamp)
	case len(m.Infra.Status.Conditions) == 0 && !isPaused(d.snapshot.Cluster):
		finding = about.finding(d.snapshot.Now, d.own[ReasonNotReconciled], "", ReasonNotReconciled, "The object has no conditions", at(m.Infra.CreationTimestamp), 0)
	default:
		return false
	}
	finding.Seen = d.seen(m, finding.Reason)
	d.add(finding)
	return true
}

func (d *diagnosis) target() string {
	if d.snapshot.Infra == nil {
		return ""
	}
	return d.snapshot.Infra.Spec.TargetNamespace
}

// seen is what else is known of a machine.
func (d *diagnosis) seen(m *Machine, reason string) []string {
	var seen []string
	if m.VM != nil {
		state := harvesterclient.DescribeVM(m.VM, m.VMI)
		text := fmt.Sprintf("VM %s/%s: %s, %s", m.VM.Namespace, m.VM.Name, state.Phase, state.Reason)
		if state.NodeName != "" {
			text += " on host " + state.NodeName
		}
		if state.Message != "" {
			text += ": " + state.Message
		}
		seen = append(seen, text)
	}
	if reason == infrav1.WaitingForBootstrapDataReason && m.Machine != nil {
		if c := meta.FindStatusCondition(m.Machine.Status.Conditions, clusterv1.MachineBootstrapConfigReadyCondition); c != nil && c.Message != "" {
			seen = append(seen, fmt.Sprintf("Machine %s, %s: %s", m.Machine.Name, c.Type, c.Message))
		}
	}
	if reason == infrav1.PoolExhaustedReason {
		for i := range d.snapshot.Pools {
			pool := &d.snapshot.Pools[i]
			seen = append(seen, fmt.Sprintf("IPPool %s: %d of %d addresses are free", pool.Name, pool.Status.Available, pool.Status.Total))
		}
	}
	return seen
}

// node looks at the Node, and then at what Cluster API says of the Machine.
func (d *diagnosis) node(m *Machine) {
	node, known := d.snapshot.Nodes[m.Infra.Name]
	if known {
		for _, condition := range node.Status.Conditions {
			if condition.Type != corev1.NodeReady || condition.Status == corev1.ConditionTrue {
				continue
			}
			about := d.machineSubject(kindInfraMachine, m.Infra, m)
			message := fmt.Sprintf("Node %s: %s: %s", node.Name, condition.Reason, condition.Message)
			finding := about.finding(d.snapshot.Now, d.own[ReasonNodeNotReady], "", ReasonNodeNotReady, message, at(condition.LastTransitionTime), len(machineSteps))
			finding.Seen = d.seen(m, ReasonNodeNotReady)
			d.add(finding)
			return
		}
	}
	if m.Machine != nil && m.Machine.DeletionTimestamp.IsZero() {
		d.coreConditions(d.machineSubject(kindMachine, m.Machine, m), m.Machine.Status.Conditions, machineConditions())
	}
}

// core looks at what Cluster API says of the Cluster, where nothing of ours says why it is not ready.
func (d *diagnosis) core() {
	for i := range d.findings {
		if d.findings[i].Class != ClassWarning {
			return
		}
	}
	d.coreConditions(d.clusterSubject(kindCluster, d.snapshot.Cluster), d.snapshot.Cluster.Status.Conditions, clusterConditions())
}

func (d *diagnosis) coreConditions(about subject, conditions []metav1.Condition, known []coreCondition) {
	for step, core := range known {
		condition := meta.FindStatusCondition(conditions, core.conditionType)
		if condition == nil || condition.Status == metav1.ConditionTrue {
			continue
		}
		d.add(about.finding(d.snapshot.Now, core.answer, condition.Type, condition.Reason, condition.Message, at(condition.LastTransitionTime), len(machineSteps)+step))
		return
	}
}

// machineSubject is a machine's object: of the control plane or a worker.
func (d *diagnosis) machineSubject(kind string, object metav1.Object, m *Machine) subject {
	t := terms{namespace: object.GetNamespace(), name: object.GetName()}
	if m.Machine != nil {
		t.owner = m.Machine.Name
	}
	about := subject{kind: kind, namespace: t.namespace, name: t.name, level: levelWorker, fill: d.fill(t)}
	if _, controlPlane := object.GetLabels()[clusterv1.MachineControlPlaneLabel]; controlPlane {
		about.level = levelControlPlane
	}
	return about
}
