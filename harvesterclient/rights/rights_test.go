package rights_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/rights"
)

// Rights that were missing from one list or another once; a cluster comes up or goes only with them.
func TestNeededRights(t *testing.T) {
	needed := map[authorizationv1.ResourceAttributes]bool{}
	for _, right := range rights.All() {
		for _, question := range right.Questions("vms") {
			needed[question] = right.Needed()
		}
	}
	for _, want := range []authorizationv1.ResourceAttributes{
		{Group: "loadbalancer.harvesterhci.io", Resource: "ippools", Verb: "update"},
		{Resource: "namespaces", Verb: "get"},
		{Group: "kubevirt.io", Resource: "virtualmachines", Verb: "list"},
		{Group: "kubevirt.io", Resource: "virtualmachines", Verb: "watch"},
		{Group: "kubevirt.io", Resource: "virtualmachines", Verb: "create", Namespace: "vms"},
		{Resource: "secrets", Verb: "update", Namespace: "vms"},
		{Resource: "serviceaccounts", Verb: "create", Namespace: "vms"},
		{Group: "rbac.authorization.k8s.io", Resource: "rolebindings", Verb: "create", Namespace: "vms"},
		{Group: "rbac.authorization.k8s.io", Resource: "clusterrolebindings", Verb: "delete"},
		{Group: "rbac.authorization.k8s.io", Resource: "clusterroles", Name: "harvesterhci.io:cloudprovider", Verb: "bind"},
	} {
		assert.True(t, needed[want], "%+v", want)
	}
	vip := authorizationv1.ResourceAttributes{Resource: "configmaps", Name: "vip", Namespace: "harvester-system", Verb: "get"}
	assert.Contains(t, needed, vip)
	assert.False(t, needed[vip], "an annotation names the address where it cannot be read")
}

func TestEveryRightIsListedOnceAndExplained(t *testing.T) {
	seen := map[authorizationv1.ResourceAttributes]string{}
	for _, right := range rights.All() {
		assert.NotEmpty(t, right.For, "%+v", right)
		assert.False(t, right.Everywhere && right.Namespace != "", "%+v", right)
		for _, question := range right.Questions("vms") {
			question.Namespace = ""
			assert.Empty(t, seen[question], "%+v is in two rules", question)
			seen[question] = right.For
		}
	}
}

// The account may not take over Harvester: it writes no roles, hosts, settings or volumes.
func TestTheRoleIsNarrow(t *testing.T) {
	for _, rule := range rights.ClusterRole().Rules {
		assert.NotContains(t, rule.Verbs, "*")
		for _, resource := range rule.Resources {
			switch resource {
			case "*", "nodes":
				assert.Equal(t, []string{"list"}, rule.Verbs)
			case "clusterroles":
				assert.Equal(t, []string{"bind"}, rule.Verbs)
				assert.NotEmpty(t, rule.ResourceNames)
			case "settings", "storageclasses", "virtualmachineimages", "keypairs", "network-attachment-definitions", "virtualmachineinstances":
				assert.Subset(t, []string{"get", "list", "watch"}, rule.Verbs)
			case "persistentvolumeclaims":
				assert.NotContains(t, rule.Verbs, "create")
			}
		}
	}
}

func TestTheListIsMadeAnew(t *testing.T) {
	rights.All()[0].Verbs[0] = "changed"
	assert.Equal(t, "list", rights.All()[0].Verbs[0])
}
