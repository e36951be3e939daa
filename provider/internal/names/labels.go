package names

import (
	"maps"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// ClusterLabels go on everything that is created on Harvester for a cluster: they say that it is ours and whose it is.
func ClusterLabels(namespace, cluster string) map[string]string {
	return map[string]string{
		infrav1.ManagedByLabel:        infrav1.ManagedByValue,
		infrav1.ClusterNamespaceLabel: namespace,
		clusterv1.ClusterNameLabel:    cluster,
	}
}

// OwnedByCluster tells whether the labels are those of something created for this cluster.
func OwnedByCluster(labels map[string]string, namespace, cluster string) bool {
	return contains(labels, ClusterLabels(namespace, cluster))
}

// Machine says which machine labels are about.
type Machine struct {
	// Namespace of the Cluster and of the HarvesterMachine, in the management cluster.
	Namespace string
	// Cluster is the name of the Cluster.
	Cluster string
	// Name of the HarvesterMachine.
	Name string
	// VM is the name of its virtual machine.
	VM string
	// ControlPlane is true for a machine of the control plane.
	ControlPlane bool
	// Group is what the machine is a replica of, in the form of SpreadGroup; empty when it is a single machine.
	Group string
}

// MachineLabels go on a VM, on its instance (by way of the VM's template) and on its cloud-init Secret. Beside ours
// there are those by which Harvester's load balancer, cloud provider, dashboard and webhooks know a guest cluster.
func MachineLabels(m Machine) map[string]string {
	labels := ClusterLabels(m.Namespace, m.Cluster)
	labels[infrav1.MachineNameLabel] = m.Name
	labels[infrav1.HarvesterCreatorLabel] = infrav1.HarvesterCreatorValue
	labels[infrav1.HarvesterVMNameLabel] = m.VM
	labels[infrav1.HarvesterGuestClusterLabel] = m.Cluster
	if m.ControlPlane {
		labels[infrav1.MachineTypeLabel] = ControlPlaneMachineType(m.Cluster)
	}
	if m.Group != "" {
		labels[SpreadGroupLabel] = m.Group
	}
	return labels
}

// OwnedByMachine tells whether the labels are those of something created for this very HarvesterMachine.
func OwnedByMachine(labels map[string]string, namespace, cluster, machine string) bool {
	return OwnedByCluster(labels, namespace, cluster) && labels[infrav1.MachineNameLabel] == machine
}

// ControlPlaneMachineType is the value by which the load balancer selects a cluster's control-plane VMs.
func ControlPlaneMachineType(cluster string) string {
	return labelValue(infrav1.ControlPlaneMachineTypePrefix + cluster)
}

func contains(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// Merged returns a new map of the labels and, over them, the wanted ones, so that the objects that hold the given maps are
// not changed by accident.
func Merged(labels, wanted map[string]string) map[string]string {
	result := make(map[string]string, len(labels)+len(wanted))
	maps.Copy(result, labels)
	maps.Copy(result, wanted)
	return result
}
