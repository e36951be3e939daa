package webhook

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// The rules name the variables of the ClusterClass; they must be those that the released class declares.
func TestRulesKnowTheVariablesOfTheClass(t *testing.T) {
	text, err := os.ReadFile("../../../templates/clusterclass/clusterclass-harvester-rke2.yaml")
	require.NoError(t, err)
	class := struct {
		Kind string `json:"kind"`
		Spec struct {
			Variables []struct {
				Name string `json:"name"`
			} `json:"variables"`
		} `json:"spec"`
	}{}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		if strings.Contains(document, "\nkind: ClusterClass\n") {
			require.NoError(t, yaml.Unmarshal([]byte(document), &class))
		}
	}
	require.NotEmpty(t, class.Spec.Variables)
	var variables []any
	var names []string
	for _, v := range class.Spec.Variables {
		names = append(names, v.Name)
		variables = append(variables, map[string]any{"name": v.Name, "value": "any"})
	}
	variables = append(variables, map[string]any{"name": "unknown", "value": "any"})
	cluster := map[string]any{
		"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster",
		"spec": map[string]any{"topology": map[string]any{"class": "harvester-rke2", "variables": variables}},
	}
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	var unknown []string
	for _, f := range engine.ValidateBundle([]map[string]any{cluster})[0].Findings {
		if f.RuleID == "CT001" {
			unknown = append(unknown, f.Message)
		}
	}
	assert.ElementsMatch(t, []string{`"unknown" is not a variable of the ClusterClass harvester-rke2`}, unknown)
	assert.NotEmpty(t, names)
}
