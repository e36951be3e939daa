package lint

import "github.com/rancher-sandbox/cluster-api-provider-harvester/validation"

// OwnRules describes the findings that come from no rule of the library: those of the schemas, and those about
// caphv-lint's own annotation.
func OwnRules() []validation.Rule {
	const since = "v0.1.0"
	annotation := []validation.Target{{Kind: "any kind", Scopes: []string{"metadata.annotations"}, Severity: validation.Warning}}
	anywhere := []validation.Target{{Kind: "any kind", Scopes: []string{"any field"}, Severity: validation.Error}}
	return []validation.Rule{
		{
			ID: ruleBadIgnore, Title: "an accepted finding has a reason", Severity: validation.Warning, Targets: annotation,
			Message: "an entry of the annotation is not \"RULE: reason\"", Remediation: `Write "RULE: reason".`, Since: since,
		},
		{
			ID: ruleIgnoredError, Title: "errors cannot be accepted", Severity: validation.Warning, Targets: annotation,
			Message: "an entry of the annotation names a rule that finds an error here", Since: since,
			Remediation: "Fix it; the cluster would refuse the object all the same.",
		},
		{
			ID: ruleUselessIgnore, Title: "an accepted finding is there", Severity: validation.Warning, Targets: annotation,
			Message: "an entry of the annotation names a rule that finds nothing here", Remediation: "Remove the entry.", Since: since,
		},
		{
			ID: ruleSchema, Title: "values are as the schema asks", Severity: validation.Error, Targets: anywhere,
			Message: "the message is the API server's own", Remediation: "Correct the value; kubectl explain tells what it may be.", Since: since,
			Documentation: "The schemas of the CustomResourceDefinitions are validated by the API server's own code. Where a rule finds an error " +
				"at the same place, the finding has that rule's id.",
		},
		{
			ID: ruleUnknownField, Title: "fields are known", Severity: validation.Error, Targets: anywhere,
			Message: "the schema has no such field", Since: since,
			Remediation: "Correct the field's name or its place, or remove it; the cluster would refuse it, or drop it unread.",
			Documentation: "kubectl has the API server refuse unknown fields; other clients have them dropped unread. In a Cluster's topology " +
				"it is a warning, because a newer Cluster API may know the field.",
		},
		{
			ID: ruleVariable, Title: "a variable's value is as the ClusterClass asks", Severity: validation.Error, Since: since,
			Targets: []validation.Target{{Kind: "Cluster", Scopes: []string{"spec.topology.variables[*].value"}, Severity: validation.Error}},
			Message: "the message is that of the schema", Remediation: "Correct the value; the ClusterClass says what it may be.",
			Documentation: "The schemas are those of the ClusterClass among the manifests, or of the one of the same release. Cluster API refuses " +
				"a Cluster whose variables do not fit.",
		},
		{
			ID: ruleUnknownKind, Title: "kinds and versions exist", Severity: validation.Error, Targets: anywhere,
			Message: "the API server has no such kind", Since: since,
			Remediation: "Correct apiVersion or kind.",
			Documentation: "An object whose kind or version does not exist would otherwise be skipped like those of other projects. " +
				"Kinds of other infrastructure providers are skipped: they share the API group.",
		},
	}
}
