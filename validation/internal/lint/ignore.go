package lint

import (
	"fmt"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
)

// IgnoreAnnotation lists the rules whose findings in this object are accepted, each with a reason: "HM025: a test
// machine; HM040: one namespace only". The admission webhook does not read it, so that errors cannot be ignored.
const IgnoreAnnotation = "infrastructure.cluster.x-k8s.io/caphv-lint-ignore"

// Ignored says that a rule's findings are accepted, and why.
type Ignored struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// IDs of the findings that caphv-lint has of its own, about its annotation and its configuration.
const (
	// ruleBadIgnore finds an entry that is not "RULE: reason".
	ruleBadIgnore = "LINT001"
	// ruleIgnoredError finds an entry for a rule that finds an error here.
	ruleIgnoredError = "LINT002"
	// ruleUselessIgnore finds an entry for a rule that finds nothing here.
	ruleUselessIgnore = "LINT003"
)

// ignore takes the findings out that the object's annotation, or the configuration, accepts, and adds what is wrong
// with the annotation.
func ignore(object manifest.Object, findings []validation.Finding, everywhere []Ignored) (kept, accepted []validation.Finding, reasons []string) {
	local, problems := parseIgnores(object)
	used := map[string]bool{}
	for _, finding := range findings {
		entry, isLocal := find(local, finding.RuleID)
		if isLocal {
			used[entry.Rule] = true
		}
		if entry.Rule == "" {
			entry, _ = find(everywhere, finding.RuleID)
		}
		switch {
		case entry.Rule == "":
			kept = append(kept, finding)
		case finding.Severity == validation.Error:
			kept = append(kept, finding)
			if isLocal {
				problems = append(problems, problem(ruleIgnoredError, entry.Rule+" finds an error here, which cannot be ignored",
					"Fix it; the cluster would refuse the object all the same."))
			}
		default:
			accepted, reasons = append(accepted, finding), append(reasons, entry.Reason)
		}
	}
	for _, entry := range local {
		if !used[entry.Rule] {
			problems = append(problems, problem(ruleUselessIgnore, entry.Rule+" finds nothing here", "Remove the entry."))
		}
	}
	return append(kept, problems...), accepted, reasons
}

func find(entries []Ignored, rule string) (Ignored, bool) {
	for _, entry := range entries {
		if strings.EqualFold(entry.Rule, rule) {
			return entry, true
		}
	}
	return Ignored{}, false
}

// parseIgnores reads the annotation. Entries are separated by semicolons or line ends.
func parseIgnores(object manifest.Object) ([]Ignored, []validation.Finding) {
	metadata, _ := object.Content["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	text, _ := annotations[IgnoreAnnotation].(string)
	var entries []Ignored
	var problems []validation.Finding
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		rule, reason, _ := strings.Cut(part, ":")
		rule, reason = strings.TrimSpace(rule), strings.TrimSpace(reason)
		if rule == "" || reason == "" {
			problems = append(problems, problem(ruleBadIgnore, fmt.Sprintf("%q gives no reason", part), `Write "RULE: reason".`))
			continue
		}
		entries = append(entries, Ignored{Rule: rule, Reason: reason})
	}
	return entries, problems
}

func problem(rule, message, remediation string) validation.Finding {
	return validation.Finding{
		RuleID: rule, Severity: validation.Warning, Path: "metadata.annotations", Message: IgnoreAnnotation + ": " + message,
		Remediation: remediation,
	}
}
