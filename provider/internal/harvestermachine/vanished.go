package harvestermachine

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// vanishedRecheck is how soon what a vanished machine left is looked at again.
const vanishedRecheck = time.Second

// undoVanished takes back what was made for a machine that does not exist any more, if this process made something. One
// that was made anew under the same name finds it by itself.
func (r *Reconciler) undoVanished(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	s, found := r.vanished.Get(request.NamespacedName)
	if !found {
		return ctrl.Result{}, nil
	}
	err := r.Secrets.Get(ctx, request.NamespacedName, &infrav1.HarvesterMachine{})
	if err == nil {
		r.vanished.Drop(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	if !apierrors.IsNotFound(err) {
		return ctrl.Result{}, fmt.Errorf("see whether HarvesterMachine %s exists: %w", request, err)
	}
	s.vm, s.vmi, s.foreign = nil, nil, nil
	result, err := phase.Settle(phase.Run(ctx, s.machine, s, r.undoPhases()))
	if err == nil && !hasFinalizer(s.machine) {
		r.vanished.Drop(request.NamespacedName)
		ctrl.LoggerFrom(ctx).Info("Took back what was made for a machine that was deleted meanwhile", "vm", s.vmKey().String())
		return ctrl.Result{}, nil
	}
	if err == nil && result.RequeueAfter == 0 {
		result.RequeueAfter = vanishedRecheck // Its VM's events lead nowhere any more.
	}
	return result, err
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
