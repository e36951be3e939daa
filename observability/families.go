package observability

import "slices"

// Type is what kind of metric a family holds.
type Type string

// The types of families.
const (
	// TypeCounter only grows, until the manager restarts.
	TypeCounter Type = "counter"
	// TypeGauge goes up and down.
	TypeGauge Type = "gauge"
	// TypeHistogram counts observations in buckets.
	TypeHistogram Type = "histogram"
)

// Family describes one metric family. Metrics are made from these descriptions, and so are the reference page and the
// checks of alert rules and dashboards.
type Family struct {
	// Name is the full name, with the prefix caphv_.
	Name string
	// Type is what the family holds.
	Type Type
	// Help is one sentence; the unit is in the name.
	Help string
	// Labels are the names of the labels, in the order of their values. Nil means that the family has a single series.
	Labels []string
	// Buckets are the upper bounds of a histogram's buckets, in seconds, without +Inf.
	Buckets []float64
}

// Families returns the description of every family, the guide's first. The caller owns the result.
func Families() []Family {
	return slices.Concat(machineFamilies(), addressFamilies(), clusterFamilies(), managerFamilies())
}

func machineFamilies() []Family {
	perMachine := []string{LabelCluster, LabelClusterNamespace, LabelMachine}
	return []Family{
		{Name: MachineCreateTotal, Type: TypeCounter, Help: "VM creation attempts."},
		{Name: MachineCreateErrorsTotal, Type: TypeCounter, Help: "VM creation attempts that failed."},
		{Name: MachineCreationDurationSeconds, Type: TypeHistogram, Help: "Seconds from the request for a VM until it runs.", Buckets: creationBuckets()},
		{Name: MachineDeleteTotal, Type: TypeCounter, Help: "VM deletion attempts."},
		{Name: MachineDeleteErrorsTotal, Type: TypeCounter, Help: "VM deletion attempts that failed."},
		{Name: MachineStatus, Type: TypeGauge, Help: "Whether a machine is ready (1) or not (0).", Labels: perMachine},
		{Name: MachineReconcileSeconds, Type: TypeHistogram, Help: "Seconds one reconcile of a machine took.", Labels: []string{LabelOperation}, Buckets: durationBuckets()},
		{
			Name: MachineWaitingSince, Type: TypeGauge, Labels: []string{LabelCluster, LabelClusterNamespace, LabelMachine, LabelReason},
			Help: "Since when a machine waits, in seconds since 1970; reason is that of the first condition that is not met. Absent for machines that are ready.",
		},
		{
			Name: MachineDeletionTimestamp, Type: TypeGauge, Labels: perMachine,
			Help: "When the deletion of a machine was ordered, in seconds since 1970. Absent for machines that are not being deleted.",
		},
		{Name: MachineRemediationsTotal, Type: TypeCounter, Labels: []string{LabelCluster, LabelClusterNamespace}, Help: "Machines that were deleted because a MachineHealthCheck found them unhealthy."},
	}
}

func addressFamilies() []Family {
	perPool := []string{LabelPool}
	return []Family{
		{Name: IPPoolAllocationsTotal, Type: TypeCounter, Help: "Attempts to allocate an address from an IP pool."},
		{Name: IPPoolAllocationErrorsTotal, Type: TypeCounter, Help: "Attempts to allocate an address that failed."},
		{Name: IPPoolReleasesTotal, Type: TypeCounter, Help: "Addresses given back to an IP pool."},
		{Name: IPPoolLeaks, Type: TypeGauge, Labels: perPool, Help: "Addresses held in an IP pool by an owner that no longer exists."},
		{Name: IPPoolCapacity, Type: TypeGauge, Labels: perPool, Help: "Addresses that an IP pool can give: without gateways, nor what is excluded."},
		{Name: IPPoolAllocated, Type: TypeGauge, Labels: perPool, Help: "Addresses of an IP pool that are allocated."},
	}
}

func clusterFamilies() []Family {
	perCluster := []string{LabelCluster, LabelClusterNamespace}
	return []Family{
		{Name: ClusterReconcileSeconds, Type: TypeHistogram, Labels: []string{LabelOperation}, Buckets: durationBuckets(), Help: "Seconds one reconcile of a cluster took."},
		{Name: ClusterReady, Type: TypeGauge, Labels: perCluster, Help: "Whether a cluster's infrastructure is ready (1) or not (0)."},
		{Name: EtcdMemberRemoveTotal, Type: TypeCounter, Help: "Attempts to remove an etcd member."},
		{Name: EtcdMemberRemoveErrorsTotal, Type: TypeCounter, Help: "Attempts to remove an etcd member that failed."},
		{Name: NodeInitTotal, Type: TypeCounter, Help: "Attempts to initialize a node."},
		{Name: NodeInitErrorsTotal, Type: TypeCounter, Help: "Attempts to initialize a node that failed."},
		{Name: NodeInitDurationSeconds, Type: TypeHistogram, Buckets: nodeInitBuckets(), Help: "Seconds it took to initialize a node."},
		{Name: HarvesterConnected, Type: TypeGauge, Labels: perCluster, Help: "Whether Harvester's API can be used with the cluster's identity Secret (1) or not (0)."},
		{Name: CredentialsExpiry, Type: TypeGauge, Labels: perCluster, Help: "When the cluster's credentials for Harvester expire, in seconds since 1970. Absent when they do not say."},
	}
}

func managerFamilies() []Family {
	return []Family{
		{Name: HarvesterRequestsTotal, Type: TypeCounter, Labels: []string{LabelVerb, LabelResource, LabelCode}, Help: "Requests sent to Harvester's API server, by outcome."},
		{Name: BuildInfo, Type: TypeGauge, Labels: []string{LabelVersion, LabelRevision, LabelGoVersion}, Help: "Always 1; the labels say which build runs."},
	}
}
