package phase

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// InTurn gives every object the usual priority once it was reconciled. Objects that exist when the manager starts are queued
// with a low one, and controller-runtime (v0.24.1) keeps it for all their requeues and retries: while objects that were made
// later keep the workers busy, the older ones would never have their turn.
func InTurn(reconciler reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
		result, err := reconciler.Reconcile(ctx, request)
		result.Priority = new(int)
		return result, err
	})
}
