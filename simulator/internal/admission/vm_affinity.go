package admission

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

// networkLabelGroup prefixes the node labels that tell which cluster networks a host carries.
const networkLabelGroup = "network.harvesterhci.io"

// cpuManagerLabels mark hosts that can pin CPUs, before Harvester 1.9 and since.
const (
	formerCPUManagerLabel = "cpumanager"
	cpuManagerLabel       = "kubevirt.io/cpumanager"
)

// cpuManager is the label of a release.
func cpuManager(quirks version.Quirks) string {
	if quirks.QualifiedCPUManager {
		return cpuManagerLabel
	}
	return formerCPUManagerLabel
}

// rewriteAffinity strips what users may not ask for and demands hosts that carry the machine's networks, in every
// required term. It owns the affinity it is given.
func rewriteAffinity(affinity *corev1.Affinity, clusterNetworks []string, dedicatedCPU bool, cpuManager string) *corev1.Affinity {
	if affinity == nil {
		affinity = &corev1.Affinity{}
	}
	if affinity.NodeAffinity == nil {
		affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	var terms []corev1.NodeSelectorTerm
	if required := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; required != nil {
		terms = stripReserved(required.NodeSelectorTerms, cpuManager)
	}
	for _, name := range clusterNetworks {
		terms = demand(terms, networkLabelGroup+"/"+name)
	}
	if dedicatedCPU {
		terms = demand(terms, cpuManager)
	}
	affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
	if len(terms) > 0 {
		affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{NodeSelectorTerms: terms}
	} else if len(affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) == 0 {
		affinity.NodeAffinity = nil
	}
	return affinity
}

// checkCPUManager refuses a change of what an affinity says of the CPU manager: it is the webhook's to say, and who writes a
// VM as a whole has to keep it.
func checkCPUManager(old, vm *kubevirtv1.VirtualMachine) error {
	if equality.Semantic.DeepEqual(cpuManagerTerms(old), cpuManagerTerms(vm)) {
		return nil
	}
	return invalid("spec.template.spec.affinity.nodeAffinity", "the "+cpuManagerLabel+" expression is managed by Harvester and cannot be changed")
}

// cpuManagerTerms are the expressions about the CPU manager, by term.
func cpuManagerTerms(vm *kubevirtv1.VirtualMachine) []corev1.NodeSelectorRequirement {
	if vm.Spec.Template == nil || vm.Spec.Template.Spec.Affinity == nil || vm.Spec.Template.Spec.Affinity.NodeAffinity == nil {
		return nil
	}
	required := vm.Spec.Template.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return nil
	}
	var found []corev1.NodeSelectorRequirement
	for _, term := range required.NodeSelectorTerms {
		for _, expression := range term.MatchExpressions {
			if expression.Key == cpuManagerLabel {
				found = append(found, expression)
			}
		}
	}
	return found
}

// stripReserved drops expressions about networks and the CPU manager, and terms that nothing is left of.
func stripReserved(terms []corev1.NodeSelectorTerm, cpuManager string) []corev1.NodeSelectorTerm {
	var kept []corev1.NodeSelectorTerm
	for _, term := range terms {
		term.MatchExpressions = slices.DeleteFunc(slices.Clone(term.MatchExpressions), func(expression corev1.NodeSelectorRequirement) bool {
			return strings.HasPrefix(expression.Key, networkLabelGroup) || expression.Key == cpuManager
		})
		if len(term.MatchExpressions) > 0 {
			kept = append(kept, term)
		}
	}
	return kept
}

// demand adds "label is true" to every term, or makes one.
func demand(terms []corev1.NodeSelectorTerm, label string) []corev1.NodeSelectorTerm {
	expression := corev1.NodeSelectorRequirement{Key: label, Operator: corev1.NodeSelectorOpIn, Values: []string{"true"}}
	if len(terms) == 0 {
		return []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{expression}}}
	}
	for i := range terms {
		if !slices.ContainsFunc(terms[i].MatchExpressions, func(other corev1.NodeSelectorRequirement) bool {
			return other.String() == expression.String()
		}) {
			terms[i].MatchExpressions = append(terms[i].MatchExpressions, expression)
		}
	}
	return terms
}
