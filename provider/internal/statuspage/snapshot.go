package statuspage

import (
	corev1 "k8s.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Snapshot is what was read. Its objects may be shared with a cache and are not changed.
type Snapshot struct {
	Clusters      []clusterv1.Cluster
	Infra         []infrav1.HarvesterCluster
	Machines      []clusterv1.Machine
	InfraMachines []infrav1.HarvesterMachine
	Pools         []Pool
	Events        []corev1.Event
	// Lacks say what could not be read, and why.
	Lacks []string
}

// Pool is an IPPool as an identity sees it.
type Pool struct {
	lbv1.IPPool

	// Identity is the identity Secret that led to it, as "namespace/name".
	Identity string
}
