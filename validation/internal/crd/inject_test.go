package crd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

func object(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": properties}
}

func rule(change func(*validation.Rule)) []validation.Rule {
	r := validation.Rule{
		ID: "XX001", Severity: validation.Error, Scopes: []string{"spec"}, Expression: "self.a == 1",
		Message: "is wrong", Remediation: `Say "1".`,
	}
	change(&r)
	r.Targets = []validation.Target{{Kind: "X", Scopes: r.Scopes, Severity: r.Severity}}
	return []validation.Rule{r}
}

func TestInject(t *testing.T) {
	checks := func(t *testing.T, rules []validation.Rule, place ...string) []any {
		t.Helper()
		schema := object(map[string]any{"spec": object(map[string]any{
			"a": map[string]any{"type": "integer"},
			"l": map[string]any{"type": "array", "items": object(map[string]any{"b": map[string]any{}})},
		})})
		require.NoError(t, Inject(rules, "X", schema))
		node := schema
		for _, step := range place {
			node = node[step].(map[string]any)
		}
		found, _ := node["x-kubernetes-validations"].([]any)
		return found
	}
	spec := []string{"properties", "spec"}
	assert.Equal(t, []any{map[string]any{"rule": "self.a == 1", "message": `is wrong; Say "1". [XX001]`}},
		checks(t, rule(func(*validation.Rule) {}), spec...))
	assert.Equal(t, []any{map[string]any{
		"rule":      "(self.a == 1) || (oldSelf.hasValue() && has(self.a) == has(oldSelf.value().a) && (!has(self.a) || self.a == oldSelf.value().a))",
		"fieldPath": ".a", "optionalOldSelf": true, "message": `is wrong; Say "1". [XX001]`,
		"messageExpression": `string(self.a) + "; Say \"1\". [XX001]"`,
	}}, checks(t, rule(func(r *validation.Rule) { r.Field, r.MessageExpression = "a", "string(self.a)" }), spec...))
	assert.Equal(t, []any{map[string]any{"rule": "self.a == 1", "fieldPath": ".b", "message": `is wrong; Say "1". [XX001]`}},
		checks(t, rule(func(r *validation.Rule) { r.Scopes, r.Field = []string{"spec.l[*]"}, "b" }), "properties", "spec", "properties", "l", "items"))
	for name, change := range map[string]func(*validation.Rule){
		"a warning":     func(r *validation.Rule) { r.Severity = validation.Warning },
		"other objects": func(r *validation.Rule) { r.Expression = "bundle.Secret == 1" },
		"the request":   func(r *validation.Rule) { r.Expression = "dryRunTopology" },
		"metadata":      func(r *validation.Rule) { r.Scopes = []string{"metadata"} },
		"left out":      func(r *validation.Rule) { r.NotInSchema = "why" },
	} {
		assert.Empty(t, checks(t, rule(change), spec...), name)
	}
	for _, change := range []func(*validation.Rule){
		func(r *validation.Rule) { r.Scopes = []string{"spec.x"} }, func(r *validation.Rule) { r.Field = "x" },
		func(r *validation.Rule) { r.Scopes = []string{"spec.a[*]"} },
	} {
		err := Inject(rule(change), "X", object(map[string]any{"spec": object(map[string]any{"a": map[string]any{}})}))
		require.ErrorIs(t, err, ErrNoPlace)
		assert.ErrorContains(t, err, "XX001")
	}
}

// The released definitions hold every rule that they can hold, and nothing else that bears a rule's id.
func TestTheReleasedDefinitionsHoldTheRules(t *testing.T) {
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	var want []string
	for _, rule := range engine.Rules() {
		for _, target := range rule.Targets {
			if CanSay(rule) && target.Severity == validation.Error && strings.HasPrefix(target.Kind, "Harvester") {
				for range target.Scopes {
					want = append(want, target.Kind+" "+rule.ID)
				}
			}
		}
	}
	require.Greater(t, len(want), 60)
	names, err := filepath.Glob("../../../config/crd/bases/*.yaml")
	require.NoError(t, err)
	var found []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		definition := map[string]any{}
		require.NoError(t, yaml.Unmarshal(text, &definition))
		spec := definition["spec"].(map[string]any)
		kind := spec["names"].(map[string]any)["kind"].(string)
		for _, version := range spec["versions"].([]any) {
			if version := version.(map[string]any); version["name"] == "v1beta1" {
				for _, id := range ids(version["schema"]) {
					found = append(found, kind+" "+id)
				}
			}
		}
	}
	slices.Sort(want)
	slices.Sort(found)
	assert.Equal(t, want, found)
}

// ids collects the rule ids of all checks below a node.
func ids(node any) []string {
	var all []string
	switch node := node.(type) {
	case map[string]any:
		for name, child := range node {
			if checks, ok := child.([]any); ok && name == "x-kubernetes-validations" {
				for _, check := range checks {
					message, _ := check.(map[string]any)["message"].(string)
					if start := strings.LastIndex(message, "["); start >= 0 {
						all = append(all, strings.TrimSuffix(message[start+1:], "]"))
					}
				}
				continue
			}
			all = append(all, ids(child)...)
		}
	case []any:
		for _, child := range node {
			all = append(all, ids(child)...)
		}
	}
	return all
}
