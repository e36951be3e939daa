package platform

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kubevirt"
)

// Node is the object of a host, with the labels that Harvester and its administrators put there.
func Node(host Host) *corev1.Node {
	labels := map[string]string{
		corev1.LabelHostname:                    host.Name,
		corev1.LabelOSStable:                    "linux",
		corev1.LabelArchStable:                  "amd64",
		"harvesterhci.io/managed":               "true",
		"node-role.kubernetes.io/control-plane": "true",
		"network.harvesterhci.io/mgmt":          "true",
		"node-role.harvesterhci.io/management":  "true",
		kubevirt.SchedulableLabel:               "true",
	}
	if host.Witness {
		delete(labels, "node-role.harvesterhci.io/management")
		labels["node-role.harvesterhci.io/witness"] = "true"
		labels[kubevirt.SchedulableLabel] = "false"
	}
	for key, value := range map[string]string{corev1.LabelTopologyZone: host.Zone, corev1.LabelTopologyRegion: host.Region} {
		if value != "" {
			labels[key] = value
		}
	}
	for _, network := range host.Networks {
		labels["network.harvesterhci.io/"+network] = "true"
	}
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"), corev1.ResourcePods: resource.MustParse("200"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: host.Name, Labels: labels},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: capacity,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}},
		},
	}
}
