package addressclaim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// PoolReconciler tells of HarvesterIPPools whether they can be used, and keeps them while claims refer to them. Its
// exported fields are set before SetupWithManager and not changed after.
type PoolReconciler struct {
	// Client reads the management cluster from the manager's cache, and writes to it.
	Client client.Client
	// Live reads the management cluster past the cache.
	Live client.Reader
	// Identities leads to Harvester.
	Identities *identity.Resolver
	// WatchFilter is asked whether a pool is this manager's.
	WatchFilter write.Filter

	written write.Versions
}

// Reconcile looks at one HarvesterIPPool.
func (r *PoolReconciler) Reconcile(ctx context.Context, request ctrl.Request) (result ctrl.Result, failure error) {
	pool := &infrav1.HarvesterIPPool{}
	if err := r.Client.Get(ctx, request.NamespacedName, pool); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if r.WatchFilter.Excludes(pool) {
		return ctrl.Result{}, nil
	}
	if r.written.Behind(pool) {
		return ctrl.Result{RequeueAfter: write.CatchUp}, nil
	}
	deleting := !pool.DeletionTimestamp.IsZero()
	if deleting && !controllerutil.ContainsFinalizer(pool, infrav1.IPPoolFinalizer) {
		return ctrl.Result{}, nil
	}
	if paused, err := write.Paused(ctx, r.Client, nil, pool); err != nil || paused {
		return phase.Settle(ctrl.Result{}, err)
	}
	helper, err := write.New(r.Client, pool)
	if err != nil {
		return ctrl.Result{}, err
	}
	write.SetNotPaused(pool)
	defer func() {
		err := helper.Patch(ctx, pool)
		r.written.Note(pool)
		result, failure = phase.Settle(result, failure, client.IgnoreNotFound(err))
	}()
	if deleting {
		return phase.Run(ctx, pool, pool, []phase.Phase[*infrav1.HarvesterIPPool]{{Condition: infrav1.DeletingCondition, Run: r.awaitClaims}})
	}
	controllerutil.AddFinalizer(pool, infrav1.IPPoolFinalizer)
	return phase.Run(ctx, pool, pool, []phase.Phase[*infrav1.HarvesterIPPool]{{Condition: infrav1.ReadyCondition, Run: r.verify}})
}

// verify looks whether Harvester answers and has every pool. A claim is served all the same while one of them can.
func (r *PoolReconciler) verify(ctx context.Context, pool *infrav1.HarvesterIPPool) phase.Outcome {
	harvester, err := r.Identities.ConnectPool(ctx, pool)
	if err == nil {
		err = r.Identities.Hold(ctx, r.Client, identity.PoolKey(pool))
	}
	if err == nil {
		err = r.Identities.Pin(ctx, harvester, pool)
	}
	if err != nil {
		return phase.Fail(err, infrav1.HarvesterUnreachableReason)
	}
	var texts []string
	var failures []error
	for _, name := range pool.Spec.IPPoolRefs {
		if err := verifyPool(ctx, harvester.Cache(), name); err != nil {
			texts, failures = append(texts, err.Error()), append(failures, err)
		}
	}
	if len(failures) > 0 {
		outcome := phase.Fail(errors.Join(failures...), infrav1.PoolFailedReason)
		outcome.Message = strings.Join(texts, "; ")
		return outcome
	}
	return phase.Done(infrav1.PoolsAvailableReason, "")
}

func verifyPool(ctx context.Context, reader client.Reader, name string) error {
	object := &lbv1.IPPool{}
	err := reader.Get(ctx, client.ObjectKey{Name: name}, object)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: IPPool %q does not exist on Harvester", ipam.ErrPoolNotFound, name)
	}
	if err != nil {
		return fmt.Errorf("read IPPool %q: %w", name, err)
	}
	_, err = ippool.FromTyped(object)
	return err
}

// awaitClaims keeps the way to Harvester until no claim needs it to give its address back. The last look is a live one.
func (r *PoolReconciler) awaitClaims(ctx context.Context, pool *infrav1.HarvesterIPPool) phase.Outcome {
	for _, reader := range []client.Reader{r.Client, r.Live} {
		claims := &ipamv1.IPAddressClaimList{}
		if err := reader.List(ctx, claims, client.InNamespace(pool.Namespace)); err != nil {
			return phase.Fail(fmt.Errorf("list the IPAddressClaims: %w", err), infrav1.DeletionFailedReason)
		}
		left := 0
		for i := range claims.Items {
			if claim := &claims.Items[i]; refersTo(claim, pool) && controllerutil.ContainsFinalizer(claim, infrav1.ReleaseAddressFinalizer) {
				left++
			}
		}
		if left > 0 {
			outcome := phase.Wait(infrav1.WaitingForClaimsReason, fmt.Sprintf("Waits for %d IPAddressClaims to be gone", left))
			outcome.Status = "True"
			return outcome
		}
	}
	controllerutil.RemoveFinalizer(pool, infrav1.IPPoolFinalizer)
	return phase.Outcome{Stop: true}
}

func refersTo(claim *ipamv1.IPAddressClaim, pool *infrav1.HarvesterIPPool) bool {
	return isServed(claim) && claim.Namespace == pool.Namespace && claim.Spec.PoolRef.Name == pool.Name
}
