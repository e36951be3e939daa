package harvestercluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util"
	"sigs.k8s.io/cluster-api/util/annotations"
	"sigs.k8s.io/cluster-api/util/conditions"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/wake"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// Reconciler reconciles HarvesterClusters. Its exported fields are set before SetupWithManager and not changed after.
type Reconciler struct {
	// Client reads the management cluster from the manager's cache, and writes to it.
	Client client.Client
	// Live reads the management cluster past the cache.
	Live client.Reader
	// Identities leads to Harvester.
	Identities *identity.Resolver
	// Metrics counts what happens.
	Metrics *observability.Metrics
	// Recorder writes events.
	Recorder events.EventRecorder
	// WatchFilter is asked whether an object is this manager's.
	WatchFilter write.Filter
	// Clock tells the time.
	Clock clock.PassiveClock
	// CredentialsWarning is how long before Harvester's credentials expire a warning is given.
	CredentialsWarning time.Duration

	allocators ippool.Allocators
	// written are the versions of this controller's own writes.
	written write.Versions
	// vanished are clusters that are gone, perhaps, while something was made for them.
	vanished write.Vanished[*scope]
	verified verifications
	// measured are the clusters that have series, an observability.Cluster for each client.ObjectKey of a HarvesterCluster: the
	// name of the Cluster is not known any more when that is gone.
	measured sync.Map
	// wake has a cluster reconciled when something that is not cached changes.
	wake wake.Waker
}

// Reconcile brings one HarvesterCluster a step further: fetch, owner, pause, then the phases over a scope, then one
// write of what they found.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (result ctrl.Result, failure error) {
	infra := &infrav1.HarvesterCluster{}
	if err := r.Client.Get(ctx, request.NamespacedName, infra); err != nil {
		if apierrors.IsNotFound(err) {
			r.forgetMeasured(request.NamespacedName) // It was moved, or its finalizer was taken off by hand.
			return r.undoVanished(ctx, request)
		}
		return ctrl.Result{}, err
	}
	if r.WatchFilter.Excludes(infra) {
		return ctrl.Result{}, nil
	}
	if r.written.Behind(infra) {
		return ctrl.Result{RequeueAfter: write.CatchUp}, nil
	}
	deleting := !infra.DeletionTimestamp.IsZero()
	if annotations.IsExternallyManaged(infra) || (deleting && !hasFinalizer(infra)) {
		return ctrl.Result{}, nil
	}
	s, err := r.newScope(ctx, infra)
	if err != nil {
		return ctrl.Result{}, err
	}
	if paused, err := write.Paused(ctx, r.Client, s.cluster, infra); err != nil || paused {
		r.vanished.Drop(request.NamespacedName) // It is there, and may be moved from now on.
		return phase.Settle(ctrl.Result{}, err)
	}
	if !deleting && s.cluster == nil {
		return ctrl.Result{}, nil // Cluster API sets the owner, and that is an event.
	}
	if err := r.ensureFinalizer(ctx, infra); err != nil {
		return phase.Settle(ctrl.Result{}, err)
	}
	r.measured.Store(request.NamespacedName, s.measured())
	helper, err := write.New(r.Client, infra)
	if err != nil {
		return ctrl.Result{}, err
	}
	write.SetNotPaused(infra)
	defer func() { result, failure = phase.Settle(result, failure, r.write(ctx, helper, s)) }()
	defer r.observeDuration(deleting, r.Clock.Now())
	if deleting {
		return phase.Run(ctx, infra, s, r.deletionPhases())
	}
	return phase.Run(ctx, infra, s, r.normalPhases())
}

// normalPhases lead from a Secret to an endpoint.
func (r *Reconciler) normalPhases() []phase.Phase[*scope] {
	return []phase.Phase[*scope]{
		{Condition: infrav1.CredentialsValidCondition, Run: r.checkCredentials},
		{Condition: infrav1.HarvesterConnectionReadyCondition, Run: r.connect},
		{Condition: infrav1.TargetNamespaceReadyCondition, Run: r.ensureNamespace},
		{Run: r.publishFailureDomains},
		{Condition: infrav1.IPPoolsReadyCondition, Run: r.ensurePools},
		{Condition: infrav1.LoadBalancerReadyCondition, Run: r.ensureEndpoint},
		{Condition: infrav1.CloudProviderConfigReadyCondition, Run: r.configureCloudProvider},
	}
}

// newScope finds the Cluster. During deletion there need not be one.
func (r *Reconciler) newScope(ctx context.Context, infra *infrav1.HarvesterCluster) (*scope, error) {
	cluster, err := util.GetOwnerCluster(ctx, r.Client, infra.ObjectMeta)
	if client.IgnoreNotFound(rootCause(err)) != nil {
		return nil, fmt.Errorf("read the Cluster of HarvesterCluster %s: %w", client.ObjectKeyFromObject(infra), err)
	}
	if err != nil {
		cluster = nil
	}
	return &scope{infra: infra, cluster: cluster}, nil
}

// rootCause unwraps an error of Cluster API's utilities far enough for apierrors.
func rootCause(err error) error {
	if apierrors.IsNotFound(err) {
		return apierrors.NewNotFound(clusterv1.GroupVersion.WithResource("clusters").GroupResource(), "")
	}
	return err
}

// ensureFinalizer adds the finalizer before anything is made. It writes against the version it read, as a merge patch
// replaces the list of finalizers.
func (r *Reconciler) ensureFinalizer(ctx context.Context, infra *infrav1.HarvesterCluster) error {
	if !infra.DeletionTimestamp.IsZero() || controllerutil.ContainsFinalizer(infra, infrav1.ClusterFinalizer) {
		return nil
	}
	base := client.MergeFromWithOptions(infra.DeepCopy(), client.MergeFromWithOptimisticLock{})
	r.inherit(infra)
	identifyNew(infra)
	controllerutil.AddFinalizer(infra, infrav1.ClusterFinalizer)
	if err := r.Client.Patch(ctx, infra, base); err != nil {
		return fmt.Errorf("add the finalizer to HarvesterCluster %s: %w", client.ObjectKeyFromObject(infra), err)
	}
	return nil
}

func hasFinalizer(infra *infrav1.HarvesterCluster) bool {
	return controllerutil.ContainsFinalizer(infra, infrav1.ClusterFinalizer) ||
		controllerutil.ContainsFinalizer(infra, infrav1.LegacyClusterFinalizer)
}

// write stores what the phases found out, if it differs from what is stored.
func (r *Reconciler) write(ctx context.Context, helper *write.Helper, s *scope) error {
	if err := finishStatus(s.infra); err != nil {
		return err
	}
	err := helper.Patch(ctx, s.infra)
	r.written.Note(s.infra)
	gone := !hasFinalizer(s.infra)
	if apierrors.IsNotFound(err) && gone {
		return nil
	}
	if err != nil {
		if s.made {
			r.vanished.Put(client.ObjectKeyFromObject(s.infra), s)
		}
		return err
	}
	r.vanished.Drop(client.ObjectKeyFromObject(s.infra))
	if !gone {
		r.Metrics.SetClusterReady(s.measured(), s.infra.Status.Ready)
		r.Metrics.SetHarvesterConnected(s.measured(), conditions.IsTrue(s.infra, infrav1.HarvesterConnectionReadyCondition))
	}
	return nil
}

func (r *Reconciler) observeDuration(deleting bool, started time.Time) {
	operation := observability.OperationNormal
	if deleting {
		operation = observability.OperationDelete
	}
	r.Metrics.ObserveClusterReconcile(operation, r.Clock.Since(started))
}
