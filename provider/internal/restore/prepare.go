package restore

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// Prepared is what came of a dump.
type Prepared struct {
	// Objects are to be restored, in the order of the dump. They share nothing with it.
	Objects []*unstructured.Unstructured
	// Missing are objects that others refer to and that the dump does not hold; what refers to them would not work.
	Missing []string
	// Notes say what else a person should know: what was passed over, and which owners are not in the dump.
	Notes []string
}

// Prepare makes a dump ready: Clusters are paused (clusterctl resumes them when all is there), owner references that lead
// out of the dump are dropped, and what clusterctl does not move is passed over. An object without a UID is an error, as
// owners are known by nothing else. Pure.
func Prepare(dump []*unstructured.Unstructured) (Prepared, error) {
	var result Prepared
	known := map[types.UID]bool{}
	for _, object := range dump {
		switch {
		case !moves(object):
			result.Notes = append(result.Notes, fmt.Sprintf("%s is passed over: clusterctl restores only objects of Cluster API, Secrets and ConfigMaps", describe(object)))
		case object.GetUID() == "":
			return Prepared{}, fmt.Errorf("%s: %w: it has no metadata.uid; dump it with kubectl get -o yaml", describe(object), ErrDump)
		case known[object.GetUID()]:
		default:
			known[object.GetUID()] = true
			result.Objects = append(result.Objects, object.DeepCopy())
		}
	}
	if len(result.Objects) == 0 {
		return Prepared{}, fmt.Errorf("%w: there is no object of Cluster API in it", ErrDump)
	}
	for _, object := range result.Objects {
		result.Notes = append(result.Notes, keepOwners(object, known)...)
		if !object.GetDeletionTimestamp().IsZero() {
			result.Notes = append(result.Notes, fmt.Sprintf("%s was being deleted; it is restored, and must be deleted again", describe(object)))
		}
		if object.GetKind() == clusterv1.ClusterKind && object.GroupVersionKind().Group == clusterv1.GroupVersion.Group {
			if err := unstructured.SetNestedField(object.Object, true, "spec", "paused"); err != nil {
				return Prepared{}, fmt.Errorf("%s: %w: its spec is no object", describe(object), ErrDump)
			}
		}
	}
	result.Missing = missing(result.Objects)
	slices.Sort(result.Notes)
	return result, nil
}

// moves tells whether clusterctl restores objects of this kind.
func moves(object *unstructured.Unstructured) bool {
	group := object.GroupVersionKind().Group
	if group == "" {
		return object.GetKind() == "Secret" || object.GetKind() == "ConfigMap"
	}
	return inClusterAPI(group)
}

func inClusterAPI(group string) bool {
	return group == clusterv1.GroupVersion.Group || strings.HasSuffix(group, "."+clusterv1.GroupVersion.Group)
}

// keepOwners drops the owners that the dump does not hold: a reference to nothing is refused by the API server.
func keepOwners(object *unstructured.Unstructured, known map[types.UID]bool) []string {
	var kept []metav1.OwnerReference
	var notes []string
	for _, owner := range object.GetOwnerReferences() {
		if known[owner.UID] {
			kept = append(kept, owner)
			continue
		}
		notes = append(notes, fmt.Sprintf("%s loses its owner %s %s, which is not in the dump", describe(object), owner.Kind, owner.Name))
	}
	object.SetOwnerReferences(kept)
	return notes
}

func describe(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetKind() + " " + object.GetName()
	}
	return object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
}
