package manager

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/addressclaim"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/feature"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/harvestercluster"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/harvestermachine"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolwatch"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

const (
	// firstBackoff and lastBackoff are the pauses after errors of one object: the first, and the longest.
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 2 * time.Minute
)

// shared is what the reconcilers have in common.
type shared struct {
	gates      feature.Gates
	metrics    *observability.Metrics
	harvester  *harvesterclient.Connections
	identities *identity.Resolver
	filter     write.Filter
}

func newShared(mgr ctrl.Manager, options Options) (*shared, error) {
	gates, err := feature.New(options.FeatureGates)
	if err != nil {
		return nil, err
	}
	recorded, err := observability.New(metrics.Registry)
	if err != nil {
		return nil, err
	}
	recorded.SetBuildInfo(Version(), Revision())
	harvester := harvesterclient.NewConnections(harvesterclient.Options{
		Selector:  labels.SelectorFromSet(labels.Set{infrav1.ManagedByLabel: infrav1.ManagedByValue}),
		UserAgent: userAgent(), QPS: options.HarvesterQPS, Burst: options.HarvesterBurst,
		CountCall: recorded.RecordHarvesterRequest, Logger: mgr.GetLogger().WithName("harvester"),
	})
	return &shared{
		gates: gates, metrics: recorded, harvester: harvester,
		identities: identity.NewResolver(mgr.GetCache(), mgr.GetAPIReader(), harvester),
		filter:     write.Filter(options.WatchFilter),
	}, nil
}

// addControllers makes the reconcilers.
func addControllers(ctx context.Context, mgr ctrl.Manager, s *shared, options Options) error {
	clusters := &harvestercluster.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Identities: s.identities, Metrics: s.metrics,
		Recorder: mgr.GetEventRecorder(harvestercluster.ControllerName), Clock: clock.RealClock{}, WatchFilter: s.filter,
		CredentialsWarning: options.CredentialsWarning,
	}
	err := clusters.SetupWithManager(ctx, mgr, harvestercluster.Sources{Harvester: s.harvester}, controllerOptions(options.clusterWorkers()))
	if err != nil {
		return err
	}
	secrets := &identity.SecretReconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader()}
	if err := secrets.SetupWithManager(mgr, controllerOptions(1)); err != nil {
		return err
	}
	if s.gates.Enabled(feature.PoolAudit) {
		pools := &poolwatch.Reconciler{
			Client: mgr.GetClient(), Identities: s.identities, Metrics: s.metrics, WatchFilter: s.filter,
			Recorder: mgr.GetEventRecorder(poolwatch.ControllerName), Clock: clock.RealClock{},
		}
		if err := pools.SetupWithManager(mgr, s.harvester, controllerOptions(1)); err != nil {
			return err
		}
	}
	if s.gates.Enabled(feature.ServeIPAddressClaims) {
		if err := addAddressClaims(mgr, s, options); err != nil {
			return err
		}
	}
	return addMachines(ctx, mgr, s, options)
}

// addMachines adds the controller of machines, and the connections to workload clusters that it needs.
func addMachines(ctx context.Context, mgr ctrl.Manager, s *shared, options Options) error {
	guests, err := addGuests(ctx, mgr, options)
	if err != nil {
		return err
	}
	machines := &harvestermachine.Reconciler{
		Client: mgr.GetClient(), Secrets: mgr.GetAPIReader(), Identities: s.identities, Guests: guests, WatchFilter: s.filter,
		Etcd:    &guest.Etcd{Clusters: guests, Secrets: mgr.GetAPIReader()},
		Metrics: s.metrics, Recorder: mgr.GetEventRecorder(harvestermachine.ControllerName), Clock: clock.RealClock{},
		NodeTimeout: options.NodeTimeout, EtcdTimeout: options.EtcdTimeout,
	}
	return machines.SetupWithManager(ctx, mgr,
		harvestermachine.Sources{Harvester: s.harvester, Guests: guests},
		controllerOptions(options.machineWorkers()))
}

// addAddressClaims adds what serves Cluster API's IPAM contract.
func addAddressClaims(mgr ctrl.Manager, s *shared, options Options) error {
	sources := addressclaim.Sources{Harvester: s.harvester}
	pools := &addressclaim.PoolReconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Identities: s.identities, WatchFilter: s.filter}
	if err := pools.SetupWithManager(mgr, sources, controllerOptions(options.poolWorkers())); err != nil {
		return err
	}
	claims := &addressclaim.ClaimReconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Identities: s.identities, Metrics: s.metrics, WatchFilter: s.filter,
		Recorder: mgr.GetEventRecorder(addressclaim.ClaimControllerName),
	}
	return claims.SetupWithManager(mgr, sources, controllerOptions(options.claimWorkers()))
}

// addGuests adds the connections to guest clusters. A guest is connected to when its control plane answers, not before:
// a first attempt in vain would cost half a minute.
func addGuests(ctx context.Context, mgr ctrl.Manager, options Options) (clustercache.ClusterCache, error) {
	guests, err := clustercache.SetupWithManager(ctx, mgr, clustercache.Options{
		SecretClient:     mgr.GetAPIReader(),
		WatchFilterValue: options.WatchFilter,
		ClusterFilter:    controlPlaneAnswers,
		Client:           clustercache.ClientOptions{UserAgent: userAgent(), Cache: clustercache.ClientCacheOptions{DisableFor: []client.Object{&corev1.Pod{}}}},
		Cache:            clustercache.CacheOptions{DefaultTransform: stripNode},
	}, controllerOptions(options.guestWorkers()))
	if err != nil {
		return nil, fmt.Errorf("set up the connections to guest clusters: %w", err)
	}
	return guests, nil
}

// controlPlaneAnswers tells whether a guest cluster can be connected to. A cluster without a control-plane object has
// nobody who would say that it is initialised.
func controlPlaneAnswers(cluster *clusterv1.Cluster) bool {
	return ptr.Deref(cluster.Status.Initialization.ControlPlaneInitialized, false) || !cluster.Spec.ControlPlaneRef.IsDefined()
}

// stripNode keeps of a guest's Node what the provider reads.
func stripNode(object any) (any, error) {
	if node, ok := object.(*corev1.Node); ok {
		node.ManagedFields, node.Annotations = nil, nil
		node.Status = corev1.NodeStatus{}
	}
	return object, nil
}

func controllerOptions(concurrency int) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: concurrency,
		// A name counts as taken for the life of the process, and a second manager may start in it after the first one ended.
		SkipNameValidation: ptr.To(true),
		RateLimiter:        workqueue.NewTypedItemExponentialFailureRateLimiter[ctrl.Request](firstBackoff, lastBackoff),
	}
}
