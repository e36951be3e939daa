package harvestermachine

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// undoVanished takes back what was made for a machine that does not exist any more, if this process made something. The
// events of its VM and volumes lead here by their labels.
func (r *Reconciler) undoVanished(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	return r.vanished.Undo(ctx, request.NamespacedName, r.staysMade, func(ctx context.Context, s *scope) (bool, ctrl.Result, error) {
		s.vm, s.vmi, s.foreign = nil, nil, nil
		result, err := phase.Settle(phase.Run(ctx, s.machine, s, r.undoPhases()))
		return !hasFinalizer(s.machine), result, err
	})
}

// staysMade tells whether nothing may be taken back: the machine is there again, or was moved.
func (r *Reconciler) staysMade(ctx context.Context, s *scope) (bool, error) {
	if anew, err := r.madeAnew(ctx, s); err != nil || anew {
		return anew, err
	}
	return write.StaysMade(ctx, r.Secrets, s.cluster)
}

// madeAnew tells whether there is a machine of the same name, which finds what was made by itself. It asks the API server, as
// the cache may not have a new one yet.
func (r *Reconciler) madeAnew(ctx context.Context, s *scope) (bool, error) {
	key := client.ObjectKeyFromObject(s.machine)
	err := r.Secrets.Get(ctx, key, &infrav1.HarvesterMachine{})
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("see whether HarvesterMachine %s exists: %w", key, err)
	}
	return !apierrors.IsNotFound(err), nil
}

// lookAgain finds the VM by the connection that made it: the identity may be gone with the machine.
func (r *Reconciler) lookAgain(ctx context.Context, s *scope) phase.Outcome {
	if _, err := r.observe(ctx, s); err != nil {
		return failed("look for the VM", err)
	}
	return phase.Unchanged()
}

// undoPhases are those of a deletion, without asking who ordered it and without etcd: no guest has ever run for long.
func (r *Reconciler) undoPhases() []phase.Phase[*scope] {
	return []phase.Phase[*scope]{
		{Condition: infrav1.DeletingCondition, Run: r.lookAgain},
		{Condition: infrav1.DeletingCondition, Run: r.deleteVM},
		{Condition: infrav1.DeletingCondition, Run: r.deleteVolumes},
		{Condition: infrav1.DeletingCondition, Run: r.deleteBootstrap},
		{Condition: infrav1.DeletingCondition, Run: r.releaseAddress},
		{Condition: infrav1.DeletingCondition, Run: r.letGo},
	}
}
