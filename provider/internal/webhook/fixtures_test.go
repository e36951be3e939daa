package webhook

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

const fixtureDirectory = "../../../validation/testdata"

// fixtureCase is one fixture of the validation library, see validation/testdata/rules.
type fixtureCase struct {
	Rule           string           `json:"rule"`
	Patch          map[string]any   `json:"patch"`
	Old            map[string]any   `json:"old"`
	DryRunTopology bool             `json:"dryRunTopology"`
	Bundle         []map[string]any `json:"bundle"`
	Want           []string         `json:"want"`

	Kind, name  string
	object, old map[string]any
	severities  map[string]validation.Severity
}

// loadFixtures reads the fixtures that are about one object.
func loadFixtures(t *testing.T) []*fixtureCase {
	t.Helper()
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	var all []*fixtureCase
	for _, resource := range resources {
		kind := singular(resource)
		var file struct {
			Kind  string         `json:"kind"`
			Cases []*fixtureCase `json:"cases"`
		}
		readYAML(t, filepath.Join(fixtureDirectory, "rules", kind+".yaml"), &file)
		for i, c := range file.Cases {
			if c.Bundle != nil {
				continue
			}
			c.Kind, c.name = file.Kind, fmt.Sprintf("%s/%s/%d", file.Kind, c.Rule, i)
			c.object = c.build(t, kind, c.Patch)
			if c.Old != nil {
				c.old = c.build(t, kind, c.Old)
			}
			c.severities = map[string]validation.Severity{}
			for _, rule := range engine.Rules() {
				for _, target := range rule.Targets {
					if target.Kind == file.Kind {
						c.severities[rule.ID] = target.Severity
					}
				}
			}
			all = append(all, c)
		}
	}
	return all
}

func (c *fixtureCase) build(t *testing.T, kind string, patch map[string]any) map[string]any {
	t.Helper()
	var object map[string]any
	readYAML(t, filepath.Join(fixtureDirectory, "base", kind+".yaml"), &object)
	return merge(object, patch)
}

// readYAML decodes whole numbers as int64, as the API server does.
func readYAML(tb testing.TB, name string, into any) {
	tb.Helper()
	text, err := os.ReadFile(name)
	require.NoError(tb, err)
	data, err := yaml.YAMLToJSON(text)
	require.NoError(tb, err, name)
	require.NoError(tb, json.Unmarshal(data, into), name)
}

// merge applies a JSON merge patch (RFC 7396).
func merge(object, patch map[string]any) map[string]any {
	merged := map[string]any{}
	for name, value := range object {
		merged[name] = value
	}
	for name, change := range patch {
		switch change := change.(type) {
		case nil:
			delete(merged, name)
		case map[string]any:
			inner, _ := merged[name].(map[string]any)
			merged[name] = merge(inner, change)
		default:
			merged[name] = change
		}
	}
	return merged
}

// refused tells whether the object must not get in.
func (c *fixtureCase) refused() bool {
	return slices.ContainsFunc(c.Want, func(line string) bool { return strings.HasPrefix(line, "error ") })
}

// lacksRequired tells whether a template leaves out an object that the schema asks for although a ClusterClass may fill
// it. To caphv-lint it is a hint, because clusters of v0.2.x hold such templates.
func (c *fixtureCase) lacksRequired() bool {
	if c.Kind != "HarvesterClusterTemplate" {
		return false
	}
	spec, _, _ := unstructured.NestedMap(c.object, "spec", "template", "spec")
	return spec["identitySecret"] == nil || spec["loadBalancerConfig"] == nil
}

// wrongType tells whether the fixture holds a value that its rule's expression cannot compare.
func (c *fixtureCase) wrongType() bool {
	cpu, _, _ := unstructured.NestedFieldNoCopy(c.object, "spec", "cpu")
	_, isText := cpu.(string)
	return isText
}

// wantOfWebhook leaves out the hints, which are for caphv-lint only.
func (c *fixtureCase) wantOfWebhook() []string {
	return slices.DeleteFunc(slices.Clone(c.Want), func(line string) bool { return strings.HasPrefix(line, "info ") })
}

// wantOfPolicy also leaves out errors that the object had before, of which a policy says nothing, and the indices of
// lists, which it cannot name.
func (c *fixtureCase) wantOfPolicy() []string {
	var want []string
	if c.wrongType() {
		return []string{"error ? " + c.Rule}
	}
	for _, line := range c.wantOfWebhook() {
		parts := strings.Fields(line)
		if parts[0] == "warning" && c.severities[parts[1]] == validation.Error {
			continue
		}
		if line = listIndex.ReplaceAllString(line, "[*]"); !slices.Contains(want, line) {
			want = append(want, line)
		}
	}
	return want
}
