package restore

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// legacyRKE2 marks an RKE2ControlPlane whose etcd certificates were made by RKE2 itself.
const legacyRKE2 = "controlplane.cluster.x-k8s.io/legacy"

// secretsOfControlPlane are the Secrets, by the suffix that follows the Cluster's name, that a control-plane provider makes
// for a cluster once and cannot make again: it would make others without a word, and no machine could join any more. Of a
// control plane that is not known, or not Cluster API's, only the kubeconfig is.
var secretsOfControlPlane = map[string][]string{
	"RKE2ControlPlane":    {"ca", "cca", "etcd", "peer-etcd", "token"},
	"KubeadmControlPlane": {"ca", "etcd", "proxy", "sa"},
	"":                    {"kubeconfig"},
}

// certificates lists the Secrets without which a Cluster's control plane cannot go on. A Cluster whose control plane was
// never begun needs none: they are made with the first machine. Pure.
func certificates(cluster *unstructured.Unstructured, all []*unstructured.Unstructured) []reference {
	if cluster.GetKind() != clusterv1.ClusterKind || cluster.GroupVersionKind().Group != clusterv1.GroupVersion.Group || !begun(cluster, all) {
		return nil
	}
	kind, _, _ := unstructured.NestedString(cluster.Object, "spec", "controlPlaneRef", "kind")
	suffixes, known := secretsOfControlPlane[kind]
	if !known {
		suffixes = secretsOfControlPlane[""]
	}

	var found []reference
	for _, suffix := range suffixes {
		if kind == "RKE2ControlPlane" && (suffix == "etcd" || suffix == "peer-etcd") && isLegacy(cluster, all) {
			continue
		}
		found = append(found, reference{"", "Secret", cluster.GetNamespace(), cluster.GetName() + "-" + suffix})
	}

	return found
}

// begun tells whether the cluster has a control plane: its status says so, in either version, or a machine of it is there.
func begun(cluster *unstructured.Unstructured, all []*unstructured.Unstructured) bool {
	for _, path := range [][]string{{"status", "initialization", "controlPlaneInitialized"}, {"status", "controlPlaneReady"}} {
		if said, _, _ := unstructured.NestedBool(cluster.Object, path...); said {
			return true
		}
	}
	for _, object := range all {
		labels := object.GetLabels()
		_, controlPlane := labels[clusterv1.MachineControlPlaneLabel]
		if controlPlane && object.GetKind() == "Machine" && object.GetNamespace() == cluster.GetNamespace() && labels[clusterv1.ClusterNameLabel] == cluster.GetName() {
			return true
		}
	}

	return false
}

func isLegacy(cluster *unstructured.Unstructured, all []*unstructured.Unstructured) bool {
	name, _, _ := unstructured.NestedString(cluster.Object, "spec", "controlPlaneRef", "name")
	for _, object := range all {
		if object.GetKind() == "RKE2ControlPlane" && object.GetNamespace() == cluster.GetNamespace() && object.GetName() == name {
			_, legacy := object.GetAnnotations()[legacyRKE2]
			return legacy
		}
	}

	return false
}
