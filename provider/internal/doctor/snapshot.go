package doctor

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Snapshot is what was seen of one cluster. What could not be read is absent, and is named in Lacks.
type Snapshot struct {
	// Now is when it was taken.
	Now time.Time
	// Focus is the name of the Machine or HarvesterMachine that was asked about; empty for the whole cluster.
	Focus string

	// Cluster is never nil. Infra is nil if it does not exist or could not be read.
	Cluster *clusterv1.Cluster
	Infra   *infrav1.HarvesterCluster
	// InfraMissing tells that the HarvesterCluster that the Cluster names does not exist.
	InfraMissing bool
	Machines     []Machine
	// Claimed are the HarvesterIPPools of the cluster's namespace, which IPAddressClaims are served from.
	Claimed []infrav1.HarvesterIPPool
	// Managers are the Deployments of this provider; empty if they could not be listed.
	Managers []Manager
	// Warnings are the latest warning of each object, by kind and name.
	Warnings map[Ref]corev1.Event

	// Pools are those on Harvester that the cluster takes addresses from.
	Pools []lbv1.IPPool
	// Nodes are those of the workload cluster, by name; nil if they could not be listed.
	Nodes map[string]corev1.Node

	Lacks []Lack
}

// Machine is a machine with what was seen of it. Each part is nil if it does not exist or could not be read.
type Machine struct {
	Machine *clusterv1.Machine
	Infra   *infrav1.HarvesterMachine
	VM      *kubevirtv1.VirtualMachine
	VMI     *kubevirtv1.VirtualMachineInstance
	// VMGone tells that Harvester answered that the VM does not exist.
	VMGone bool
}

// Manager is a Deployment of this provider.
type Manager struct {
	Namespace, Name string
	Desired, Ready  int32
	// Since is when it was last seen to change its availability.
	Since time.Time
}

// Ref names an object of the cluster's namespace.
type Ref struct{ Kind, Name string }

// Lack is something that could not be read.
type Lack struct {
	// Where is the plane that was asked: the management cluster, Harvester or the workload cluster.
	Where string `json:"where"`
	// What was to be read.
	What string `json:"what"`
	// Why it could not be read, and what would help.
	Why string `json:"why"`
}
