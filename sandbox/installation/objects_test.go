package installation

import (
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func kind(group, version, kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
}

func object(of schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	made := &unstructured.Unstructured{}
	made.SetGroupVersionKind(of)
	made.SetNamespace(namespace)
	made.SetName(name)
	return made
}

func deployment() *unstructured.Unstructured {
	return object(kind("apps", "v1", "Deployment"), namespace, manager)
}

func crd(name string) *unstructured.Unstructured {
	return object(kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), "", name)
}

// values in the order of their keys.
func values[V any](named map[string]V) []V {
	var ordered []V
	for _, key := range slices.Sorted(maps.Keys(named)) {
		ordered = append(ordered, named[key])
	}
	return ordered
}

// names of objects.
func names(objects []*unstructured.Unstructured) []string {
	all := []string{}
	for _, object := range objects {
		all = append(all, name(object))
	}
	return all
}

// without leaves out the names of objects of some kinds.
func without(all []string, kinds ...string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool {
		_, after, namespaced := strings.Cut(name, "/")
		if !namespaced {
			after = name
		}
		kind, _, _ := strings.Cut(after, " ")
		return slices.Contains(kinds, kind)
	})
}

// image of the manager's container.
func (s *server) image() string {
	s.t.Helper()
	return images(s.t, map[string]*unstructured.Unstructured{namespace + "/Deployment " + manager: s.get(deployment())})[0]
}

func (s *server) replicas() int64 {
	s.t.Helper()
	replicas, _, err := unstructured.NestedInt64(s.get(deployment()).Object, "spec", "replicas")
	require.NoError(s.t, err)
	return replicas
}

// columns are what kubectl shows of pools.
func (s *server) columns() []any {
	s.t.Helper()
	versions, _, err := unstructured.NestedSlice(s.get(crd(pools)).Object, "spec", "versions")
	require.NoError(s.t, err)
	columns, _ := versions[0].(map[string]any)["additionalPrinterColumns"].([]any)
	return columns
}

// makePool makes a HarvesterIPPool, the one kind of ours that no webhook is asked about.
func (s *server) makePool() *unstructured.Unstructured {
	s.t.Helper()
	pool := object(kind(ours, "v1beta1", "HarvesterIPPool"), "default", "pool")
	pool.Object["spec"] = map[string]any{
		"identitySecret": map[string]any{"namespace": "default", "name": "identity"}, "ipPoolRefs": []any{"prod-ip-pool"},
	}
	s.eventually(func() bool { return s.client.Create(s.t.Context(), pool) == nil }, "pools are served")
	return pool
}

// requireSame: the object was neither made anew nor changed.
func (s *server) requireSame(before *unstructured.Unstructured) {
	s.t.Helper()
	after := s.get(before)
	require.NotNil(s.t, after, name(before))
	assert.Equal(s.t, before.GetUID(), after.GetUID(), name(before))
	assert.Equal(s.t, before.GetGeneration(), after.GetGeneration(), name(before))
}

// requireServicesFindPods: the selectors of the Deployment and of both Services match the labels of the Pods.
func (s *server) requireServicesFindPods() {
	s.t.Helper()
	stored := s.get(deployment())
	pod, _, err := unstructured.NestedStringMap(stored.Object, "spec", "template", "metadata", "labels")
	require.NoError(s.t, err)
	selector, _, err := unstructured.NestedStringMap(stored.Object, "spec", "selector", "matchLabels")
	require.NoError(s.t, err)
	assert.Subset(s.t, pod, selector)
	for _, service := range []string{"caphv-webhook-service", "caphv-controller-manager-metrics-service"} {
		selector, _, err := unstructured.NestedStringMap(s.get(object(kind("", "v1", "Service"), namespace, service)).Object, "spec", "selector")
		require.NoError(s.t, err)
		require.NotEmpty(s.t, selector)
		assert.Subset(s.t, pod, selector, service)
	}
}
