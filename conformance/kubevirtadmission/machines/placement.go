package main

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

func nodeAffinities() []value {
	inZone := corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{"a", "b"}},
		{Key: "gpu", Operator: corev1.NodeSelectorOpDoesNotExist},
		{Key: "generation", Operator: corev1.NodeSelectorOpGt, Values: []string{"3"}},
	}}
	byName := corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{
		{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"host-0"}},
	}}

	return []value{
		{"required", func(vm *harvesterclient.VM) {
			vm.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{inZone, byName},
			}}
		}},
		{"preferred", func(vm *harvesterclient.VM) {
			vm.NodeAffinity = &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
				{Weight: 1, Preference: inZone}, {Weight: 100, Preference: byName},
			}}
		}},
		{"empty", func(vm *harvesterclient.VM) { vm.NodeAffinity = &corev1.NodeAffinity{} }},
	}
}

func siblings() corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{
		TopologyKey:   corev1.LabelHostname,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"cluster": "a"}},
		Namespaces:    []string{"vms"},
	}
}

func podAffinities() []value {
	return []value{
		{"required", func(vm *harvesterclient.VM) {
			vm.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{siblings()}}
		}},
		{"preferred", func(vm *harvesterclient.VM) {
			vm.PodAffinity = &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 50, PodAffinityTerm: siblings()}}}
		}},
	}
}

func podAntiAffinities() []value {
	return []value{
		{"required", func(vm *harvesterclient.VM) {
			vm.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{siblings()}}
		}},
		{"preferred", func(vm *harvesterclient.VM) {
			vm.PodAntiAffinity = &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: siblings()}}}
		}},
	}
}
