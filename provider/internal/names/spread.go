package names

// SpreadGroupLabel marks the VMs that are replicas of one thing, so that they can be kept on different hosts.
const SpreadGroupLabel = "infrastructure.cluster.x-k8s.io/spread-group"

// SpreadGroup is the value of SpreadGroupLabel for a machine: one group for a cluster's control plane, and one for each
// MachineDeployment. A worker that belongs to no MachineDeployment has none. The slashes make dnsLabel add a hash, so
// that no two groups have the same value.
func SpreadGroup(namespace, cluster, machineDeployment string, controlPlane bool) string {
	switch {
	case controlPlane:
		return dnsLabel(namespace + "/" + cluster + "/control-plane")
	case machineDeployment != "":
		return dnsLabel(namespace + "/" + cluster + "/" + machineDeployment)
	default:
		return ""
	}
}
