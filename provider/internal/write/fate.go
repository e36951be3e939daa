package write

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Fate is what became of an object that does not exist any more.
type Fate string

const (
	// FateLost says that it was deleted past its finalizer: what was made for it has no one else.
	FateLost Fate = "Lost"
	// FateMoved says that it lives on in another management cluster, which has what was made for it: clusterctl move pauses
	// the Cluster, creates its objects elsewhere, and deletes them here past their finalizers, the Cluster last.
	FateMoved Fate = "Moved"
	// FateUnknown says that it may be either.
	FateUnknown Fate = "Unknown"
)

// FateOf tells what became of an object from its Cluster: as the reconcile that made something knew it, and as it is now,
// which is nil if it does not exist any more. A Cluster of another UID is another one. Pure.
func FateOf(before, now *clusterv1.Cluster) Fate {
	if before != nil && now != nil && before.UID != now.UID {
		now = nil
	}
	switch {
	case isPaused(now) || isPaused(before):
		return FateMoved
	case now != nil:
		return FateLost
	case before != nil && !before.DeletionTimestamp.IsZero():
		return FateLost // The whole cluster was being deleted, in order.
	default:
		return FateUnknown
	}
}

func isPaused(cluster *clusterv1.Cluster) bool {
	return cluster != nil && ptr.Deref(cluster.Spec.Paused, false)
}

// StaysMade tells whether what was made for an object that does not exist any more has to stay, because the object was moved,
// or may have been. It asks the API server for the Cluster, as the cache may not know yet that it is paused.
func StaysMade(ctx context.Context, live client.Reader, before *clusterv1.Cluster) (bool, error) {
	if before == nil {
		return false, nil
	}
	now, key := &clusterv1.Cluster{}, client.ObjectKeyFromObject(before)
	err := live.Get(ctx, key, now)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("see what became of Cluster %s: %w", key, err)
	}
	if apierrors.IsNotFound(err) {
		now = nil
	}
	fate := FateOf(before, now)
	if fate == FateUnknown {
		ctrl.LoggerFrom(ctx).Info("What was made on Harvester for an object that does not exist any more is left there: its Cluster does not exist either, so that it may have been moved",
			"cluster", key)
	}
	return fate != FateLost, nil
}
