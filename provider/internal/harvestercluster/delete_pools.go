package harvestercluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// deletePools deletes the pools that were created for the cluster. The names are ours, but the labels decide: a pool
// that somebody else made, or that somebody else holds addresses of, stays.
func (r *Reconciler) deletePools(ctx context.Context, s *scope) phase.Outcome {
	created := []struct{ name, condition string }{
		{s.identity().VMPool(), infrav1.PoolCreatedByControllerCondition},
		{s.identity().LoadBalancerPool(), infrav1.LoadBalancerPoolCreatedCondition},
	}
	for _, pool := range created {
		if outcome := r.deletePool(ctx, s, pool.name, pool.condition); outcome.Stop {
			return outcome
		}
	}
	return phase.Unchanged()
}

func (r *Reconciler) deletePool(ctx context.Context, s *scope, name, condition string) phase.Outcome {
	pool := &lbv1.IPPool{}
	err := s.harvester.Client().Get(ctx, client.ObjectKey{Name: name}, pool)
	waiting := busy(infrav1.DeletingPoolsReason, fmt.Sprintf("Waits for IPPool %q to be gone", name))
	switch {
	case apierrors.IsNotFound(err):
		return phase.Unchanged()
	case err != nil:
		return failed("look for the pool", err)
	case !s.owns(pool.Labels) && !conditions.IsTrue(s.infra, condition):
		return phase.Unchanged()
	case !pool.DeletionTimestamp.IsZero():
		return waiting
	case len(pool.Status.Allocated) > 0:
		holders := slices.Compact(slices.Sorted(maps.Values(pool.Status.Allocated)))
		tell.About{Recorder: r.Recorder, Object: s.infra, Cluster: s.clusterName(), Related: tell.Pool(name)}.Warning(ctx, infrav1.PoolKeptEvent, "Delete",
			"IPPool %q is kept, as others hold addresses of it: %s", name, strings.Join(holders, ", "))
		return phase.Unchanged()
	}
	err = s.harvester.Client().Delete(ctx, pool, write.Exactly(pool))
	if client.IgnoreNotFound(err) != nil {
		return failed("delete the pool", err)
	}
	r.eventAbout(ctx, s, tell.Pool(name), infrav1.PoolDeletedEvent, "Delete", "Deleted IPPool %q", name)
	return waiting
}
