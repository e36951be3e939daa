package webhook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// One object, three validates: a real API server with the webhook, the same with the generated policies instead, and the
// engine as caphv-lint uses it. Whoever is asked, the verdict, the rules and the places are the same.
//
// The API server validates by its schema before it asks anybody. For the first two validates the schema takes everything, so
// that they hear of every fixture; TestSchemaRefusesNothingThatRulesTake has the schema as it is released.
func TestValidatorsAgree(t *testing.T) {
	plane := startPlane(t, openSchema)
	cases := loadFixtures(t)
	require.GreaterOrEqual(t, len(cases), 150)
	plane.storeOldObjects(t, cases)

	remove := plane.installWebhook(t)
	plane.waitFor(t, cases, (*fixtureCase).wantOfWebhook)
	for _, c := range cases {
		t.Run("webhook/"+c.name, func(t *testing.T) { assert.ElementsMatch(t, c.wantOfWebhook(), plane.askWebhook(t, c)) })
	}
	remove()

	plane.installPolicies(t)
	plane.waitFor(t, cases, (*fixtureCase).wantOfPolicy)
	for _, c := range cases {
		t.Run("policy/"+c.name, func(t *testing.T) { assert.ElementsMatch(t, c.wantOfPolicy(), plane.askPolicies(t, c)) })
	}

	engine, err := validation.NewEngine()
	require.NoError(t, err)
	for _, c := range cases {
		t.Run("offline/"+c.name, func(t *testing.T) {
			var found []string
			for _, f := range engine.Validate(c.object, c.old, validation.Options{DryRunTopology: c.DryRunTopology}) {
				found = append(found, fmt.Sprintf("%s %s %s", f.Severity, f.RuleID, f.Path))
			}
			assert.ElementsMatch(t, c.Want, found)
		})
	}
}

// The released schema refuses an object only where a rule finds an error too, or where the value has the wrong type.
func TestSchemaRefusesNothingThatRulesTake(t *testing.T) {
	plane := startPlane(t, releasedSchema)
	for _, c := range loadFixtures(t) {
		if c.old != nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			err := plane.send(t, c)
			if !c.refused() && !c.lacksRequired() {
				assert.NoError(t, err)
			}
		})
	}
	plane.installWebhook(t)
	cases := loadFixtures(t)
	bad := slices.IndexFunc(cases, func(c *fixtureCase) bool { return c.Rule == "HM015" && c.refused() })
	require.Eventually(t, func() bool { return plane.send(t, cases[bad]) != nil }, time.Minute, 100*time.Millisecond)
	for _, c := range cases {
		if c.old == nil {
			t.Run("with webhook/"+c.name, func(t *testing.T) { assert.Equal(t, c.refused() || c.lacksRequired(), plane.send(t, c) != nil) })
		}
	}
}

// waitFor waits until the validate that was just installed has heard of every kind: one fixture for each kind and severity.
func (p *plane) waitFor(t *testing.T, cases []*fixtureCase, want func(*fixtureCase) []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range cases {
		for _, line := range want(c) {
			severity, _, _ := strings.Cut(line, " ")
			if key := c.Kind + severity; !seen[key] {
				seen[key] = true
				require.Eventually(t, func() bool {
					return slices.ContainsFunc(p.askEither(t, c), func(got string) bool { return strings.HasPrefix(got, severity) })
				}, time.Minute, 100*time.Millisecond, "%s %s", c.name, severity)
			}
		}
	}
}

var (
	listIndex      = regexp.MustCompile(`\[[0-9]+\]`)
	policyWarning  = regexp.MustCompile(`(?s)ValidatingAdmissionPolicy '\S+-(deny|warn)' with binding '\S+': (\S*): .*\[([A-Z]+[0-9]+)\]$`)
	webhookWarning = regexp.MustCompile(`(?s)^warning: (\S*): .*\[([A-Z]+[0-9]+)\]$`)
	ruleInCause    = regexp.MustCompile(`\[([A-Z]+[0-9]+)\]$`)
)

// askWebhook asks the webhook and writes its findings as the fixtures do.
func (p *plane) askWebhook(t *testing.T, c *fixtureCase) []string {
	t.Helper()
	err := p.send(t, c)
	var found []string
	if status := apierrors.APIStatus(nil); err != nil {
		require.ErrorAs(t, err, &status)
		require.NotNil(t, status.Status().Details, err.Error())
		for _, cause := range status.Status().Details.Causes {
			if id := ruleInCause.FindStringSubmatch(cause.Message); assert.NotNil(t, id, cause.Message) {
				found = append(found, "error "+id[1]+" "+cause.Field)
			}
		}
	}
	for _, warning := range p.warnings.take() {
		if parts := webhookWarning.FindStringSubmatch(warning); parts != nil {
			found = append(found, "warning "+parts[2]+" "+parts[1])
		}
	}
	return found
}

// askPolicies asks the policies. A denial names one rule only, so that the denying policies are bound once more to
// warn, and their warnings count as errors; that they deny is checked all the same.
func (p *plane) askPolicies(t *testing.T, c *fixtureCase) []string {
	t.Helper()
	err := p.send(t, c)
	found := p.policyFindings()
	if err != nil && strings.Contains(err.Error(), "resulted in error") {
		// CEL in a policy cannot say which rule met a value of the wrong type. The schema refuses it before that.
		return append(found, "error ? "+c.Rule)
	}
	denied := slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, "error") })
	assert.Equal(t, denied, err != nil, "%v", err)
	return found
}

func (p *plane) policyFindings() []string {
	var found []string
	for _, warning := range p.warnings.take() {
		parts := policyWarning.FindStringSubmatch(warning)
		if parts == nil {
			continue
		}
		severity := map[string]string{"deny": "error", "warn": "warning"}[parts[1]]
		if line := severity + " " + parts[3] + " " + parts[2]; !slices.Contains(found, line) {
			found = append(found, line)
		}
	}
	return found
}

// askEither is for waiting: it takes whatever either of them says.
func (p *plane) askEither(t *testing.T, c *fixtureCase) []string {
	t.Helper()
	err := p.send(t, c)
	kept := p.warnings.peek()
	found := p.policyFindings()
	for _, warning := range kept {
		if webhookWarning.MatchString(warning) {
			found = append(found, "warning")
		}
	}
	if err != nil && strings.Contains(err.Error(), "admission webhook") {
		found = append(found, "error")
	}
	return found
}

// send creates or changes the object, as a dry run unless the fixture is about not being one.
func (p *plane) send(t *testing.T, c *fixtureCase) error {
	t.Helper()
	p.warnings.take()
	object := &unstructured.Unstructured{Object: c.object}
	object = object.DeepCopy()
	if c.old == nil {
		return p.client.Create(t.Context(), object, client.DryRunAll)
	}
	stored := object.DeepCopy()
	require.NoError(t, p.client.Get(t.Context(), client.ObjectKeyFromObject(object), stored))
	object.SetResourceVersion(stored.GetResourceVersion())
	if _, marked := object.GetAnnotations()["topology.cluster.x-k8s.io/dry-run"]; marked && !c.DryRunTopology {
		return p.client.Update(t.Context(), object)
	}
	return p.client.Update(t.Context(), object, client.DryRunAll)
}
