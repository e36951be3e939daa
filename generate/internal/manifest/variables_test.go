package manifest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/clusterclass"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/grid"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// declared is a variable of the ClusterClass.
type declared struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Schema   struct {
		OpenAPIV3Schema apiextensionsv1.JSONSchemaProps `json:"openAPIV3Schema"`
	} `json:"schema"`
}

func declaredVariables(t *testing.T) map[string]declared {
	t.Helper()
	objects, err := clusterclass.Objects("ns", clusterclass.Versions{})
	require.NoError(t, err)
	class := objects[len(objects)-1]
	assert.Equal(t, ClusterClassName, class.GetName())
	raw, _, err := unstructured.NestedSlice(class.Object, "spec", "variables")
	require.NoError(t, err)
	encoded, err := json.Marshal(raw)
	require.NoError(t, err)
	var variables []declared
	require.NoError(t, json.Unmarshal(encoded, &variables))
	byName := make(map[string]declared)
	for _, variable := range variables {
		byName[variable.Name] = variable
	}
	return byName
}

// What a Cluster says must be what its class asks for: Cluster API refuses unknown variables and wrong values.
func TestVariablesFitTheClusterClass(t *testing.T) {
	known := declaredVariables(t)
	for name, s := range grid.Cases() {
		t.Run(name, func(t *testing.T) {
			set := make(map[string]bool)
			for _, variable := range setVariables(s) {
				name := variable.(map[string]any)["name"].(string)
				set[name] = true
				declaration, ok := known[name]
				require.True(t, ok, "the class has no variable %s", name)
				assert.Empty(t, refusals(t, declaration, variable.(map[string]any)["value"]))
			}
			for name, declaration := range known {
				if declaration.Required && declaration.Schema.OpenAPIV3Schema.Default == nil {
					assert.True(t, set[name], "the class requires %s", name)
				}
			}
		})
	}
}

// setVariables are those of the cluster, and those that a part of it overrides.
func setVariables(s settings.Settings) []any {
	all := variables(s)
	topology := topology(s)
	parts := append([]any{topology["controlPlane"]}, topology["workers"].(map[string]any)["machineDeployments"].([]any)...)
	for _, part := range parts {
		if own, ok := part.(map[string]any)["variables"].(map[string]any); ok {
			all = append(all, own["overrides"].([]any)...)
		}
	}
	return all
}

func refusals(t *testing.T, declaration declared, value any) field.ErrorList {
	t.Helper()
	var internal apiextensions.JSONSchemaProps
	require.NoError(t, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		&declaration.Schema.OpenAPIV3Schema, &internal, nil))
	validator, _, err := validation.NewSchemaValidator(&internal)
	require.NoError(t, err)
	return validation.ValidateCustomResource(field.NewPath(declaration.Name), value, validator)
}
