package write

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util/annotations"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/cluster-api/util/paused"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Paused tells whether an object must not be worked on, by its own annotation or by its Cluster, which may be nil. If so,
// it says so on the object, as Cluster API does, and writes nothing else.
func Paused(ctx context.Context, c client.Client, cluster *clusterv1.Cluster, object Object) (bool, error) {
	if (cluster == nil || !ptr.Deref(cluster.Spec.Paused, false)) && !annotations.HasPaused(object) {
		return false, nil
	}
	if _, _, err := paused.EnsurePausedCondition(ctx, c, cluster, object); err != nil {
		return true, fmt.Errorf("say that %s is paused: %w", client.ObjectKeyFromObject(object), err)
	}
	return true, nil
}

// SetNotPaused says on the object in memory that it is worked on, to be stored with what the reconcile finds.
func SetNotPaused(object conditions.Setter) {
	conditions.Set(object, metav1.Condition{Type: clusterv1.PausedCondition, Status: metav1.ConditionFalse, Reason: clusterv1.NotPausedReason})
}
