package webhook

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// corpusCase is one manifest of the corpus: as it stands in its file, and, in the embedded case, as admission sees it,
// which is v1beta1 for an object of v1alpha1.
type corpusCase struct {
	*fixtureCase
	// verdict is what the corpus says: ok, or the severity and the rule of a finding.
	verdict string
	// stored is false for a kind or version that no API server has.
	stored bool
	// written is the manifest for caphv-lint.
	written *fixtureCase
	// bySchema tells that caphv-lint finds something in it that a schema refuses.
	bySchema bool
}

// The whole corpus of manifests in the field's shapes, one API server: webhook and policies find what the engine finds,
// index by index; with the released schemas, the API server and the program give one verdict, by the same rules at the
// same places; and that verdict is the corpus's.
func TestValidatorsAgreeOnTheCorpus(t *testing.T) {
	program := buildLinter(t)
	plane := startPlane(t, openSchema)
	plane.installClusters(t)
	cases := plane.loadCorpus(t, program)
	require.GreaterOrEqual(t, len(cases), 250)
	engine, err := validation.NewLazyEngine()
	require.NoError(t, err)
	bundled := rulesOfBundles(engine)
	var whole, ours []*fixtureCase
	for _, c := range cases {
		if c.stored && !c.bySchema {
			whole = append(whole, c.fixtureCase)
			if c.Kind != "Cluster" {
				ours = append(ours, c.fixtureCase)
			}
		}
	}

	plane.installPolicies(t)
	plane.waitFor(t, whole, (*fixtureCase).wantOfPolicy)
	for _, c := range whole {
		t.Run("policy/"+c.name, func(t *testing.T) { assert.ElementsMatch(t, c.wantOfPolicy(), plane.askPolicies(t, c)) })
	}
	plane.removePolicies(t)
	plane.waitUntilTaken(t, ours)

	remove := plane.installWebhook(t)
	plane.waitFor(t, ours, (*fixtureCase).wantOfWebhook)
	for _, c := range ours {
		t.Run("webhook/"+c.name, func(t *testing.T) { assert.ElementsMatch(t, c.wantOfWebhook(), plane.askWebhook(t, c)) })
	}
	remove()
	plane.waitUntilTaken(t, ours)

	plane.installSchemas(t)
	plane.installWebhook(t)
	plane.waitForWebhook(t)
	strict := []client.CreateOption{client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)}
	for _, c := range cases {
		t.Run("linter/"+c.name, func(t *testing.T) {
			found := program.validate(t, c.written)
			assertVerdict(t, c.verdict, found)
			if c.stored && c.Kind != "Cluster" && c.written == c.fixtureCase {
				compareAnswers(t, plane.ask(t, c.fixtureCase, strict...), without(found, bundled))
			}
		})
	}
}

// assertVerdict compares what the program finds with what the corpus says of the manifest.
func assertVerdict(t *testing.T, verdict string, found []lintFinding) {
	t.Helper()
	var brief []string
	for _, f := range found {
		brief = append(brief, f.Severity+" "+f.Rule)
	}
	severity, _, _ := strings.Cut(verdict, " ")
	worst := func(level string) bool {
		return slices.ContainsFunc(brief, func(line string) bool { return strings.HasPrefix(line, level) })
	}
	if severity == "ok" {
		assert.False(t, worst("error") || worst("warning"), "%v", brief)
		return
	}
	assert.Contains(t, brief, verdict)
	assert.Equal(t, severity == "error", worst("error"), "%v", brief)
}

// without leaves out the findings of some rules.
func without(found []lintFinding, rules []string) []lintFinding {
	return slices.DeleteFunc(slices.Clone(found), func(f lintFinding) bool { return slices.Contains(rules, f.Rule) })
}

// rulesOfBundles are those that look at other manifests too, which admission cannot.
func rulesOfBundles(engine *validation.Engine) []string {
	var ids []string
	for _, rule := range engine.Rules() {
		if strings.Contains(rule.Expression, "bundle.") {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}
