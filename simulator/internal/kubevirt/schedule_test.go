package kubevirt

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

func host(name, zone string) corev1.Node {
	return corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelTopologyZone: zone, SchedulableLabel: "true", "network.harvesterhci.io/production": "true",
		}},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
}

func placed(name, node, role string) kubevirtv1.VirtualMachineInstance {
	return kubevirtv1.VirtualMachineInstance{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name), Labels: map[string]string{"role": role}},
		Status:     kubevirtv1.VirtualMachineInstanceStatus{NodeName: node, Phase: kubevirtv1.Running},
	}
}

func requireNode(key string, values ...string) *corev1.Affinity {
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{
		{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: values}}},
	}}}}
}

func term(role, topology string) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"role": role}}, TopologyKey: topology}
}

func TestPickNode(t *testing.T) {
	nodes := []corev1.Node{host("a", "east"), host("b", "west"), host("c", "east")}
	cordoned, notReady, witness := host("cordoned", "north"), host("not-ready", "north"), host("witness", "north")
	cordoned.Spec.Unschedulable = true
	notReady.Status.Conditions[0].Status = corev1.ConditionFalse
	witness.Labels[SchedulableLabel] = "false"
	nodes = append(nodes, cordoned, notReady, witness)
	antiPreferred := &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: term("cp", corev1.LabelHostname)}}}}
	antiRequired := &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term("cp", corev1.LabelHostname)}}}
	antiZone := &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term("cp", corev1.LabelTopologyZone)}}}
	with := &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term("cp", corev1.LabelHostname)}}}
	prefer := &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 5, Preference: corev1.NodeSelectorTerm{
		MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{"west"}}},
	}}}}}
	tests := []struct {
		name     string
		affinity *corev1.Affinity
		others   []kubevirtv1.VirtualMachineInstance
		want     string
	}{
		{"the first by name", nil, nil, "a"},
		{"the emptiest", nil, []kubevirtv1.VirtualMachineInstance{placed("1", "a", "x"), placed("2", "b", "x")}, "c"},
		{"a required zone", requireNode(corev1.LabelTopologyZone, "west"), nil, "b"},
		{"a zone that is not there", requireNode(corev1.LabelTopologyZone, "south"), nil, ""},
		{"only unusable hosts", requireNode(corev1.LabelTopologyZone, "north"), nil, ""},
		{"a preferred zone", prefer, []kubevirtv1.VirtualMachineInstance{placed("1", "b", "x")}, "b"},
		{"spread", antiPreferred, []kubevirtv1.VirtualMachineInstance{placed("1", "a", "cp"), placed("2", "b", "x"), placed("3", "b", "x"), placed("4", "c", "cp")}, "b"},
		{"spread gives way", antiPreferred, []kubevirtv1.VirtualMachineInstance{placed("1", "a", "cp"), placed("2", "b", "cp"), placed("3", "c", "cp")}, "a"},
		{"required spread does not", antiRequired, []kubevirtv1.VirtualMachineInstance{placed("1", "a", "cp"), placed("2", "b", "cp"), placed("3", "c", "cp")}, ""},
		{"spread over zones", antiZone, []kubevirtv1.VirtualMachineInstance{placed("1", "a", "cp")}, "b"},
		{"together", with, []kubevirtv1.VirtualMachineInstance{placed("1", "b", "cp")}, "b"},
		{"together with none yet", with, nil, "a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			vmi := placed("new", "", "cp")
			vmi.Spec.Affinity = test.affinity
			got, ok := PickNode(&vmi, nodes, test.others)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.want != "", ok)
		})
	}
}
