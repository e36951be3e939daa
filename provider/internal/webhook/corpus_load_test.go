package webhook

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// loadCorpus reads the corpus, makes the namespaces of its objects, and asks engine and program about each.
func (p *plane) loadCorpus(t *testing.T, program *linter) []*corpusCase {
	t.Helper()
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	names, err := filepath.Glob(filepath.Join(fixtureDirectory, "corpus", "*.yaml"))
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
			c.bySchema = slices.ContainsFunc(program.validate(t, c.written), func(f lintFinding) bool { return strings.HasPrefix(f.Rule, "SCH") })
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
