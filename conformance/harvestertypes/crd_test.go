package harvestertypes

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// The API server drops what a definition does not name, and we drop what our types do not name: so both must name the same.
func TestTypesNameWhatDefinitionsName(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		if k.crdFile == "" {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			version := servedVersion(t, k)
			inCRD := map[string]bool{}
			schemaPaths(version.Schema.OpenAPIV3Schema, "", inCRD)
			inType := map[string]bool{}
			typePaths(reflect.TypeOf(k.ours).Elem(), "", inType)
			assert.Equal(t, slices.Sorted(maps.Keys(inCRD)), slices.Sorted(maps.Keys(inType)))
		})
	}
}

// A status subresource would make a plain update leave the status alone. Harvester has none, on any of these kinds, and
// harvesterclient and its users rely on that.
func TestNoStatusSubresource(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		if k.crdFile == "" {
			continue
		}
		subresources := servedVersion(t, k).Subresources
		assert.True(t, subresources == nil || (subresources.Status == nil && subresources.Scale == nil), k.name)
	}
}

func servedVersion(t *testing.T, k kind) apiextensionsv1.CustomResourceDefinitionVersion {
	t.Helper()
	for _, version := range upstreamCRD(t, k).Spec.Versions {
		if version.Name == k.gvk.Version {
			require.True(t, version.Served)
			return version
		}
	}
	require.Failf(t, "no such version", "%s", k.gvk)

	return apiextensionsv1.CustomResourceDefinitionVersion{}
}

func schemaPaths(schema *apiextensionsv1.JSONSchemaProps, path string, paths map[string]bool) {
	if schema == nil || path == ".metadata" {
		return
	}
	for name, property := range schema.Properties {
		paths[path+"."+name] = true
		schemaPaths(&property, path+"."+name, paths)
	}
	if schema.Items != nil {
		schemaPaths(schema.Items.Schema, path+"[]", paths)
	}
	if schema.AdditionalProperties != nil {
		schemaPaths(schema.AdditionalProperties.Schema, path+"[]", paths)
	}
}

func typePaths(t reflect.Type, path string, paths map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer:
		typePaths(t.Elem(), path, paths)
		return
	case reflect.Slice, reflect.Map:
		typePaths(t.Elem(), path+"[]", paths)
		return
	case reflect.Struct:
	default:
		return
	}
	if path == ".metadata" {
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			typePaths(field.Type, path, paths)
			continue
		}
		paths[path+"."+name] = true
		typePaths(field.Type, path+"."+name, paths)
	}
}
