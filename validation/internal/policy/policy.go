package policy

import (
	"fmt"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// dryRunTopology is true for a dry run of Cluster API's topology controller, see validation.Options.
const dryRunTopology = `request.?dryRun.orValue(false) && 'topology.cluster.x-k8s.io/dry-run' in object.metadata.?annotations.orValue({})`

// validated is a kind that the API server asks about.
type validated struct {
	kind string
	// root is the scope that is validated even when it is missing.
	root     string
	group    string
	versions []any
	// only is a condition for objects that concern us, where the kind is not ours.
	only string
}

// ofHarvester holds for Clusters that this provider is for, as far as they say it themselves. What other ClusterClasses
// make is unknown here.
const ofHarvester = `object.?spec.?topology.?class.orValue('') == 'harvester-rke2' || ` +
	`object.?spec.?topology.?classRef.?name.orValue('') == 'harvester-rke2' || ` +
	`object.?spec.?infrastructureRef.?kind.orValue('') == 'HarvesterCluster'`

var kinds = []validated{
	ours("HarvesterCluster", "spec"),
	ours("HarvesterClusterTemplate", "spec.template.spec"),
	ours("HarvesterMachine", "spec"),
	ours("HarvesterMachineTemplate", "spec.template.spec"),
	{kind: "Cluster", root: "spec", group: "cluster.x-k8s.io", versions: []any{"v1beta1", "v1beta2"}, only: ofHarvester},
}

func ours(kind, root string) validated {
	return validated{kind: kind, root: root, group: validation.Group, versions: []any{"v1beta1"}}
}

// Build returns the policies and their bindings as objects: for each kind one policy that denies what a rule finds an
// error in, and one that warns. Hints are left out, as at the webhook, and so are rules that look at other objects,
// which a policy cannot see. The webhook is not asked about Clusters; their policies are the only admission that they have.
//
// A policy's answers differ from the webhook's in three ways. The API server reports the first error only. Messages
// name no values and no index in a list. And an error that an object had before a change is let pass without a warning.
func Build(rules []validation.Rule) []map[string]any {
	var objects []map[string]any
	for _, k := range kinds {
		for _, level := range []struct {
			severity validation.Severity
			action   string
		}{{validation.Error, "Deny"}, {validation.Warning, "Warn"}} {
			checks := validations(rules, k.kind, k.root, level.severity)
			if len(checks) == 0 {
				continue
			}
			resource := strings.ToLower(k.kind) + "s"
			name := "caphv-" + resource + "-" + strings.ToLower(level.action)
			objects = append(objects, policyObject(name, resource, k, checks), bindingObject(name, level.action))
		}
	}
	return objects
}

func validations(rules []validation.Rule, kind, root string, severity validation.Severity) []any {
	var checks []any
	for _, rule := range rules {
		if mentions(rule.Expression, "bundle.") {
			continue
		}
		for _, target := range rule.Targets {
			if target.Kind != kind || target.Severity != severity {
				continue
			}
			for _, scope := range target.Scopes {
				path := scope
				if rule.Field != "" {
					path += "." + rule.Field
				}
				checks = append(checks, map[string]any{
					"expression": condition(rule.Expression, scope, rule.Field, root),
					"message":    fmt.Sprintf("%s: %s; %s [%s]", path, rule.Message, rule.Remediation, rule.ID),
					"reason":     "Invalid",
				})
			}
		}
	}
	return checks
}

func policyObject(name, resource string, k validated, checks []any) map[string]any {
	// What is being deleted must be able to lose its finalizers.
	conditions := []any{map[string]any{"name": "not-being-deleted", "expression": "!has(object.metadata.deletionTimestamp)"}}
	if k.only != "" {
		conditions = append(conditions, map[string]any{"name": "on-harvester", "expression": k.only})
	}
	return map[string]any{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
		"metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"failurePolicy": "Fail",
			"matchConstraints": map[string]any{"resourceRules": []any{map[string]any{
				"apiGroups": []any{k.group}, "apiVersions": k.versions,
				"operations": []any{"CREATE", "UPDATE"}, "resources": []any{resource},
			}}},
			"matchConditions": conditions,
			"variables":       []any{map[string]any{"name": "dryRunTopology", "expression": dryRunTopology}},
			"validations":     checks,
		},
	}
}

func bindingObject(name, action string) map[string]any {
	return map[string]any{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
		"metadata": map[string]any{"name": name},
		"spec":     map[string]any{"policyName": name, "validationActions": []any{action}},
	}
}
