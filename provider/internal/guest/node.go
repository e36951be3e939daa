package guest

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The ways in which a guest cluster is not ready for a Node to be initialised.
var (
	// ErrUnreachable says that there is no connection to the guest cluster's API server.
	ErrUnreachable = errors.New("guest cluster unreachable")
	// ErrNodeNotFound says that the guest has not registered the Node.
	ErrNodeNotFound = errors.New("node not registered")
	// ErrNodeConflict says that the Node carries another machine's provider id.
	ErrNodeConflict = errors.New("node belongs to another machine")
)

// Clusters gives access to guest clusters; *clustercache.ClusterCache implements it.
type Clusters interface {
	GetClient(ctx context.Context, cluster client.ObjectKey) (client.Client, error)
	Watch(ctx context.Context, cluster client.ObjectKey, watcher clustercache.Watcher) error
}

// InitializeNode sets the provider id of a Node, its zone and its region, and removes the taint of uninitialised nodes,
// where that is still to be done; changed tells that it was. It reads the Node from the guest's cache and writes only against the version it
// read, so that it never undoes somebody else's change.
func InitializeNode(ctx context.Context, clusters Clusters, cluster client.ObjectKey, identity Identity) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	name := identity.Name
	guest, err := clusters.GetClient(ctx, cluster)
	if err != nil {
		return false, accessError(cluster, err)
	}
	node := &corev1.Node{}
	if err := guest.Get(ctx, client.ObjectKey{Name: name}, node); err != nil {
		if apierrors.IsNotFound(err) {
			return false, fmt.Errorf("%w: Node %s of cluster %s", ErrNodeNotFound, name, cluster)
		}
		return false, accessError(cluster, err)
	}
	plan := PlanNode(node, identity)
	switch {
	case plan.Conflict != "":
		return false, fmt.Errorf("%w: %s", ErrNodeConflict, plan.Conflict)
	case plan.Done():
		return false, nil
	}
	base := client.MergeFromWithOptions(node.DeepCopy(), client.MergeFromWithOptimisticLock{})
	plan.apply(node, identity)
	err = guest.Patch(ctx, node, base)
	if err != nil && ctx.Err() != nil {
		return false, accessError(cluster, err) // It takes the write and does not answer.
	}
	if err != nil {
		return false, fmt.Errorf("initialise Node %s of cluster %s: %w", name, cluster, err)
	}
	return true, nil
}

func accessError(cluster client.ObjectKey, err error) error {
	return fmt.Errorf("%w: cluster %s: %w", ErrUnreachable, cluster, err)
}
