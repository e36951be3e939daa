package statuspage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

const (
	// kept is how long a snapshot answers everyone, so that many readers cost no more than one.
	kept = 2 * time.Second
	// readTime is how long reading one may take.
	readTime = 10 * time.Second
	// mostRead is how many events of one kind are read.
	mostRead = 500
)

// eventKinds are the kinds of objects whose events are shown.
var eventKinds = []string{"Cluster", "HarvesterCluster", "Machine", "HarvesterMachine", "HarvesterIPPool"}

// Source reads snapshots. Its exported fields are set before its first use and not changed after. Safe for concurrent use.
type Source struct {
	// Cached reads clusters and machines, usually from the manager's cache.
	Cached client.Reader
	// Live reads events from the API server: they are too many to be kept.
	Live client.Reader
	// Pools reads the IPPools of the Harvesters that clusters refer to. What it could not read it returns as lacks.
	Pools func(ctx context.Context, clusters []infrav1.HarvesterCluster) (pools []Pool, lacks []string)
	// Namespace limits what is read; empty reads all.
	Namespace string
	// Clock tells the age of a snapshot.
	Clock clock.PassiveClock

	mu     sync.Mutex
	latest Snapshot
	read   time.Time
}

// Snapshot reads what there is, or returns what was read a moment ago. It fails only if clusters or machines cannot be read.
func (s *Source) Snapshot(ctx context.Context) (Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := s.Clock.Since(s.read); !s.read.IsZero() && age >= 0 && age < kept {
		return s.latest, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	snapshot, err := s.readAll(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	s.latest, s.read = snapshot, s.Clock.Now()
	return snapshot, nil
}

func (s *Source) readAll(ctx context.Context) (Snapshot, error) {
	clusters, infra := &clusterv1.ClusterList{}, &infrav1.HarvesterClusterList{}
	machines, infraMachines := &clusterv1.MachineList{}, &infrav1.HarvesterMachineList{}
	for what, list := range map[string]client.ObjectList{
		"Clusters": clusters, "HarvesterClusters": infra, "Machines": machines, "HarvesterMachines": infraMachines,
	} {
		if err := s.Cached.List(ctx, list, client.InNamespace(s.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			return Snapshot{}, fmt.Errorf("list the %s: %w", what, err)
		}
	}
	snapshot := Snapshot{Clusters: ours(clusters.Items), Infra: infra.Items, Machines: machines.Items, InfraMachines: infraMachines.Items}
	snapshot.Pools, snapshot.Lacks = s.Pools(ctx, infra.Items)
	var lacks []string
	snapshot.Events, lacks = s.events(ctx)
	snapshot.Lacks = append(snapshot.Lacks, lacks...)
	return snapshot, nil
}

// ours leaves out clusters on other infrastructure.
func ours(clusters []clusterv1.Cluster) []clusterv1.Cluster {
	var found []clusterv1.Cluster
	for i := range clusters {
		if clusters[i].Spec.InfrastructureRef.Kind == "HarvesterCluster" {
			found = append(found, clusters[i])
		}
	}
	return found
}

func (s *Source) events(ctx context.Context) (events []corev1.Event, lacks []string) {
	for _, kind := range eventKinds {
		list := &corev1.EventList{}
		err := s.Live.List(ctx, list, client.InNamespace(s.Namespace), client.MatchingFields{"involvedObject.kind": kind}, client.Limit(mostRead))
		if err != nil {
			return nil, []string{"Events: " + Why(err)}
		}
		events = append(events, list.Items...)
	}
	return events, nil
}

// Why says in short why something could not be read.
func Why(err error) string {
	switch {
	case apierrors.IsForbidden(err):
		return "the right to list them is missing"
	case apierrors.IsUnauthorized(err):
		return "the credentials are refused"
	default:
		return err.Error()
	}
}

// PoolsOf returns a function that reads pools by one call for each identity. list must end when its context does.
func PoolsOf(list func(ctx context.Context, cluster *infrav1.HarvesterCluster) ([]Pool, error)) func(context.Context, []infrav1.HarvesterCluster) ([]Pool, []string) {
	return func(ctx context.Context, clusters []infrav1.HarvesterCluster) (pools []Pool, lacks []string) {
		asked := map[string]bool{}
		for i := range clusters {
			name := clusters[i].Spec.IdentitySecret.Namespace + "/" + clusters[i].Spec.IdentitySecret.Name
			if asked[name] || !clusters[i].DeletionTimestamp.IsZero() {
				continue
			}
			asked[name] = true
			found, err := list(ctx, &clusters[i])
			if err != nil {
				lacks = append(lacks, "IPPools of the Harvester of identity Secret "+name+": "+Why(err))
				continue
			}
			for j := range found {
				found[j].Identity = name
			}
			pools = append(pools, found...)
		}
		slices.SortFunc(lacks, strings.Compare)
		return pools, lacks
	}
}
