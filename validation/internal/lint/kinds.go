package lint

import (
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

// ruleUnknownKind finds an object that names a kind or a version of ours that does not exist.
const ruleUnknownKind = "SCH003"

// unknownKind finds an object that means one of our kinds and names it wrongly. The API group is that of all
// infrastructure providers, so that other kinds in it are skipped.
func unknownKind(schemas *schema.Set, object map[string]any) (validation.Finding, bool) {
	apiVersion, kind := text(object, "apiVersion"), text(object, "kind")
	group, version, _ := strings.Cut(apiVersion, "/")
	finding := validation.Finding{RuleID: ruleUnknownKind, Severity: validation.Error}
	served := schemas.Versions(validation.Group, kind)

	switch {
	case group == validation.Group && len(served) > 0 && !slices.Contains(served, version):
		finding.Path = "apiVersion"
		finding.Message = `version "` + version + `" of ` + kind + " does not exist"
		finding.Remediation = "Use " + alternatives(served, validation.Group+"/") + "."
		return finding, true
	case group == validation.Group && len(served) == 0 && kind != "":
		kinds := schemas.Kinds(validation.Group)
		nearest, distance := nearest(kind, kinds)
		if strings.HasSuffix(kind, "List") && slices.Contains(kinds, strings.TrimSuffix(kind, "List")) {
			return finding, false
		}
		if !strings.HasPrefix(strings.ToLower(kind), "harvester") && distance > maxTypos {
			return finding, false
		}
		finding.Path = "kind"
		finding.Message = `kind "` + kind + `" does not exist in ` + validation.Group
		finding.Remediation = "Did you mean " + nearest + "? The kinds are " + alternatives(kinds, "") + "."
		return finding, true
	case group != validation.Group && len(served) > 0 && meansOurGroup(apiVersion):
		finding.Path = "apiVersion"
		finding.Message = `"` + apiVersion + `" has no kind ` + kind
		finding.Remediation = "Use " + alternatives(served, validation.Group+"/") + "."
		return finding, true
	}
	return finding, false
}

// maxTypos is how many letters a name may differ from the one that was meant.
const maxTypos = 2

// meansOurGroup tells whether an apiVersion is ours misspelt: one of Cluster API's other groups, one without a group, or
// one that differs by some letters.
func meansOurGroup(apiVersion string) bool {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		group = ""
	}
	return group == "" || strings.HasSuffix(group, "cluster.x-k8s.io") || distance(group, validation.Group) <= 2*maxTypos
}

func alternatives(names []string, prefix string) string {
	var all []string
	for _, name := range names {
		all = append(all, prefix+name)
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

func nearest(name string, names []string) (string, int) {
	best, least := "", len(name)+1
	for _, candidate := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); best == "" || d < least {
			best, least = candidate, d
		}
	}
	return best, least
}

// distance is Levenshtein's: the least number of letters to add, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
