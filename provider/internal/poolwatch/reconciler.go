package poolwatch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// interval is how far apart two looks at the pools of one cluster are. A pool changes with every machine that comes or goes,
// and each look is at all machines; of a leak nobody needs to hear at once.
const interval = 5 * time.Second

// Reconciler looks for leaks whenever a pool changed or a machine went. Its exported fields are set before
// SetupWithManager and not changed after.
type Reconciler struct {
	// Client reads the management cluster from the manager's cache.
	Client client.Reader
	// Identities leads to Harvester.
	Identities *identity.Resolver
	// Metrics holds the number of leaks of each pool.
	Metrics *observability.Metrics
	// Recorder writes events.
	Recorder events.EventRecorder
	// WatchFilter is asked whether a cluster is this manager's.
	WatchFilter write.Filter
	// Clock tells when a cluster's pools were looked at last.
	Clock clock.PassiveClock

	mu sync.Mutex
	// looked is when each cluster's pools were looked at last.
	looked map[client.ObjectKey]time.Time
	// told are the leaks of each cluster of which there was an event already, and pools those of its Harvester.
	told  map[client.ObjectKey][]poolaudit.Finding
	pools map[client.ObjectKey][]string
	// verdicts are which VMs were there when Harvester was asked.
	verdicts verdicts
}

// Reconcile looks at the pools of one HarvesterCluster's Harvester. That Harvester cannot be reached is told by the
// cluster's own reconciler, and the connection sends an event when it can.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	cluster := &infrav1.HarvesterCluster{}
	if err := r.Client.Get(ctx, request.NamespacedName, cluster); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if r.WatchFilter.Excludes(cluster) {
		r.forget(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	if early := r.tooEarly(request.NamespacedName); early > 0 {
		return ctrl.Result{RequeueAfter: early}, nil
	}
	connection, err := r.Identities.Connect(ctx, cluster)
	if err != nil {
		return ctrl.Result{}, nil //nolint:nilerr // See above.
	}
	pools := &lbv1.IPPoolList{}
	if err := connection.Cache().List(ctx, pools); err != nil {
		return ctrl.Result{}, nil //nolint:nilerr // See above.
	}
	leaks, err := r.leaks(ctx, connection, pools.Items, cluster)
	if err != nil {
		return ctrl.Result{}, err
	}
	r.tell(cluster, pools.Items, leaks)
	return ctrl.Result{}, nil
}

// tooEarly is how long it is until a cluster's pools may be looked at again; if it is nothing, they are looked at now.
func (r *Reconciler) tooEarly(cluster client.ObjectKey) time.Duration {
	now := r.Clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, before := r.looked[cluster]; before && now.Sub(last) < interval {
		return interval - now.Sub(last)
	}
	if r.looked == nil {
		r.looked = map[client.ObjectKey]time.Time{}
	}
	r.looked[cluster] = now
	return 0
}

// leaks are the suspects whose VM Harvester itself says is not there: the cache may lag, and holds the VMs of the identity's
// namespaces only. What was found out is remembered for a while, and the VMs of a namespace are asked for together: many
// addresses may be those of another management cluster's machines.
func (r *Reconciler) leaks(ctx context.Context, connection *harvesterclient.Connection, pools []lbv1.IPPool, cluster *infrav1.HarvesterCluster) ([]poolaudit.Finding, error) {
	holders := poolaudit.NewHolders()
	if err := poolaudit.ReadManagement(ctx, r.Client, holders); err != nil {
		return nil, err
	}
	targets, err := r.targets(ctx, cluster)
	if err != nil {
		return nil, err
	}
	var leaks []poolaudit.Finding
	asked := map[string]map[string]bool{}
	for _, suspect := range suspects(pools, holders, targets) {
		namespace, vm, _ := names.VMOfAddressOwner(suspect.Owner)
		key := verdictKey{identity: identity.Key(cluster), vm: client.ObjectKey{Namespace: namespace, Name: vm}}
		exists, known := r.verdicts.get(key, r.Clock.Now())
		if !known {
			if asked[namespace] == nil {
				if asked[namespace], err = vmsOf(ctx, connection.Client(), namespace); err != nil {
					return nil, err
				}
			}
			exists = asked[namespace][vm]
			r.verdicts.put(key, exists, r.Clock.Now())
		}
		if !exists {
			leaks = append(leaks, suspect)
		}
	}
	return leaks, nil
}

// targets are the namespaces of all clusters of the same Harvester, so that each of them counts the same.
func (r *Reconciler) targets(ctx context.Context, cluster *infrav1.HarvesterCluster) ([]string, error) {
	all := &infrav1.HarvesterClusterList{}
	if err := r.Client.List(ctx, all, client.UnsafeDisableDeepCopy); err != nil { // They are looked at only.
		return nil, fmt.Errorf("list the HarvesterClusters: %w", err)
	}
	var targets []string
	for i := range all.Items {
		if identity.Key(&all.Items[i]) == identity.Key(cluster) {
			targets = append(targets, all.Items[i].Spec.TargetNamespace)
		}
	}
	return targets, nil
}

// tell sets the metric, and writes an event on the cluster for each leak in its namespace that is new.
func (r *Reconciler) tell(cluster *infrav1.HarvesterCluster, pools []lbv1.IPPool, leaks []poolaudit.Finding) {
	key := client.ObjectKeyFromObject(cluster)
	counts := count(pools, leaks)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told == nil {
		r.told, r.pools = map[client.ObjectKey][]poolaudit.Finding{}, map[client.ObjectKey][]string{}
	}
	for _, pool := range r.pools[key] {
		if _, there := counts[pool]; !there {
			r.Metrics.ForgetIPPool(pool)
		}
	}
	r.pools[key] = nil
	for pool, leaked := range counts {
		r.Metrics.SetIPPoolLeaks(pool, leaked)
		r.pools[key] = append(r.pools[key], pool)
	}
	for i := range pools {
		if total, available, err := ippool.Count(&pools[i]); err == nil {
			r.Metrics.SetIPPoolUse(pools[i].Name, total, total-available)
		}
	}
	for _, leak := range leaks {
		namespace, _, _ := names.VMOfAddressOwner(leak.Owner)
		if namespace == cluster.Spec.TargetNamespace && !slices.Contains(r.told[key], leak) {
			tell.EventAbout(r.Recorder, cluster, tell.Address(leak.Pool, leak.Address), corev1.EventTypeWarning, infrav1.AddressLeakedEvent, "Verify",
				"IPPool %s: %s is %s; caphv-ipam repair releases it", leak.Pool, leak.Address, leak.Message)
		}
	}
	r.told[key] = leaks
}

// forget ends what is kept about a cluster, and the series of the pools that no other cluster uses.
func (r *Reconciler) forget(key client.ObjectKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.pools[key]
	delete(r.told, key)
	delete(r.pools, key)
	delete(r.looked, key)
	for _, pool := range own {
		used := false
		for _, others := range r.pools {
			used = used || slices.Contains(others, pool)
		}
		if !used {
			r.Metrics.ForgetIPPool(pool)
		}
	}
}
