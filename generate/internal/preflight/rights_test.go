package preflight

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/rights"
)

// answering has the rights of rules everywhere, as an API server would answer for them, but for what is forbidden.
func answering(t *testing.T, rules []rbacv1.PolicyRule, forbidden ...string) client.Client {
	t.Helper()
	scheme := harvesterclient.NewScheme()
	require.NoError(t, authorizationv1.AddToScheme(scheme))
	return fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(_ context.Context, _ client.WithWatch, object client.Object, _ ...client.CreateOption) error {
			review, ok := object.(*authorizationv1.SelfSubjectAccessReview)
			if !ok {
				return errors.New("nothing else is to be created")
			}
			asked := *review.Spec.ResourceAttributes
			review.Status.Allowed = slices.ContainsFunc(rules, func(rule rbacv1.PolicyRule) bool {
				return slices.Contains(rule.APIGroups, asked.Group) && slices.Contains(rule.Resources, asked.Resource) &&
					slices.Contains(rule.Verbs, asked.Verb) && (len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, asked.Name))
			}) && !slices.Contains(forbidden, describe(asked))
			return nil
		},
	}).Build()
}

func findingOf(t *testing.T, c client.Client) Finding {
	t.Helper()
	run := &checks{ctx: t.Context(), settings: settings.Settings{TargetNamespace: "vms"}, client: c}
	run.rights()
	require.Len(t, run.findings, 1)
	return run.findings[0]
}

// Preflight asks for each right of the list: the reference role is enough, and without any right of it this is said.
func TestRightsAreThoseOfTheReferenceRole(t *testing.T) {
	rules := rights.ClusterRole().Rules
	assert.Equal(t, Finding{Check: "rights", Flag: "harvester-kubeconfig", OK: true, Message: "the account may do what CAPHV needs"},
		findingOf(t, answering(t, rules)))

	for _, right := range rights.All() {
		for _, question := range right.Questions("vms") {
			finding := findingOf(t, answering(t, rules, describe(question)))
			assert.Equal(t, !right.Needed(), finding.OK, finding.Message)
			assert.Contains(t, finding.Message, describe(question))
			assert.Contains(t, finding.Message, right.Without)
		}
	}
}

func TestMissingRightsAreNamedTogether(t *testing.T) {
	finding := findingOf(t, answering(t, rights.ClusterRole().Rules,
		"update ippools.loadbalancer.harvesterhci.io everywhere", "list nodes everywhere",
		`create serviceaccounts in namespace "vms"`, `bind clusterroles.rbac.authorization.k8s.io "harvesterhci.io:csi-driver" everywhere`))
	assert.False(t, finding.OK)
	assert.Equal(t, `the account may not bind clusterroles.rbac.authorization.k8s.io "harvesterhci.io:csi-driver" everywhere, `+
		`create serviceaccounts in namespace "vms", update ippools.loadbalancer.harvesterhci.io everywhere; `+
		"give it these rights on Harvester; config/harvester/role.yaml has them all", finding.Message)

	finding = findingOf(t, answering(t, nil))
	assert.False(t, finding.OK)
	assert.Greater(t, strings.Count(finding.Message, ","), 30)

	finding = findingOf(t, answering(t, rights.ClusterRole().Rules, "list nodes everywhere"))
	assert.True(t, finding.OK)
	assert.Equal(t, "the account may do what CAPHV needs, but not list nodes everywhere (there are no failure domains)", finding.Message)
}
