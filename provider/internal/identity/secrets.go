package identity

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// ControllerName names the controller in logs and metrics.
const ControllerName = "identitysecret"

// SecretReconciler lets identity Secrets go that Resolver.Hold held, once no HarvesterCluster and no HarvesterIPPool names
// them any more. Its exported fields are set before SetupWithManager and not changed after.
type SecretReconciler struct {
	// Client reads the management cluster from the manager's cache, Secrets' metadata only, and writes to it.
	Client client.Client
	// Live reads the management cluster past the cache.
	Live client.Reader
}

// Reconcile looks at one Secret. Before it lets the Secret go it asks the API server: the cache may not have a new user yet.
func (r *SecretReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	secret := secretMetadata()
	if err := r.Client.Get(ctx, request.NamespacedName, secret); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !controllerutil.ContainsFinalizer(secret, infrav1.IdentityInUseFinalizer) {
		return ctrl.Result{}, nil
	}
	for _, reader := range []client.Reader{r.Client, r.Live} {
		named, err := users(ctx, reader)
		if err != nil || held(secret, named) {
			return ctrl.Result{}, err
		}
	}
	base := write.IfUnchanged(secret)
	controllerutil.RemoveFinalizer(secret, infrav1.IdentityInUseFinalizer)
	err := r.Client.Patch(ctx, secret, base)
	switch {
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: write.CatchUp}, nil
	case client.IgnoreNotFound(err) != nil:
		return ctrl.Result{}, fmt.Errorf("let identity Secret %s go: %w", request.NamespacedName, err)
	}
	return ctrl.Result{}, nil
}

// SetupWithManager starts the controller. A user that goes, or that names another Secret, leads to the Secret it named.
func (r *SecretReconciler) SetupWithManager(mgr ctrl.Manager, options controller.Options) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named(ControllerName).
		For(&corev1.Secret{}, builder.OnlyMetadata, builder.WithPredicates(holds())).
		WithOptions(options).
		Watches(&infrav1.HarvesterCluster{}, handler.EnqueueRequestsFromMapFunc(secretOf), builder.WithPredicates(leaves())).
		Watches(&infrav1.HarvesterIPPool{}, handler.EnqueueRequestsFromMapFunc(secretOf), builder.WithPredicates(leaves())).
		Complete(phase.InTurn(r))
	if err != nil {
		return fmt.Errorf("set up the %s controller: %w", ControllerName, err)
	}
	return nil
}

// secretKeyOf is the Secret that a user names; the zero key for anything else.
func secretKeyOf(object client.Object) client.ObjectKey {
	switch named := object.(type) {
	case *infrav1.HarvesterCluster:
		return Key(named)
	case *infrav1.HarvesterIPPool:
		return PoolKey(named)
	default:
		return client.ObjectKey{}
	}
}

func secretOf(_ context.Context, object client.Object) []ctrl.Request {
	return []ctrl.Request{{NamespacedName: secretKeyOf(object)}}
}

// leaves lets pass that a user is gone, or names another Secret. The handler gets both states of an update.
func leaves() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(e event.UpdateEvent) bool { return secretKeyOf(e.ObjectOld) != secretKeyOf(e.ObjectNew) },
		DeleteFunc:  func(event.DeleteEvent) bool { return true },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// holds lets pass Secrets that are held. Each is looked at once when the manager starts: its last user may have gone while
// none ran.
func holds() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(object client.Object) bool {
		return controllerutil.ContainsFinalizer(object, infrav1.IdentityInUseFinalizer)
	})
}
