package webhook

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
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
func TestJudgesAgreeOnTheCorpus(t *testing.T) {
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
		t.Run("policy/"+c.name, func(t *testing.T) { assert.ElementsMatch(t, c.wantOfPolicy(), plane.judgeByPolicy(t, c)) })
	}
	plane.removePolicies(t)
	plane.waitUntilTaken(t, ours)

	remove := plane.installWebhook(t)
	plane.waitFor(t, ours, (*fixtureCase).wantOfWebhook)
	for _, c := range ours {
		t.Run("webhook/"+c.name, func(t *testing.T) { assert.ElementsMatch(t, c.wantOfWebhook(), plane.judge(t, c)) })
	}
	remove()
	plane.waitUntilTaken(t, ours)

	plane.installSchemas(t)
	plane.installWebhook(t)
	plane.waitForWebhook(t)
	strict := []client.CreateOption{client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)}
	for _, c := range cases {
		t.Run("linter/"+c.name, func(t *testing.T) {
			found := program.judge(t, c.written)
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

// installClusters serves Cluster API's Cluster in both versions, with a schema that takes everything.
func (p *plane) installClusters(t *testing.T) {
	t.Helper()
	open := &apiextensionsv1.CustomResourceValidation{
		OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: ptr.To(true)},
	}
	definition := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "clusters.cluster.x-k8s.io"}}
	definition.Spec = apiextensionsv1.CustomResourceDefinitionSpec{
		Group: "cluster.x-k8s.io", Scope: apiextensionsv1.NamespaceScoped,
		Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "clusters", Singular: "cluster", Kind: "Cluster", ListKind: "ClusterList"},
		Versions: []apiextensionsv1.CustomResourceDefinitionVersion{
			{Name: "v1beta1", Served: true, Schema: open}, {Name: "v1beta2", Served: true, Storage: true, Schema: open},
		},
	}
	_, err := envtest.InstallCRDs(p.config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{definition}})
	require.NoError(t, err)
}

// removePolicies takes away what installPolicies applied.
func (p *plane) removePolicies(t *testing.T) {
	t.Helper()
	require.NoError(t, p.client.DeleteAllOf(t.Context(), &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}))
	require.NoError(t, p.client.DeleteAllOf(t.Context(), &admissionregistrationv1.ValidatingAdmissionPolicy{}))
}

// waitUntilTaken waits until no judge is left: one object of each kind that must not get in gets in.
func (p *plane) waitUntilTaken(t *testing.T, cases []*fixtureCase) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range cases {
		if c.refused() && !seen[c.Kind] {
			seen[c.Kind] = true
			require.Eventually(t, func() bool { return p.send(t, c) == nil }, time.Minute, 100*time.Millisecond, c.name)
		}
	}
}

// waitForWebhook waits until an object is refused that only the webhook refuses.
func (p *plane) waitForWebhook(t *testing.T) {
	t.Helper()
	cases := loadFixtures(t)
	bad := slices.IndexFunc(cases, func(c *fixtureCase) bool { return c.Rule == "HM015" && c.refused() })
	require.Eventually(t, func() bool { return p.send(t, cases[bad]) != nil }, time.Minute, 100*time.Millisecond)
}

// loadCorpus reads the corpus, makes the namespaces of its objects, and asks engine and program about each.
func (p *plane) loadCorpus(t *testing.T, program *linter) []*corpusCase {
	t.Helper()
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	names, err := filepath.Glob(filepath.Join(fixtureFolder, "corpus", "*.yaml"))
	require.NoError(t, err)
	made := map[string]bool{"prod-ns": true}
	var all []*corpusCase
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			first, rest, _ := strings.Cut(document, "\n")
			verdict, found := strings.CutPrefix(first, "# want: ")
			if !found {
				continue
			}
			c := readCorpusCase(t, rest, fmt.Sprintf("%s/%d", filepath.Base(name), len(all)))
			c.verdict = verdict
			c.bySchema = slices.ContainsFunc(program.judge(t, c.written), func(f lintFinding) bool { return strings.HasPrefix(f.Rule, "SCH") })
			c.admit(t, engine)
			if namespace := c.namespace(); namespace != "" && !made[namespace] {
				p.namespace(t, namespace)
				made[namespace] = true
			}
			all = append(all, c)
		}
	}
	return all
}

func readCorpusCase(t *testing.T, text, name string) *corpusCase {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	object := map[string]any{}
	require.NoError(t, json.Unmarshal(data, &object))
	kind, _ := object["kind"].(string)
	written := &fixtureCase{name: "corpus/" + name, Kind: kind, object: object}
	return &corpusCase{fixtureCase: written, written: written}
}

func (c *corpusCase) namespace() string {
	metadata, _ := c.object["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	return namespace
}

// admit fills in what admission sees of the object, and what the engine finds in that.
func (c *corpusCase) admit(t *testing.T, engine *validation.Engine) {
	t.Helper()
	version, _ := c.object["apiVersion"].(string)
	switch {
	case version == v1alpha1.GroupVersion.String() && !c.bySchema:
		c.fixtureCase = &fixtureCase{name: c.name, Kind: c.Kind, object: toHub(t, c.object)}
		c.stored = true
	case version == infrav1.GroupVersion.String():
		c.stored = slices.Contains(resources, strings.ToLower(c.Kind)+"s")
	case c.Kind == "Cluster":
		c.stored = true
	}
	c.Want, c.severities = c.findings(engine)
}

// findings are what the engine says of the object alone: of a Cluster, what its policies can say.
func (c *corpusCase) findings(engine *validation.Engine) (want []string, severities map[string]validation.Severity) {
	findings := engine.Validate(c.object, nil, validation.Options{})
	if c.Kind == "Cluster" {
		findings = engine.ValidateBundle([]map[string]any{c.object})[0].Findings
	}
	severities = map[string]validation.Severity{}
	for _, rule := range engine.Rules() {
		for _, target := range rule.Targets {
			if target.Kind == c.Kind {
				severities[rule.ID] = target.Severity
			}
		}
	}
	bundled := rulesOfBundles(engine)
	for _, f := range findings {
		if _, ofKind := severities[f.RuleID]; ofKind && !slices.Contains(bundled, f.RuleID) {
			want = append(want, fmt.Sprintf("%s %s %s", f.Severity, f.RuleID, f.Path))
		}
	}
	return want, severities
}

// toHub converts an object of v1alpha1 as the conversion webhook does.
func toHub(t *testing.T, object map[string]any) map[string]any {
	t.Helper()
	switch object["kind"] {
	case "HarvesterCluster":
		return converted(t, object, &v1alpha1.HarvesterCluster{}, &infrav1.HarvesterCluster{}, v1alpha1.ClusterToHub)
	case "HarvesterClusterTemplate":
		return converted(t, object, &v1alpha1.HarvesterClusterTemplate{}, &infrav1.HarvesterClusterTemplate{}, v1alpha1.ClusterTemplateToHub)
	case "HarvesterMachine":
		return converted(t, object, &v1alpha1.HarvesterMachine{}, &infrav1.HarvesterMachine{}, v1alpha1.MachineToHub)
	default:
		return converted(t, object, &v1alpha1.HarvesterMachineTemplate{}, &infrav1.HarvesterMachineTemplate{}, v1alpha1.MachineTemplateToHub)
	}
}

func converted[S, H client.Object](t *testing.T, object map[string]any, spoke S, hub H, convert func(S, H) error) map[string]any {
	t.Helper()
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object, spoke))
	require.NoError(t, convert(spoke, hub))
	result, err := runtime.DefaultUnstructuredConverter.ToUnstructured(hub)
	require.NoError(t, err)
	result["apiVersion"], result["kind"] = infrav1.GroupVersion.String(), object["kind"]
	delete(result, "status")
	return result
}
