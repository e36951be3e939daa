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
	objects, err := clusterclass.Objects("ns")
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
	for name, s := range cases() {
		t.Run(name, func(t *testing.T) {
			set := make(map[string]bool)
			for _, variable := range variables(s) {
				name := variable.(map[string]any)["name"].(string)
				set[name] = true
				declaration, ok := known[name]
				require.True(t, ok, "the class has no variable %s", name)
				var internal apiextensions.JSONSchemaProps
				require.NoError(t, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
					&declaration.Schema.OpenAPIV3Schema, &internal, nil))
				validator, _, err := validation.NewSchemaValidator(&internal)
				require.NoError(t, err)
				problems := validation.ValidateCustomResource(field.NewPath(name), variable.(map[string]any)["value"], validator)
				assert.Empty(t, problems)
			}
			for name, declaration := range known {
				if declaration.Required && declaration.Schema.OpenAPIV3Schema.Default == nil {
					assert.True(t, set[name], "the class requires %s", name)
				}
			}
		})
	}
}
