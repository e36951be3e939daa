package v1alpha1

import infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"

var (
	clusters         = pair[HarvesterCluster, infrav1.HarvesterCluster]{up: clusterUp, down: clusterDown, derive: clusterDerive}
	clusterTemplates = pair[HarvesterClusterTemplate, infrav1.HarvesterClusterTemplate]{up: clusterTemplateUp, down: clusterTemplateDown}
	machines         = pair[HarvesterMachine, infrav1.HarvesterMachine]{up: machineUp, down: machineDown}
	machineTemplates = pair[HarvesterMachineTemplate, infrav1.HarvesterMachineTemplate]{up: machineTemplateUp, down: machineTemplateDown}
)

// ClusterToHub converts a HarvesterCluster to v1beta1. It fails only if an object cannot be written as JSON.
func ClusterToHub(src *HarvesterCluster, dst *infrav1.HarvesterCluster) error {
	return toHub(src, dst, clusters)
}

// ClusterFromHub converts a HarvesterCluster from v1beta1. It fails only if an object cannot be written as JSON.
func ClusterFromHub(src *infrav1.HarvesterCluster, dst *HarvesterCluster) error {
	return fromHub(src, dst, clusters)
}

// ClusterTemplateToHub converts a HarvesterClusterTemplate to v1beta1. It fails only if an object cannot be written as
// JSON.
func ClusterTemplateToHub(src *HarvesterClusterTemplate, dst *infrav1.HarvesterClusterTemplate) error {
	return toHub(src, dst, clusterTemplates)
}

// ClusterTemplateFromHub converts a HarvesterClusterTemplate from v1beta1. It fails only if an object cannot be written
// as JSON.
func ClusterTemplateFromHub(src *infrav1.HarvesterClusterTemplate, dst *HarvesterClusterTemplate) error {
	return fromHub(src, dst, clusterTemplates)
}

// MachineToHub converts a HarvesterMachine to v1beta1. It fails only if an object cannot be written as JSON.
func MachineToHub(src *HarvesterMachine, dst *infrav1.HarvesterMachine) error {
	return toHub(src, dst, machines)
}

// MachineFromHub converts a HarvesterMachine from v1beta1. It fails only if an object cannot be written as JSON.
func MachineFromHub(src *infrav1.HarvesterMachine, dst *HarvesterMachine) error {
	return fromHub(src, dst, machines)
}

// MachineTemplateToHub converts a HarvesterMachineTemplate to v1beta1. It fails only if an object cannot be written as
// JSON.
func MachineTemplateToHub(src *HarvesterMachineTemplate, dst *infrav1.HarvesterMachineTemplate) error {
	return toHub(src, dst, machineTemplates)
}

// MachineTemplateFromHub converts a HarvesterMachineTemplate from v1beta1. It fails only if an object cannot be written
// as JSON.
func MachineTemplateFromHub(src *infrav1.HarvesterMachineTemplate, dst *HarvesterMachineTemplate) error {
	return fromHub(src, dst, machineTemplates)
}
