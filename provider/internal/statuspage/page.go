package statuspage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// mostMachines is how many machines the page of all clusters shows. Those that are not ready come first.
const mostMachines = 200

// Query chooses what a page shows.
type Query struct {
	// Cluster as "namespace/name" leaves out all others; empty shows all.
	Cluster string
	// Refresh is after how many seconds a browser loads the page again; 0 is never.
	Refresh int
}

// Page is everything that is shown.
type Page struct {
	// Time of the look, in UTC.
	Time time.Time `json:"time"`
	// Query is what the reader asked for.
	Query Query `json:"-"`
	// Clusters are ordered by namespace and name.
	Clusters []Cluster `json:"clusters"`
	// LeftOut is how many machines are not among those of the clusters.
	LeftOut int `json:"machinesLeftOut,omitempty"`
	// Pools are ordered by name.
	Pools []PoolMap `json:"pools"`
	// Events are the latest, the newest first.
	Events []Event `json:"events"`
	// Lacks say what could not be read, and why.
	Lacks []string `json:"lacks,omitempty"`
}

// Cluster is one workload cluster.
type Cluster struct {
	// Name is "namespace/name".
	Name     string `json:"name"`
	Phase    string `json:"phase"`
	Version  string `json:"version,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	// Harvester is the identity Secret that leads to it, and TargetNamespace where the VMs are.
	Harvester       string `json:"harvester,omitempty"`
	TargetNamespace string `json:"targetNamespace,omitempty"`
	// Ready and Total count machines, also those that are left out.
	Ready int `json:"machinesReady"`
	Total int `json:"machines"`
	// Problems are conditions that are not met.
	Problems []Problem `json:"problems,omitempty"`
	Machines []Machine `json:"machineList,omitempty"`
	// Scale is the time that the full width of a machine's bar stands for.
	Scale time.Duration `json:"-"`
}

// Problem is a condition that is not met.
type Problem struct {
	Condition string    `json:"condition"`
	Reason    string    `json:"reason"`
	Message   string    `json:"message,omitempty"`
	Since     time.Time `json:"since"`
}

// NewPage makes the page of a snapshot at a time.
func NewPage(s Snapshot, now time.Time, query Query) Page {
	now = now.UTC()
	machines := machinesByCluster(s, now)
	page := Page{Time: now, Query: query, Clusters: []Cluster{}, Lacks: s.Lacks}
	infra := byOwner(s.Infra)
	for i := range s.Clusters {
		cluster := &s.Clusters[i]
		key := client.ObjectKeyFromObject(cluster)
		if query.Cluster != "" && query.Cluster != key.String() {
			continue
		}
		page.Clusters = append(page.Clusters, newCluster(cluster, infra[infraKey(cluster)], machines[key]))
	}
	slices.SortFunc(page.Clusters, func(a, b Cluster) int { return strings.Compare(a.Name, b.Name) })
	if query.Cluster == "" {
		page.LeftOut = limit(page.Clusters, mostMachines)
	}
	for i := range page.Clusters {
		page.Clusters[i].Scale = scaleOf(page.Clusters[i].Machines)
	}

	page.Pools = poolMaps(s.Pools, holders(s))
	page.Events = latestEvents(s.Events, query.Cluster, s)
	return page
}

func byOwner(infra []infrav1.HarvesterCluster) map[client.ObjectKey]*infrav1.HarvesterCluster {
	found := map[client.ObjectKey]*infrav1.HarvesterCluster{}
	for i := range infra {
		found[client.ObjectKeyFromObject(&infra[i])] = &infra[i]
	}
	return found
}

func infraKey(cluster *clusterv1.Cluster) client.ObjectKey {
	return client.ObjectKey{Namespace: cluster.Namespace, Name: cluster.Spec.InfrastructureRef.Name}
}

// newCluster joins a Cluster with its HarvesterCluster, which may be nil.
func newCluster(cluster *clusterv1.Cluster, infra *infrav1.HarvesterCluster, machines []Machine) Cluster {
	made := Cluster{
		Name: client.ObjectKeyFromObject(cluster).String(), Phase: phaseOf(cluster), Version: cluster.Spec.Topology.Version,
		Machines: machines, Total: len(machines),
	}
	if cluster.Spec.ControlPlaneEndpoint.IsValid() {
		made.Endpoint = cluster.Spec.ControlPlaneEndpoint.String()
	}
	for i := range machines {
		if machines[i].Ready {
			made.Ready++
		}
		if made.Version == "" {
			made.Version = machines[i].version
		}
	}
	if infra != nil {
		made.Harvester = infra.Spec.IdentitySecret.Namespace + "/" + infra.Spec.IdentitySecret.Name
		made.TargetNamespace = infra.Spec.TargetNamespace
		made.Problems = clusterProblems(infra)
	}
	return made
}

func phaseOf(cluster *clusterv1.Cluster) string {
	if ptr.Deref(cluster.Spec.Paused, false) {
		return "Paused"
	}
	return cmp.Or(cluster.Status.Phase, "Pending")
}

// limit keeps at most so many machines of all clusters, those that are not ready first, and returns how many it left out.
func limit(clusters []Cluster, most int) (leftOut int) {
	kept := 0
	for _, ready := range []bool{false, true} {
		for i := range clusters {
			for j := range clusters[i].Machines {
				machine := &clusters[i].Machines[j]
				if machine.Ready != ready {
					continue
				}
				machine.leftOut = kept >= most
				kept++
			}
		}
	}
	for i := range clusters {
		clusters[i].Machines = slices.DeleteFunc(clusters[i].Machines, func(m Machine) bool { return m.leftOut })
	}
	return max(0, kept-most)
}
