package harvestermachine

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// spreadWeight is the weight of keeping replicas apart: the highest, as nothing else of ours competes with it.
const spreadWeight = 100

// nodeAffinity is the user's affinity with the zone required on top. The result shares nothing with the argument, which
// is the user's spec. Terms of a node selector are alternatives, so the zone goes into each of them.
func nodeAffinity(user *corev1.NodeAffinity, zone string) *corev1.NodeAffinity {
	affinity := user.DeepCopy()
	if zone == "" {
		return affinity
	}
	if affinity == nil {
		affinity = &corev1.NodeAffinity{}
	}
	if affinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		affinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{}
	}
	required := affinity.RequiredDuringSchedulingIgnoredDuringExecution
	if len(required.NodeSelectorTerms) == 0 {
		required.NodeSelectorTerms = []corev1.NodeSelectorTerm{{}}
	}
	for i := range required.NodeSelectorTerms {
		term := &required.NodeSelectorTerms[i]
		term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{
			Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone},
		})
	}
	return affinity
}

// spread asks, without insisting, for replicas of one group to be on different hosts. It must not insist: a VM that
// can only run on one host blocks the upgrade of Harvester, and one that finds no free host never starts.
func spread(group string) *corev1.PodAntiAffinity {
	if group == "" {
		return nil
	}
	return &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight: spreadWeight,
			PodAffinityTerm: corev1.PodAffinityTerm{
				TopologyKey:   corev1.LabelHostname,
				LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{names.SpreadGroupLabel: group}},
			},
		}},
	}
}
