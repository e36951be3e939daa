// Package apply writes objects to a Kubernetes API server by server-side apply.
package apply

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// FieldManager is the name under which fields are owned. It must not change: a cluster's objects remember it.
const FieldManager = "caphv-generate"

// ErrUnknownKind means that the API server lacks a kind.
var ErrUnknownKind = errors.New("the management cluster does not know")

// Outcome says what applying one object did.
type Outcome string

// Outcomes of applying an object.
const (
	Created    Outcome = "created"
	Configured Outcome = "configured"
	Unchanged  Outcome = "unchanged"
)

// Applier applies objects to one API server. It is not safe for concurrent use.
type Applier struct {
	client dynamic.Interface
	mapper meta.RESTMapper
	// Force takes over fields that another manager changed, such as replicas set by kubectl.
	Force bool
	// DryRun has the API server validate and admit what is applied, and keep nothing.
	DryRun bool
}

// New returns an Applier for an API server. It does not connect yet.
func New(config *rest.Config) (*Applier, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("setting up the client: %w", err)
	}
	discover, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("setting up discovery: %w", err)
	}
	return &Applier{client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discover))}, nil
}

// Known fails, before anything is written, if the API server lacks a kind.
func (a *Applier) Known(objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if _, err := a.resource(object); err != nil {
			return err
		}
	}
	return nil
}

// Apply creates or changes one object and tells which. Applying the same object again changes nothing. When another
// manager owns a field with another value the error says which, unless Force is set.
func (a *Applier) Apply(ctx context.Context, object *unstructured.Unstructured) (Outcome, error) {
	resource, err := a.resource(object)
	if err != nil {
		return "", err
	}
	before, err := resource.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return "", err
	}
	existed := err == nil
	after, err := resource.Apply(ctx, object.GetName(), object, a.options(a.DryRun))
	switch {
	case apierrors.IsConflict(err):
		return "", fmt.Errorf("%w\nrun again with --force-conflicts to take these fields over", err)
	case err != nil:
		return "", err
	case !existed:
		return Created, nil
	case same(before, after):
		return Unchanged, nil
	}
	return Configured, nil
}

func (a *Applier) options(dryRun bool) metav1.ApplyOptions {
	options := metav1.ApplyOptions{FieldManager: FieldManager, Force: a.Force}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return options
}

// Preview returns an object as it is, nil if it is not there, and as applying would make it. Nothing is kept.
func (a *Applier) Preview(ctx context.Context, object *unstructured.Unstructured) (before, after *unstructured.Unstructured, err error) {
	resource, err := a.resource(object)
	if err != nil {
		return nil, nil, err
	}
	before, err = resource.Get(ctx, object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, object, nil // What a dry run adds to it are defaults; and its namespace may not be there either.
	}
	if err != nil {
		return nil, nil, err
	}
	options := a.options(true)
	options.Force = true // A conflict is a difference to be shown.
	after, err = resource.Apply(ctx, object.GetName(), object, options)
	return before, after, err
}

// Delete deletes an object, and tells whether it was there.
func (a *Applier) Delete(ctx context.Context, object *unstructured.Unstructured) (bool, error) {
	resource, err := a.resource(object)
	if err != nil {
		return false, err
	}
	background := metav1.DeletePropagationBackground
	err = resource.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// Client is for reading beside applying.
func (a *Applier) Client() dynamic.Interface { return a.client }

// conversionData is where Cluster API keeps, in an old version of an object, what only the stored one can say: the status
// among it.
const conversionData = "cluster.x-k8s.io/conversion-data"

// same compares what the objects say, not who says it: taking over the fields of an earlier writer changes nothing for a
// reader. The status is its controllers', which may write it at the same moment.
func same(before, after *unstructured.Unstructured) bool {
	before, after = before.DeepCopy(), after.DeepCopy()
	for _, object := range []*unstructured.Unstructured{before, after} {
		object.SetManagedFields(nil)
		object.SetResourceVersion("")
		object.SetGeneration(0) // It counts writes of the stored version, whose form an old version does not show.
		unstructured.RemoveNestedField(object.Object, "status")
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations", conversionData)
	}
	return equality.Semantic.DeepEqual(before.Object, after.Object)
}

// Exists tells whether an object of that kind and name is there.
func (a *Applier) Exists(ctx context.Context, object *unstructured.Unstructured) (bool, error) {
	resource, err := a.resource(object)
	if err != nil {
		return false, err
	}
	_, err = resource.Get(ctx, object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// installs says what brings the kinds of a group.
func installs(group string) string {
	if group == "fleet.cattle.io" {
		return "Rancher's Fleet and Cluster API's addon provider for it first, or leave out --fleet-addon-repo"
	}
	return "Cluster API, its RKE2 provider and CAPHV first, with clusterctl init or Rancher Turtles"
}

func (a *Applier) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		return nil, fmt.Errorf("%w %s: install %s", ErrUnknownKind, kind, installs(kind.Group))
	}
	if err != nil {
		return nil, fmt.Errorf("asking the management cluster for %s: %w", kind, err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return a.client.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
	}
	return a.client.Resource(mapping.Resource), nil
}
