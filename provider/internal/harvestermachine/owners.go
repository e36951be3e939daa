package harvestermachine

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// maxOwners bounds the way up from a Machine: MachineSet, MachineDeployment, Cluster, and room for one more.
const maxOwners = 5

// findLostOwner fills in the owner that a Machine's deletion comes from, if that owner does not exist. Kubernetes' garbage
// collector deletes what only has such owners, and a restored backup is full of them: they mean UIDs of another cluster.
func (r *Reconciler) findLostOwner(ctx context.Context, s *scope) (err error) {
	if s.owner == nil || s.owner.DeletionTimestamp.IsZero() || s.machine.Annotations[confirmAnnotation] == confirmed ||
		(s.cluster != nil && !s.cluster.DeletionTimestamp.IsZero()) {
		return nil
	}
	s.lostOwner, err = lostOwner(ctx, r.Secrets, s.owner)
	return err
}

// lostOwner goes up from an object that is being deleted, until it finds an owner that lives and may have ordered it, or
// none at all: then it returns the empty string. An object none of whose owners exists is the garbage collector's, and
// those owners are returned. Owners are told apart by UID, as the garbage collector does.
func lostOwner(ctx context.Context, reader client.Reader, object client.Object) (string, error) {
	for range maxOwners {
		references := object.GetOwnerReferences()
		if len(references) == 0 {
			return "", nil
		}
		var lost []string
		var leaving client.Object
		for _, reference := range references {
			owner, err := readOwner(ctx, reader, object.GetNamespace(), reference)
			switch {
			case err != nil:
				return "", err
			case owner == nil:
				lost = append(lost, reference.Kind+" "+reference.Name)
			case owner.DeletionTimestamp.IsZero():
				return "", nil
			default:
				leaving = owner
			}
		}
		if leaving == nil {
			return strings.Join(lost, ", "), nil
		}
		object = leaving // Who ordered its deletion?
	}
	return "", nil
}

// readOwner reads, live, what an owner reference means; nil when there is nothing of that UID.
func readOwner(ctx context.Context, reader client.Reader, namespace string, reference metav1.OwnerReference) (*metav1.PartialObjectMetadata, error) {
	owner := &metav1.PartialObjectMetadata{}
	owner.SetGroupVersionKind(schema.FromAPIVersionAndKind(reference.APIVersion, reference.Kind))
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: reference.Name}, owner)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s %s/%s, to learn who ordered the deletion: %w", reference.Kind, namespace, reference.Name, err)
	case owner.UID != reference.UID:
		return nil, nil
	}
	return owner, nil
}
