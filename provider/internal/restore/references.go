package restore

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// reference is an object that another one names.
type reference struct{ group, kind, namespace, name string }

// missing lists the objects that others name in their specs, or by the names that Cluster API gives them, and that are not
// there, each with one that names it.
func missing(objects []*unstructured.Unstructured) []string {
	there := map[reference]bool{}
	for _, object := range objects {
		there[reference{object.GroupVersionKind().Group, object.GetKind(), object.GetNamespace(), object.GetName()}] = true
	}
	var lacking []string
	told := map[reference]bool{}
	for _, object := range objects {
		for _, wanted := range append(references(object), certificates(object, objects)...) {
			if there[wanted] || told[wanted] {
				continue
			}
			told[wanted] = true
			lacking = append(lacking, fmt.Sprintf("%s %s/%s, which %s refers to", wanted.kind, wanted.namespace, wanted.name, describe(object)))
		}
	}
	slices.Sort(lacking)
	return lacking
}

// references finds what an object's spec names: by Cluster API's object references (kind, name and group), the Secret of a
// machine's bootstrap data, and the identity of a HarvesterCluster or a HarvesterIPPool.
func references(object *unstructured.Unstructured) []reference {
	spec, _, err := unstructured.NestedMap(object.Object, "spec")
	if err != nil {
		return nil
	}
	found := objectReferences(object.GetNamespace(), spec)
	if name, _, _ := unstructured.NestedString(spec, "bootstrap", "dataSecretName"); name != "" && object.GetKind() == "Machine" {
		found = append(found, reference{"", "Secret", object.GetNamespace(), name})
	}
	if object.GetKind() == "HarvesterCluster" || object.GetKind() == "HarvesterIPPool" {
		name, _, _ := unstructured.NestedString(spec, "identitySecret", "name")
		namespace, _, _ := unstructured.NestedString(spec, "identitySecret", "namespace")
		if name != "" {
			found = append(found, reference{"", "Secret", cmp.Or(namespace, object.GetNamespace()), name})
		}
	}
	return found
}

// objectReferences walks a spec for object references to Cluster API's kinds.
func objectReferences(namespace string, value any) []reference {
	var found []reference
	switch node := value.(type) {
	case []any:
		for _, item := range node {
			found = append(found, objectReferences(namespace, item)...)
		}
	case map[string]any:
		if wanted, is := asReference(namespace, node); is {
			found = append(found, wanted)
		}
		for _, nested := range node {
			found = append(found, objectReferences(namespace, nested)...)
		}
	}
	return found
}

func asReference(namespace string, node map[string]any) (reference, bool) {
	text := func(key string) string {
		value, _ := node[key].(string)
		return value
	}
	group := text("apiGroup")
	if version := text("apiVersion"); group == "" && version != "" {
		if parsed, err := schema.ParseGroupVersion(version); err == nil {
			group = parsed.Group
		}
	}
	if elsewhere := text("namespace"); elsewhere != "" {
		namespace = elsewhere
	}
	wanted := reference{group, text("kind"), namespace, text("name")}
	return wanted, wanted.kind != "" && wanted.name != "" && inClusterAPI(group) && !strings.Contains(wanted.name, "{{")
}
