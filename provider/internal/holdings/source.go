package holdings

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
)

// Source finds holdings. Its fields are not changed once it is used; it is safe for concurrent use.
type Source struct {
	// Client reads the management cluster from the manager's cache.
	Client client.Reader
	// Identities tells which identities lead to one Harvester.
	Identities *identity.Resolver
	// Recorder writes an event on what holds an address that its pool had lost. May be nil.
	Recorder events.EventRecorder
}

// Store makes stores over the pools of the Harvester at a server address, which complete what the pools have lost.
func (s Source) Store(server string) func(client.Client) *ippool.Store {
	return func(c client.Client) *ippool.Store { return ippool.NewKnowingStore(c, s.On(server), s.tell) }
}

// tell says that an entry was put back, in an event and in the log.
func (s Source) tell(ctx context.Context, pool string, holding ippool.Holding) {
	ctrl.LoggerFrom(ctx).Info("Entered an address again that its pool had lost", "pool", pool, "address", holding.Address, "owner", holding.Owner)
	if s.Recorder != nil && holding.Object != nil {
		tell.EventAbout(s.Recorder, holding.Object, tell.Address(pool, holding.Address.String()), corev1.EventTypeWarning, infrav1.AddressRestoredEvent, "Allocate",
			"IPPool %s had lost that %s is held; it was entered again. Was the pool restored or replaced?", pool, holding.Address)
	}
}

// On finds what is known to hold addresses of the Harvester at a server address.
func (s Source) On(server string) ippool.Known {
	return func(ctx context.Context, thorough bool) ([]ippool.Holding, error) {
		clusters, pools := &infrav1.HarvesterClusterList{}, &infrav1.HarvesterIPPoolList{}
		// What the cache gives is looked at only, here and below.
		if err := s.Client.List(ctx, clusters, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("list the HarvesterClusters: %w", err)
		}
		if err := s.Client.List(ctx, pools, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("list the HarvesterIPPools: %w", err)
		}

		targets := map[client.ObjectKey]string{}
		for i := range clusters.Items {
			cluster := &clusters.Items[i]
			if s.leadsTo(ctx, server, thorough, identity.Key(cluster), func() error { _, err := s.Identities.Connect(ctx, cluster); return err }) {
				targets[client.ObjectKey{Namespace: cluster.Namespace, Name: clusterOf(cluster)}] = cluster.Spec.TargetNamespace
			}
		}
		refs := map[client.ObjectKey][]string{}
		for i := range pools.Items {
			pool := &pools.Items[i]
			if s.leadsTo(ctx, server, thorough, identity.PoolKey(pool), func() error { _, err := s.Identities.ConnectPool(ctx, pool); return err }) {
				refs[client.ObjectKeyFromObject(pool)] = pool.Spec.IPPoolRefs
			}
		}
		return s.read(ctx, targets, refs)
	}
}

// leadsTo tells whether an identity leads to a server. One that was never connected is only connected if it matters. One
// that cannot be connected says nothing: what it leads to may be another Harvester, which must not hold up this one.
func (s Source) leadsTo(ctx context.Context, server string, thorough bool, key client.ObjectKey, connect func() error) bool {
	known := s.Identities.Server(key)
	if known == "" && thorough {
		if err := connect(); err != nil {
			ctrl.LoggerFrom(ctx).Info("An identity cannot be connected, so what it holds in pools is not known", "identity", key, "error", err.Error())
		}
		known = s.Identities.Server(key)
	}
	return known == server
}

func clusterOf(cluster *infrav1.HarvesterCluster) string {
	for _, owner := range cluster.OwnerReferences {
		if owner.Kind == "Cluster" {
			return owner.Name
		}
	}
	return cluster.Labels[clusterv1.ClusterNameLabel]
}
