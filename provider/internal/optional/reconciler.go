package optional

import (
	"context"
	"fmt"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

const (
	controllerName = "optional-objects"
	deploymentName = "caphv-controller-manager"
)

// Reconciler creates sets of objects. A request's name is that of a set.
type Reconciler struct {
	// Client reads CRDs, from a cache, and creates objects.
	Client client.Client
	// Live reads the manager's Deployment.
	Live client.Reader
	// Namespace is the manager's own; everything is created in it.
	Namespace string
	// Sets that are wanted.
	Sets []Set
}

// SetupWithManager watches the CRDs of the sets' kinds, in the manager that leads.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, options controller.Options) error {
	err := ctrl.NewControllerManagedBy(mgr).Named(controllerName).WithOptions(options).
		Watches(&apiextensionsv1.CustomResourceDefinition{}, handler.EnqueueRequestsFromMapFunc(r.waiting)).
		Complete(phase.InTurn(r))
	if err != nil {
		return fmt.Errorf("set up the controller of optional objects: %w", err)
	}
	return nil
}

// waiting are the sets that a CRD is needed for.
func (r *Reconciler) waiting(_ context.Context, crd client.Object) []reconcile.Request {
	var requests []reconcile.Request
	for _, set := range r.Sets {
		if slices.ContainsFunc(set.kinds(), func(kind schema.GroupVersionKind) bool { return definition(kind) == crd.GetName() }) {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: set.Name}})
		}
	}
	return requests
}

// Reconcile creates what is missing of a set, if the cluster serves all of its kinds. What the cluster refuses, such as a
// ClusterClass while that feature of Cluster API is off, is tried again when a CRD changes or the manager starts.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	for _, set := range r.Sets {
		if set.Name != request.Name {
			continue
		}
		return reconcile.Result{}, r.ensure(ctx, set)
	}
	return reconcile.Result{}, nil
}

// ensure creates a set in the newest of its forms that the cluster serves, if there is one.
func (r *Reconciler) ensure(ctx context.Context, set Set) error {
	for _, objects := range set.forms() {
		served, err := r.served(ctx, kindsOf(objects))
		if err != nil {
			return err
		}
		if !served {
			continue
		}
		set.Objects = objects
		err = r.create(ctx, set)
		if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) {
			err = reconcile.TerminalError(err)
		}
		return err
	}
	return nil
}

// served tells whether the cluster serves all of the kinds.
func (r *Reconciler) served(ctx context.Context, kinds []schema.GroupVersionKind) (bool, error) {
	for _, kind := range kinds {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		err := r.Client.Get(ctx, client.ObjectKey{Name: definition(kind)}, crd)
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("get the CRD of %s: %w", kind.Kind, err)
		}
		if !serves(crd, kind.Version) {
			return false, nil
		}
	}
	return true, nil
}

// serves tells whether a CRD is established and serves a version.
func serves(crd *apiextensionsv1.CustomResourceDefinition, version string) bool {
	established := slices.ContainsFunc(crd.Status.Conditions, func(c apiextensionsv1.CustomResourceDefinitionCondition) bool {
		return c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue
	})
	return established && slices.ContainsFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
		return v.Name == version && v.Served
	})
}

// create creates the objects of a set that do not exist.
func (r *Reconciler) create(ctx context.Context, set Set) error {
	var owners []metav1.OwnerReference
	if set.Owned {
		var err error
		if owners, err = r.owners(ctx); err != nil {
			return err
		}
	}
	for _, object := range set.Objects {
		object = object.DeepCopy()
		object.SetNamespace(r.Namespace)
		object.SetOwnerReferences(owners)
		err := r.Client.Create(ctx, object)
		if apierrors.IsAlreadyExists(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("create %s %s/%s: %w", object.GetKind(), r.Namespace, object.GetName(), err)
		}
		ctrl.LoggerFrom(ctx).Info("Created "+object.GetKind(), "name", object.GetName(), "namespace", r.Namespace)
	}
	return nil
}

// owners name the manager's Deployment; none if the manager runs outside of one.
func (r *Reconciler) owners(ctx context.Context) ([]metav1.OwnerReference, error) {
	deployment := &unstructured.Unstructured{}
	deployment.SetGroupVersionKind(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"})
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: r.Namespace, Name: deploymentName}, deployment)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get Deployment %s/%s: %w", r.Namespace, deploymentName, err)
	}
	return []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "Deployment", Name: deployment.GetName(), UID: deployment.GetUID(),
	}}, nil
}
