package validation

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// guideTables are the rows of the operations guide's two tables ("What is validated") and the rules that cover each.
var guideTables = []struct {
	kind  string
	field string
	asks  string
	rules []string
}{
	{"HarvesterCluster", "spec.targetNamespace", "required, not empty", []string{"HC001"}},
	{"HarvesterCluster", "spec.identitySecret.name", "required", []string{"HC002"}},
	{"HarvesterCluster", "spec.identitySecret.namespace", "required", []string{"HC003"}},
	{"HarvesterCluster", "spec.loadBalancerConfig.ipamType", "dhcp or pool", []string{"HC004", "HC005"}},
	{"HarvesterCluster", "spec.vmNetworkConfig.gateway", "required, an IP address", []string{"HC006", "HC007"}},
	{"HarvesterCluster", "spec.vmNetworkConfig.subnetMask", "required, form of an IP address", []string{"HC008", "HC009"}},
	{"HarvesterCluster", "spec.vmNetworkConfig", "one of ipPoolRef, ipPoolRefs, ipPool", []string{"HC010"}},
	{"HarvesterMachine", "spec.cpu", "greater than 0", []string{"HM001"}},
	{"HarvesterMachine", "spec.memory", "required, a quantity", []string{"HM002", "HM003"}},
	{"HarvesterMachine", "spec.sshUser", "required", []string{"HM004"}},
	{"HarvesterMachine", "spec.sshKeyPair", "required", []string{"HM005"}},
	{"HarvesterMachine", "spec.volumes", "at least one", []string{"HM006"}},
	{"HarvesterMachine", "spec.volumes[*].volumeType", "image or storageClass", []string{"HM007"}},
	{"HarvesterMachine", "spec.volumes[*].imageName", "required for image", []string{"HM008"}},
	{"HarvesterMachine", "spec.volumes[*].storageClass", "required for storageClass", []string{"HM009"}},
	{"HarvesterMachine", "spec.networks", "at least one", []string{"HM010"}},
	{"HarvesterMachine", "spec.networkConfig.address", "required", []string{"HM011"}},
	{"HarvesterMachine", "spec.networkConfig.gateway", "required, an IP address", []string{"HM012", "HM013"}},
}

func TestGuideTablesAreCovered(t *testing.T) {
	rules := map[string]Rule{}
	for _, rule := range engine().Rules() {
		rules[rule.ID] = rule
	}
	covered := map[string]bool{}
	for _, row := range guideTables {
		for _, id := range row.rules {
			rule, ok := rules[id]
			if !assert.True(t, ok, "%s: no rule %s", row.field, id) {
				continue
			}
			covered[id] = true
			assert.True(t, rule.Guide, "%s is in the guide's tables", id)
			assert.Equal(t, Error, rule.Severity, id)
			assert.Equal(t, row.kind, rule.Targets[0].Kind, id)
			assert.Equal(t, row.field, joinPath(rule.Scopes[0], rule.Field), id)
			assert.Contains(t, kindsOf(rule), row.kind+"Template", "%s has no template form", id)
		}
	}
	for id, rule := range rules {
		assert.Equal(t, rule.Guide, covered[id], "%s says guide: %v", id, rule.Guide)
	}
}

func kindsOf(rule Rule) []string {
	var kinds []string
	for _, target := range rule.Targets {
		kinds = append(kinds, target.Kind)
	}
	return kinds
}
