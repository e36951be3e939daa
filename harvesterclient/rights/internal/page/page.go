// Package page writes the list of rights for its readers: as a role for kubectl, and as a page of the documentation.
package page

import (
	"fmt"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/rights"
)

// The files, below the root of the repository.
const (
	RoleFile = "config/harvester/role.yaml"
	PageFile = "docs/harvester-rights.md"
)

const roleHead = `# Generated from harvesterclient/rights by "make generate": change the list there.
#
# What CAPHV does on Harvester: all rights that it needs, and no others. The sandbox gives them to the manager, so that a
# call that is not listed fails in its tests. docs/harvester-rights.md says what happens without some of them.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ` + rights.RoleName + `
rules:
`

// Role is the reference role as YAML, with a comment for each rule.
func Role() string {
	var text strings.Builder
	text.WriteString(roleHead)
	for _, right := range rights.All() {
		fmt.Fprintf(&text, "  # %s.\n", right.For)
		fmt.Fprintf(&text, "  - apiGroups: [%q]\n", right.Group)
		fmt.Fprintf(&text, "    resources: [%s]\n", quoted(right.Resources))
		if len(right.Names) > 0 {
			fmt.Fprintf(&text, "    resourceNames: [%s]\n", quoted(right.Names))
		}
		fmt.Fprintf(&text, "    verbs: [%s]\n", strings.Join(right.Verbs, ", "))
	}

	return text.String()
}

const pageHead = `# Rights on Harvester

Generated from ` + "`harvesterclient/rights`" + ` by ` + "`make generate`" + `.

The account of an identity Secret needs these rights on Harvester. [config/harvester](../config/harvester/README.md) creates an
account that has them all and no others. ` + "`caphv-generate --preflight`" + ` asks Harvester for each of them.

"Everywhere" means a ClusterRole and a ClusterRoleBinding. For the others, a Role in the namespace of the VMs is enough.

## Needed

| resource | verbs | where | what for |
|---|---|---|---|
`

const pageOptional = `
## A cluster comes up without these

| resource | verbs | where | what for | without it |
|---|---|---|---|---|
`

// Page is the page of the documentation.
func Page() string {
	var needed, optional strings.Builder
	for _, right := range rights.All() {
		row := fmt.Sprintf("| %s | %s | %s | %s |", resources(right), strings.Join(right.Verbs, ", "), where(right), right.For)
		if right.Needed() {
			needed.WriteString(row + "\n")
		} else {
			optional.WriteString(row + " " + right.Without + " |\n")
		}
	}

	return pageHead + needed.String() + pageOptional + optional.String()
}

func resources(right rights.Right) string {
	var names []string
	for _, resource := range right.Resources {
		if right.Group != "" {
			resource += "." + right.Group
		}
		names = append(names, "`"+resource+"`")
	}
	text := strings.Join(names, ", ")
	if len(right.Names) > 0 {
		text += " (only `" + strings.Join(right.Names, "`, `") + "`)"
	}

	return text
}

func where(right rights.Right) string {
	switch {
	case right.Everywhere:
		return "everywhere"
	case right.Namespace != "":
		return "`" + right.Namespace + "`"
	default:
		return "namespace of the VMs"
	}
}

func quoted(words []string) string {
	texts := make([]string, 0, len(words))
	for _, word := range words {
		texts = append(texts, fmt.Sprintf("%q", word))
	}

	return strings.Join(texts, ", ")
}
