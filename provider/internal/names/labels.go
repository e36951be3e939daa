package names

import (
	"maps"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Labels go on everything that is created on Harvester for a cluster: they say that it is ours and whose it is.
func (c Cluster) Labels() map[string]string {
	labels := map[string]string{
		infrav1.ManagedByLabel:        infrav1.ManagedByValue,
		infrav1.ClusterNamespaceLabel: c.Namespace,
		clusterv1.ClusterNameLabel:    c.Name,
	}
	if c.ID != "" {
		labels[infrav1.ClusterIDLabel] = c.ID
	}
	return labels
}

// Owns tells whether the labels are those of something created for this cluster. What has no id is of an earlier release,
// and so are the clusters that it may belong to. A cluster whose id is not known yet goes by namespace and name.
func (c Cluster) Owns(labels map[string]string) bool {
	if !Carries(labels, Cluster{Namespace: c.Namespace, Name: c.Name}.Labels()) {
		return false
	}
	id, identified := labels[infrav1.ClusterIDLabel]
	return c.ID == "" || id == c.ID || (!identified && c.Adopted)
}

// Machine says which machine labels are about.
type Machine struct {
	// Cluster is the cluster it belongs to; the HarvesterMachine is in its namespace.
	Cluster Cluster
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
	labels := m.Cluster.Labels()
	labels[infrav1.MachineNameLabel] = m.Name
	labels[infrav1.HarvesterCreatorLabel] = infrav1.HarvesterCreatorValue
	labels[infrav1.HarvesterVMNameLabel] = m.VM
	labels[infrav1.HarvesterGuestClusterLabel] = m.Cluster.GuestCluster()
	if m.ControlPlane && m.Cluster.ID != "" {
		labels[infrav1.ControlPlaneOfLabel] = m.Cluster.ID
	}
	if m.ControlPlane && m.Cluster.OldSelector {
		labels[infrav1.MachineTypeLabel] = ControlPlaneMachineType(m.Cluster.Name)
	}
	if m.Group != "" {
		labels[SpreadGroupLabel] = m.Group
	}
	return labels
}

// OwnsMachine tells whether the labels are those of something created for this very HarvesterMachine.
func (c Cluster) OwnsMachine(labels map[string]string, machine string) bool {
	return c.Owns(labels) && labels[infrav1.MachineNameLabel] == machine
}

// GuestCluster is the name by which Harvester's cloud provider in the workload cluster, and Harvester for it, know the
// cluster's VMs and the load balancers of its Services. The cloud provider is configured with it by the user, so it is the
// plain name: clusters of one name may share it.
func (c Cluster) GuestCluster() string { return c.Name }

// Backends selects, by the labels of VM instances, the backends of the cluster's load balancer.
func (c Cluster) Backends() map[string][]string {
	if c.OldSelector {
		return OldBackends(c.Name)
	}
	return map[string][]string{infrav1.ControlPlaneOfLabel: {c.ID}}
}

// OldBackends is how earlier releases select: by the name alone, so that clusters of one name in a namespace on Harvester
// share their backends.
func OldBackends(cluster string) map[string][]string {
	return map[string][]string{infrav1.MachineTypeLabel: {ControlPlaneMachineType(cluster)}}
}

// ControlPlaneMachineType is the value by which load balancers of earlier releases select a cluster's control-plane VMs.
func ControlPlaneMachineType(cluster string) string {
	return labelValue(infrav1.ControlPlaneMachineTypePrefix + cluster)
}

// Carries tells whether labels hold all the wanted ones.
func Carries(labels, wanted map[string]string) bool {
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
