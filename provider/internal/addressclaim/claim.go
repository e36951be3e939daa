package addressclaim

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// ClaimReconciler serves the IPAddressClaims that refer to a HarvesterIPPool. Its exported fields are set before
// SetupWithManager and not changed after.
type ClaimReconciler struct {
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

	// WatchFilter is asked whether a claim is this manager's.
	WatchFilter write.Filter

	allocators ippool.Allocators
	// written are the versions of this controller's own writes.
	written write.Versions
}

// Reconcile brings one claim a step further: fetch, pause, mark, then the phases over a scope, then one write of what they
// found.
func (r *ClaimReconciler) Reconcile(ctx context.Context, request ctrl.Request) (result ctrl.Result, failure error) {
	claim := &ipamv1.IPAddressClaim{}
	if err := r.Client.Get(ctx, request.NamespacedName, claim); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !isServed(claim) || r.WatchFilter.Excludes(claim) {
		return ctrl.Result{}, nil
	}
	if r.written.Behind(claim) {
		return ctrl.Result{RequeueAfter: write.CatchUp}, nil
	}
	deleting := !claim.DeletionTimestamp.IsZero()
	if deleting && !controllerutil.ContainsFinalizer(claim, infrav1.ReleaseAddressFinalizer) {
		return ctrl.Result{}, nil
	}
	s, err := r.newScope(ctx, claim)
	if err != nil {
		return ctrl.Result{}, err
	}
	if suspended, err := r.suspended(ctx, s); err != nil || suspended {
		return ctrl.Result{}, err
	}
	if marked, err := r.mark(ctx, s); err != nil || marked {
		return phase.Settle(ctrl.Result{}, err)
	}
	helper, err := write.New(r.Client, claim)
	if err != nil {
		return ctrl.Result{}, err
	}
	defer func() { result, failure = phase.Settle(result, failure, r.write(ctx, helper, claim)) }()
	return phase.Run(ctx, claim, s, r.phases(deleting))
}

func (r *ClaimReconciler) phases(deleting bool) []phase.Phase[*scope] {
	const condition = ipamv1.IPAddressClaimReadyCondition
	if deleting {
		return []phase.Phase[*scope]{
			{Condition: condition, Run: r.awaitUsers},
			{Condition: condition, Run: r.withdraw},
			{Condition: condition, Run: r.release},
		}
	}
	return []phase.Phase[*scope]{
		{Condition: condition, Run: r.connect},
		{Condition: condition, Run: r.allocate},
		{Condition: condition, Run: r.publish},
	}
}

// mark writes the finalizer, and the id under which the address will be held, before anything is taken. A claim without a
// pool that stays for it takes nothing, so that it can go at any time. An id of another form than ours is not believed: it could be that of
// somebody else's address.
func (r *ClaimReconciler) mark(ctx context.Context, s *scope) (bool, error) {
	if !s.claim.DeletionTimestamp.IsZero() || !s.poolStays() {
		return false, nil
	}
	base := client.MergeFromWithOptions(s.claim.DeepCopy(), client.MergeFromWithOptimisticLock{})
	changed := controllerutil.AddFinalizer(s.claim, infrav1.ReleaseAddressFinalizer)
	if !names.IsClaimAddressOwner(s.owner(), s.claim.Namespace, s.claim.Name) {
		changed = true
		if s.claim.Annotations == nil {
			s.claim.Annotations = map[string]string{}
		}
		s.claim.Annotations[infrav1.AddressOwnerAnnotation] = names.ClaimAddressOwner(s.claim.Namespace, s.claim.Name, string(s.claim.UID))
	}
	if !changed {
		return false, nil
	}
	if err := r.Client.Patch(ctx, s.claim, base); err != nil {
		return false, fmt.Errorf("mark IPAddressClaim %s: %w", client.ObjectKeyFromObject(s.claim), err)
	}
	r.written.Note(s.claim)
	return true, nil
}

// write stores what the phases found out, if it differs from what is stored.
func (r *ClaimReconciler) write(ctx context.Context, helper *write.Helper, claim *ipamv1.IPAddressClaim) error {
	err := helper.Patch(ctx, claim)
	r.written.Note(claim)
	if apierrors.IsNotFound(err) && !controllerutil.ContainsFinalizer(claim, infrav1.ReleaseAddressFinalizer) {
		return nil
	}
	return err
}
