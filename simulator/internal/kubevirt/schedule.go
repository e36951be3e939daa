package kubevirt

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// SchedulableLabel marks nodes that can run virtual machines.
const SchedulableLabel = "kubevirt.io/schedulable"

// PickNode chooses the host for an instance as the scheduler would, or returns false if none will do. Required affinity
// and anti-affinity bind; of the hosts that remain the one with the best sum of preferences wins, then the one with the
// fewest machines, then the first by name. others are the instances that run already.
func PickNode(vmi *kubevirtv1.VirtualMachineInstance, nodes []corev1.Node, others []kubevirtv1.VirtualMachineInstance) (string, bool) {
	var candidates []candidate
	for i := range nodes {
		node := &nodes[i]
		if !usable(node) || !nodeFits(vmi.Spec, node) || !podsFit(vmi, node, nodes, others) {
			continue
		}
		candidates = append(candidates, candidate{
			name: node.Name, score: preference(vmi, node, nodes, others), machines: len(on(others, node.Name)),
		})
	}
	if len(candidates) == 0 {
		return "", false
	}
	return slices.MinFunc(candidates, candidate.compare).name, true
}

// candidate is a host that may run an instance.
type candidate struct {
	name            string
	score, machines int
}

func (c candidate) compare(other candidate) int {
	return cmp.Or(cmp.Compare(other.score, c.score), cmp.Compare(c.machines, other.machines), cmp.Compare(c.name, other.name))
}

func usable(node *corev1.Node) bool {
	if node.Spec.Unschedulable || node.Labels[SchedulableLabel] != "true" {
		return false
	}
	return slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
		return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	})
}

// nodeFits judges node selector and required node affinity.
func nodeFits(spec kubevirtv1.VirtualMachineInstanceSpec, node *corev1.Node) bool {
	pod := &corev1.Pod{Spec: corev1.PodSpec{NodeSelector: spec.NodeSelector, Affinity: spec.Affinity}}
	fits, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	return err == nil && fits
}

// podsFit judges required affinity and anti-affinity to other machines.
func podsFit(vmi *kubevirtv1.VirtualMachineInstance, node *corev1.Node, nodes []corev1.Node, others []kubevirtv1.VirtualMachineInstance) bool {
	affinity := vmi.Spec.Affinity
	if affinity == nil {
		return true
	}
	if affinity.PodAffinity != nil {
		for _, term := range affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if !near(vmi, term, node, nodes, others) && !firstOfItsKind(vmi, term, others) {
				return false
			}
		}
	}
	if affinity.PodAntiAffinity != nil {
		for _, term := range affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if near(vmi, term, node, nodes, others) {
				return false
			}
		}
	}
	return true
}

// preference sums the weights of what is preferred.
func preference(vmi *kubevirtv1.VirtualMachineInstance, node *corev1.Node, nodes []corev1.Node, others []kubevirtv1.VirtualMachineInstance) int {
	affinity, score := vmi.Spec.Affinity, 0
	if affinity == nil {
		return 0
	}
	if affinity.NodeAffinity != nil {
		if terms, err := nodeaffinity.NewPreferredSchedulingTerms(affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution); err == nil {
			score += int(terms.Score(node))
		}
	}
	if affinity.PodAffinity != nil {
		for _, preferred := range affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			if near(vmi, preferred.PodAffinityTerm, node, nodes, others) {
				score += int(preferred.Weight)
			}
		}
	}
	if affinity.PodAntiAffinity != nil {
		for _, preferred := range affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			if near(vmi, preferred.PodAffinityTerm, node, nodes, others) {
				score -= int(preferred.Weight)
			}
		}
	}
	return score
}

// near tells whether a machine that the term selects runs in the node's topology domain.
func near(vmi *kubevirtv1.VirtualMachineInstance, term corev1.PodAffinityTerm, node *corev1.Node, nodes []corev1.Node, others []kubevirtv1.VirtualMachineInstance) bool {
	domain, ok := node.Labels[term.TopologyKey]
	if !ok {
		return false
	}
	for i := range nodes {
		if nodes[i].Labels[term.TopologyKey] != domain {
			continue
		}
		for _, other := range on(others, nodes[i].Name) {
			if other.UID != vmi.UID && selected(vmi.Namespace, term, other) {
				return true
			}
		}
	}
	return false
}

// firstOfItsKind tells whether an affinity can be waived because the machine selects itself and no other exists.
func firstOfItsKind(vmi *kubevirtv1.VirtualMachineInstance, term corev1.PodAffinityTerm, others []kubevirtv1.VirtualMachineInstance) bool {
	for i := range others {
		if others[i].UID != vmi.UID && others[i].Status.NodeName != "" && selected(vmi.Namespace, term, &others[i]) {
			return false
		}
	}
	return selected(vmi.Namespace, term, vmi)
}

func selected(namespace string, term corev1.PodAffinityTerm, other *kubevirtv1.VirtualMachineInstance) bool {
	namespaces := term.Namespaces
	if len(namespaces) == 0 && term.NamespaceSelector == nil {
		namespaces = []string{namespace}
	}
	if term.NamespaceSelector == nil && !slices.Contains(namespaces, other.Namespace) {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
	return err == nil && selector.Matches(labels.Set(other.Labels))
}

// on are the instances that run, or are about to, on a node.
func on(instances []kubevirtv1.VirtualMachineInstance, node string) []*kubevirtv1.VirtualMachineInstance {
	var list []*kubevirtv1.VirtualMachineInstance
	for i := range instances {
		if instances[i].Status.NodeName == node && !instances[i].IsFinal() {
			list = append(list, &instances[i])
		}
	}
	return list
}
