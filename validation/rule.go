package validation

// Rule is one rule as its YAML file holds it.
type Rule struct {
	// ID names the rule for ever: two or three letters for the kind and three digits. An ID is never used again for
	// something else.
	ID string `json:"id"`
	// Title says in a few words what is right, such as "targetNamespace is set".
	Title string `json:"title"`
	// Severity of the rule's findings.
	Severity Severity `json:"severity"`
	// TemplateSeverity replaces Severity in templates, when it is set. A template may leave gaps that a ClusterClass
	// fills, so what is missing there is a hint.
	TemplateSeverity Severity `json:"templateSeverity,omitempty"`
	// Scopes are the places whose value is "self" in Expression. "[*]" stands for every item of a list. The
	// expression is evaluated once for each place that the object has; where it has none, the rule has no say.
	Scopes []string `json:"scopes"`
	// Field is what the finding points at, below the scope. Empty means the scope itself.
	Field string `json:"field,omitempty"`
	// Expression is CEL and true when all is well. It sees self; oldSelf, the same place before a change, when it
	// mentions it (the rule then only applies to changes of objects that had that place before); object, all of it;
	// dryRunTopology, see Options; and bundle, the objects beside it, see Engine.ValidateBundle. A rule that
	// mentions bundle has no say where an object is validated alone.
	Expression string `json:"expression"`
	// Message says what is wrong.
	Message string `json:"message"`
	// MessageExpression is CEL for a string that replaces Message, where naming a value helps. Optional.
	MessageExpression string `json:"messageExpression,omitempty"`
	// Remediation says how to fix it.
	Remediation string `json:"remediation"`
	// Since is the version of this module that brought the rule.
	Since string `json:"since"`
	// Documentation says why the rule is there, for caphv-lint explain. Optional.
	Documentation string `json:"documentation,omitempty"`
	// NotInSchema says why the schemas of the CustomResourceDefinitions do not repeat the rule in CEL. Empty means that
	// they do, in kinds where it finds errors, unless it looks at other objects, at metadata or at the request.
	NotInSchema string `json:"notInSchema,omitempty"`
	// Guide is true for a rule that the operations guide's tables ask for.
	Guide bool `json:"guide,omitempty"`

	// Targets are the kinds the rule applies to, and where in them. Filled when the rules are loaded.
	Targets []Target `json:"targets,omitempty"`
}

// Target is one kind a rule applies to.
type Target struct {
	// Kind is the object's kind.
	Kind string `json:"kind"`
	// Scopes are the rule's scopes as they lie in this kind.
	Scopes []string `json:"scopes"`
	// Severity of the findings in this kind.
	Severity Severity `json:"severity"`
}

// ruleFile is one YAML file under rules.
type ruleFile struct {
	// Kind is what the file's rules are about.
	Kind string `json:"kind"`
	// Group and Versions of a kind that is not the provider's own. Such a kind is validated in bundles only, and there
	// only where it belongs to a cluster on Harvester.
	Group    string   `json:"group,omitempty"`
	Versions []string `json:"versions,omitempty"`
	// Root is a scope that is taken as an empty object where the object lacks it, so that "is required" has a say.
	Root string `json:"root"`
	// Include takes over the rules of another kind that it holds a copy of.
	Include []inclusion `json:"include,omitempty"`
	// Project tells what the variables of a Cluster become in the objects that Cluster API makes from it.
	Project []projection `json:"project,omitempty"`
	// Rules of this kind.
	Rules []Rule `json:"rules"`
}

// inclusion says where a template holds the spec of another kind.
type inclusion struct {
	Kind string `json:"kind"`
	// From is the scope in the other kind, and At where the same lies here. Rules with scopes outside From are left.
	From string `json:"from"`
	At   string `json:"at"`
}
