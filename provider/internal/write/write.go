// Package write stores what a reconcile changed on its object: at most one request for the object itself and one for its
// status, however many conditions changed; and it keeps a reconcile from working on what it has itself overtaken.
//
// Cluster API's own patch helper sends conditions apart from the rest of the status, which costs a third request, and has
// no memory of its writes, so that a cache which lags leads to conflicts.
package write

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// Object is what a controller of Cluster API reconciles.
type Object interface {
	client.Object
	conditions.Setter
}

// Helper remembers an object as it was read. Make one with New, change the object, and call Patch once.
type Helper struct {
	client client.Client
	gvk    schema.GroupVersionKind
	before map[string]any
}

// New returns a helper for an object in the state in which it is stored.
func New(c client.Client, object Object) (*Helper, error) {
	gvk, err := apiutil.GVKForObject(object, c.Scheme())
	if err != nil {
		return nil, fmt.Errorf("prepare to write %s: %w", client.ObjectKeyFromObject(object), err)
	}
	before, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("prepare to write %s %s: %w", gvk.Kind, client.ObjectKeyFromObject(object), err)
	}
	return &Helper{client: c, gvk: gvk, before: before}, nil
}

// Patch stores what differs from what was read, and gives the object the version that came of it; nothing is sent when
// nothing differs. The object itself comes first, so that whoever acts on the status finds the spec it speaks of. Both are
// written against the version that was read: if somebody else wrote meanwhile, or made the object anew, the answer is a
// conflict and nothing of theirs is lost.
func (h *Helper) Patch(ctx context.Context, object Object) error {
	after, err := h.part(object)
	if err != nil {
		return err
	}
	before := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(h.before)}
	before.SetGroupVersionKind(h.gvk)
	if err := h.patchMain(ctx, before.DeepCopy(), after.DeepCopy(), object); err != nil || goes(object) {
		return err
	}
	if after, err = h.part(object); err != nil { // its conditions may speak of a newer generation now
		return err
	}
	return h.patchStatus(ctx, before, after, object)
}

func (h *Helper) part(object Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("write %s %s: %w", h.gvk.Kind, client.ObjectKeyFromObject(object), err)
	}
	part := &unstructured.Unstructured{Object: content}
	part.SetGroupVersionKind(h.gvk)
	return part, nil
}

// goes tells whether an object is gone with its last finalizer.
func goes(object client.Object) bool {
	return !object.GetDeletionTimestamp().IsZero() && len(object.GetFinalizers()) == 0
}

// patchMain writes everything but the status.
func (h *Helper) patchMain(ctx context.Context, before, after *unstructured.Unstructured, object Object) error {
	unstructured.RemoveNestedField(before.Object, "status")
	unstructured.RemoveNestedField(after.Object, "status")
	if equality.Semantic.DeepEqual(before.Object, after.Object) {
		return nil
	}
	if err := h.client.Patch(ctx, after, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("write %s %s: %w", h.gvk.Kind, client.ObjectKeyFromObject(object), err)
	}
	object.SetResourceVersion(after.GetResourceVersion())
	observe(object, after.GetGeneration())
	return nil
}

func (h *Helper) patchStatus(ctx context.Context, before, after *unstructured.Unstructured, object Object) error {
	if equality.Semantic.DeepEqual(before.Object["status"], after.Object["status"]) {
		return nil
	}
	// Only the status may differ, or the patch would hold the rest as well.
	before.SetResourceVersion(object.GetResourceVersion())
	bare := before.DeepCopy()
	if delete(bare.Object, "status"); after.Object["status"] != nil {
		bare.Object["status"] = after.Object["status"]
	}
	if err := h.client.Status().Patch(ctx, bare, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("write the status of %s %s: %w", h.gvk.Kind, client.ObjectKeyFromObject(object), err)
	}
	object.SetResourceVersion(bare.GetResourceVersion())
	return nil
}

// observe says in each condition that it speaks of the generation that this very reconcile has just written.
func observe(object Object, generation int64) {
	before := object.GetGeneration()
	object.SetGeneration(generation)
	list := object.GetConditions()
	renewed := make([]metav1.Condition, len(list))
	for i, condition := range list {
		if condition.ObservedGeneration == before {
			condition.ObservedGeneration = generation
		}
		renewed[i] = condition
	}
	object.SetConditions(renewed)
}
