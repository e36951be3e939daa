package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

// IDs of what the schemas say.
const (
	// ruleSchema finds a value that the schema of the kind does not allow.
	ruleSchema = "SCH001"
	// ruleUnknownField finds a field that the schema of the kind does not have.
	ruleUnknownField = "SCH002"
	// ruleVariable finds a variable whose value the schema in the ClusterClass does not allow.
	ruleVariable = "CT005"
)

var listIndex = regexp.MustCompile(`\[\d+\]`)

// withFaults joins what the schema has against an object with what the rules find in it, so that nothing is said
// twice. The API server's message stands, as it is what the user would read in the cluster; where a rule finds an
// error at the same place, the finding keeps the rule's id and its remedy. What rules find inside a value that is
// missing or of the wrong type follows from that and is left out. Faults that the object had before a change are
// warnings, as with rules: the API server lets unchanged values pass.
func withFaults(kind string, faults, before []schema.Fault, findings []validation.Finding) []validation.Finding {
	if len(faults) == 0 {
		return findings
	}
	used := make([]bool, len(findings))
	wrongType := slices.ContainsFunc(faults, func(fault schema.Fault) bool { return fault.Form })
	for i, f := range findings {
		used[i] = f.Unchecked && wrongType
	}
	var merged []validation.Finding
	for _, fault := range faults {
		if fault.Unknown && slices.ContainsFunc(faults, func(other schema.Fault) bool { return other.Form && isBelow(fault.Path, other.Path) }) {
			continue
		}
		finding := findingOf(kind, fault)
		for _, old := range before {
			if old == fault {
				finding.Severity = validation.Warning
			}
		}
		named := false
		for i, f := range findings {
			switch {
			case used[i] || fault.Unknown:
			case f.Path == fault.Path && f.Severity == finding.Severity && !fault.Form && !named:
				finding.RuleID, finding.Remediation, named, used[i] = f.RuleID, f.Remediation, true, true
			case isBelow(f.Path, fault.Path) && (f.Path != fault.Path || fault.Form || f.Severity != finding.Severity):
				used[i] = true
			}
		}
		merged = append(merged, finding)
	}
	for i, f := range findings {
		if !used[i] {
			merged = append(merged, f)
		}
	}
	validation.Sort(merged)
	return merged
}

// isBelow tells whether a path is another one or lies in it.
func isBelow(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && (rest == "" || above == "" || rest[0] == '.' || rest[0] == '[')
}

func findingOf(kind string, fault schema.Fault) validation.Finding {
	finding := validation.Finding{
		RuleID: ruleSchema, Severity: validation.Error, Path: fault.Path, Message: fault.Message,
		Remediation: "Correct the value; kubectl explain " + strings.ToLower(kind) + "." + listIndex.ReplaceAllString(fault.Path, "") + " tells what it may be.",
	}
	if fault.Class != "" {
		finding.RuleID = ruleVariable
		finding.Message = `variable "` + fault.Variable + `": ` + fault.Message
		finding.Remediation = "Correct the value; the ClusterClass " + fault.Class + " says what it may be."
		return finding
	}
	if fault.Unknown {
		finding.RuleID = ruleUnknownField
		finding.Remediation = "Correct the field's name or its place, or remove it; the cluster would refuse it, or drop it unread."
		if fault.Foreign {
			// A newer release of the other project may know the field.
			finding.Severity = validation.Warning
		}
	}
	return finding
}
