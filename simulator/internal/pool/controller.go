// Package pool behaves as Harvester's IPPool controller and as the allocator that load balancers use. The decisions
// are pure functions on a pool object (Allocate, Reserve, Release, Recount); Controller is the shell that watches and
// writes. It writes as upstream does: the whole object as its cache holds it, so that a concurrent writer makes it fail
// with a conflict rather than be overwritten.
package pool

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// Finalizer is the controller's own on every pool.
const Finalizer = "wrangler.cattle.io/harvester-ipam-controller"

// Controller reconciles IPPools.
type Controller struct {
	kit.Env
	Registry *Registry
}

// SetupWithManager starts the controller with the manager.
func (c *Controller) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("ippool").For(&lbv1.IPPool{}).WithOptions(options).Complete(c)
}

// Reconcile keeps one pool.
func (c *Controller) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	pool := &lbv1.IPPool{}
	if err := c.Client.Get(ctx, request.NamespacedName, pool); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	c.History.Record(history.Event{Kind: history.PoolChanged, Name: pool.Name, ResourceVersion: pool.ResourceVersion, Allocated: pool.Status.Allocated})
	if !pool.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, c.remove(ctx, pool)
	}
	if controllerutil.AddFinalizer(pool, Finalizer) {
		return ctrl.Result{}, c.Client.Update(ctx, pool)
	}
	if err := c.count(ctx, pool); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, c.releaseByHand(ctx, pool)
}

// remove forgets a pool that is being deleted and lets it go.
func (c *Controller) remove(ctx context.Context, pool *lbv1.IPPool) error {
	c.Registry.forget(pool.Name)
	if !controllerutil.RemoveFinalizer(pool, Finalizer) {
		return nil
	}
	return client.IgnoreNotFound(c.Client.Update(ctx, pool))
}

// count writes the counters when the pool is new to this process or its ranges changed.
func (c *Controller) count(ctx context.Context, pool *lbv1.IPPool) error {
	ranges, changed, err := c.Registry.meet(pool)
	if err != nil {
		return fmt.Errorf("pool %s: %w", pool.Name, err)
	}
	if !changed {
		return nil
	}
	before := pool.Status.DeepCopy()
	Recount(pool, ranges)
	pool.Status.Conditions = kit.SetCondition(pool.Status.Conditions, lbv1.IPPoolReady, corev1.ConditionTrue, "", "", c.Clock.Now())
	if equality.Semantic.DeepEqual(before, &pool.Status) {
		return nil
	}
	if err := c.Client.Update(ctx, pool); err != nil {
		// Without this the next attempt would find the pool known and never count it.
		c.Registry.forget(pool.Name)
		return fmt.Errorf("pool %s: write counters: %w", pool.Name, err)
	}
	return nil
}

// releaseByHand obeys the manual release annotation, and takes it away whatever it asked.
func (c *Controller) releaseByHand(ctx context.Context, pool *lbv1.IPPool) error {
	text, ok := pool.Annotations[lbv1.IPPoolManualReleaseAnnotation]
	if !ok || text == "" || !c.Quirks.ManualRelease {
		return nil
	}
	request, err := parseRelease(text)
	if err == nil && pool.Status.Allocated[request.Address] == request.id() {
		gone, err := c.balancerGone(ctx, request)
		if err != nil {
			return err
		}
		if gone {
			Release(pool, request.id())
		}
	}
	delete(pool.Annotations, lbv1.IPPoolManualReleaseAnnotation)
	return c.Client.Update(ctx, pool)
}

func (c *Controller) balancerGone(ctx context.Context, request releaseRequest) (bool, error) {
	err := c.Client.Get(ctx, client.ObjectKey{Namespace: request.Namespace, Name: request.Name}, &lbv1.LoadBalancer{})
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return false, err
}
