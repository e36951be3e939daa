package cli

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	mixed    = "testdata/mixed.yaml"
	accepted = "testdata/accepted.yaml"
)

func run(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Run("v0.0.0-test", args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestOutputs(t *testing.T) {
	for file, args := range map[string][]string{
		"mixed.txt":         {mixed},
		"mixed.json":        {"-o", "json", mixed},
		"explain-HM008.txt": {"explain", "HM008"},
		"list.txt":          {"list"},
		"policy.yaml":       {"policy"},
		// The documentation of the rules is a golden file too.
		"../../../RULES.md":  {"list", "-o", "markdown"},
		"mixed.sarif":        {"-o", "sarif", mixed, accepted},
		"mixed.junit.xml":    {"-o", "junit", mixed, accepted},
		"mixed.github":       {"-o", "github", "--config", "testdata/config.yaml", mixed, accepted},
		"accepted.txt":       {accepted},
		"schema.txt":         {"testdata/schema.yaml"},
		"schema.sarif":       {"-o", "sarif", "testdata/schema.yaml"},
		"change.txt":         {"--old", "testdata/change-old.yaml", "testdata/change-new.yaml"},
		"explain-SCH002.txt": {"explain", "sch002"},
		"accepted.json":      {"-o", "json", accepted},
		"configured.txt":     {"--config", "testdata/config.yaml", accepted, "testdata/bundle/*.yaml"},
	} {
		t.Run(file, func(t *testing.T) {
			_, stdout, stderr := run("", args...)
			assert.Empty(t, stderr)
			golden(t, file, stdout)
		})
	}
}

func TestJSONCanBeReadBack(t *testing.T) {
	code, stdout, _ := run("", "-o", "json", mixed)
	assert.Equal(t, ExitFindings, code)
	var report lint.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.Equal(t, 2, report.Validated)
	assert.Equal(t, 1, report.Skipped)
	require.Len(t, report.Findings, 4)
	assert.Equal(t, "spec.volumes[1].imageName", report.Findings[1].Path)
	assert.Equal(t, 20, report.Findings[1].Line)

	_, stdout, _ = run("kind: ConfigMap\napiVersion: v1\n", "-o", "json", "-")
	assert.Contains(t, stdout, `"findings": []`, "readers need a list, not null")
}

func TestExitCodes(t *testing.T) {
	const good = "../../testdata/base/harvestermachine.yaml"
	const gaps = "../../testdata/field/harvestermachinetemplate-gaps.yaml"
	const warned = "../../testdata/field/harvestercluster-pool-v1alpha1.yaml"
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	require.NoError(t, os.WriteFile(broken, []byte("a: ["), 0o600))
	unexplained := filepath.Join(t.TempDir(), "unexplained.yaml")
	require.NoError(t, os.WriteFile(unexplained, []byte("ignore: [{rule: HM040}]"), 0o600))
	unknown := filepath.Join(t.TempDir(), "unknown.yaml")
	require.NoError(t, os.WriteFile(unknown, []byte("ignore: [{rule: XX001, reason: a}]"), 0o600))
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{good}, ExitOK, ""},
		{[]string{warned}, ExitOK, ""},
		{[]string{"--fail-on", "warning", gaps}, ExitOK, ""},
		{[]string{"--fail-on", "info", gaps}, ExitFindings, ""},
		{[]string{"--fail-on", "warning", warned}, ExitFindings, ""},
		{[]string{"--fail-on", "info", good}, ExitOK, ""},
		{[]string{mixed}, ExitFindings, ""},
		{[]string{good, mixed}, ExitFindings, ""},
		{[]string{broken}, ExitTrouble, "broken.yaml:1:1: error: cannot be parsed"},
		{[]string{mixed, broken}, ExitTrouble, "broken.yaml:1:1: error: cannot be parsed"},
		{[]string{mixed, "no-such-file"}, ExitTrouble, "no such file"},
		{nil, ExitTrouble, "nothing to validate"},
		{[]string{"testdata/bundle/**/*.yaml"}, ExitOK, ""},
		{[]string{"--config", "testdata/config.yaml", "testdata/bundle"}, ExitFindings, ""},
		{[]string{"--config", "testdata/config.yaml", "--fail-on", "error", "testdata/bundle"}, ExitOK, ""},
		{[]string{"--config", "no-such-file", good}, ExitTrouble, "configuration"},
		{[]string{"--config", broken, good}, ExitTrouble, "configuration"},
		{[]string{"--config", unexplained, good}, ExitTrouble, "HM040 has no reason"},
		{[]string{"--config", unknown, good}, ExitTrouble, "does not exist"},
		{[]string{"--old", "no-such-file", good}, ExitTrouble, "no such file"},
		{[]string{"--old", good, good}, ExitOK, ""},
		{[]string{"no-*.yaml"}, ExitTrouble, "no file matches"},
		{[]string{"--nonsense"}, ExitTrouble, "unknown flag"},
		{[]string{"-o", "xml", good}, ExitTrouble, "unknown output format"},
		{[]string{"--fail-on", "never", good}, ExitTrouble, "unknown severity"},
		{[]string{"explain", "HM999"}, ExitTrouble, "does not exist"},
		{[]string{"explain"}, ExitTrouble, "accepts 1 arg"},
		{[]string{"list", "-o", "xml"}, ExitTrouble, "unknown output format"},
		{[]string{"--help"}, ExitOK, ""},
		{[]string{"completion", "bash"}, ExitOK, ""},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			code, _, stderr := run("", c.args...)
			assert.Equal(t, c.want, code)
			assert.Contains(t, stderr, c.says)
			assert.Equal(t, c.says == "", stderr == "", stderr)
		})
	}
}

func TestStandardInput(t *testing.T) {
	text, err := os.ReadFile(mixed)
	require.NoError(t, err)
	code, stdout, _ := run(string(text), "-")
	assert.Equal(t, ExitFindings, code)
	assert.Contains(t, stdout, "stdin:20:7: error: HarvesterMachine prod-ns/cp-1: spec.volumes[1].imageName:")
}

func TestDirectories(t *testing.T) {
	code, stdout, _ := run("", "../../testdata/base")
	assert.Equal(t, ExitOK, code)
	assert.Equal(t, "6 validated, 0 skipped: 0 errors, 0 warnings, 3 infos\n", stdout[strings.LastIndex(stdout[:len(stdout)-1], "\n")+1:])
}

// A tree as teams keep it: patches, a chart, a template, an encrypted Secret. Only what cannot be read ends with 2.
func TestARepositorysTree(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("overlay/kustomization.yaml", "resources: [../base]\npatches: [{path: cpu.yaml}]\n")
	write("overlay/cpu.yaml", "apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvesterMachineTemplate\nmetadata: {name: a}\nspec: {template: {spec: {cpu: 8}}}\n")
	write("chart/Chart.yaml", "name: a\n")
	write("chart/templates/machine.yaml", "{{- if .Values.machine }}\nkind: HarvesterMachine\n{{- end }}\n")
	write("clusterctl/template.yaml", "apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvesterMachine\nmetadata: {name: \"${NAME}\"}\nspec: {}\n")
	code, stdout, stderr := run("", root)
	assert.Equal(t, ExitOK, code, stdout)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "template.yaml:3:18: skipped: holds ${NAME}: render it first\n")
	assert.Contains(t, stdout, "2 patches and templates of kustomize or of Helm charts skipped")

	write("stray/helm.yaml", "{{- if .Values.machine }}\nkind: HarvesterMachine\n{{- end }}\n")
	code, _, stderr = run("", root)
	assert.Equal(t, ExitTrouble, code)
	assert.Contains(t, stderr, "stray/helm.yaml:1:")
	assert.Contains(t, stderr, "it looks like a Helm or clusterctl template: render it first")

	code, _, stderr = run("", "--exclude", "stray", root)
	assert.Equal(t, ExitOK, code, stderr)
	write("config.yaml", "exclude: [\"stray/**\", config.yaml]\nignore: [{rule: sch002, reason: newer}, {rule: hm040, reason: one}]\n")
	code, _, stderr = run("", "--config", filepath.Join(root, "config.yaml"), root)
	assert.Equal(t, ExitOK, code, stderr)
}

func TestManPages(t *testing.T) {
	pages := filepath.Join(t.TempDir(), "man1")
	code, _, stderr := run("", "man", pages)
	require.Equal(t, ExitOK, code, stderr)
	found, err := filepath.Glob(filepath.Join(pages, "*.1"))
	require.NoError(t, err)
	var names []string
	for _, page := range found {
		names = append(names, filepath.Base(page))
	}
	for _, name := range []string{"caphv-lint.1", "caphv-lint-explain.1", "caphv-lint-list.1", "caphv-lint-man.1", "caphv-lint-policy.1"} {
		assert.Contains(t, names, name)
	}
}

func TestVersion(t *testing.T) {
	code, stdout, _ := run("", "--version")
	assert.Equal(t, ExitOK, code)
	assert.Equal(t, "caphv-lint version v0.0.0-test\n", stdout)
}

func TestCompletionOffersRules(t *testing.T) {
	_, stdout, _ := run("", "__complete", "explain", "")
	assert.Contains(t, stdout, "HM008\ta volume from an image names the image")
}

// The schema is the one that OASIS publishes, as the library carries it.
func TestSARIFKeepsToItsSchema(t *testing.T) {
	for _, args := range [][]string{{mixed, accepted, "testdata/schema.yaml"}, {"../../testdata/base/harvestermachine.yaml"}} {
		_, stdout, _ := run("", append([]string{"-o", "sarif"}, args...)...)
		log := report.NewV210Report()
		require.NoError(t, json.Unmarshal([]byte(stdout), log))
		require.NoError(t, log.Validate())
		require.Len(t, log.Runs, 1)
		for _, result := range log.Runs[0].Results {
			assert.Positive(t, *result.Locations[0].PhysicalLocation.Region.StartLine)
		}
	}
}

func TestJUnitIsWellFormedAndCountsRight(t *testing.T) {
	_, stdout, _ := run("", "-o", "junit", mixed, accepted)
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			Failure *struct{} `xml:"failure"`
		} `xml:"testsuite>testcase"`
	}
	require.NoError(t, xml.Unmarshal([]byte(stdout), &suites))
	failures := 0
	for _, c := range suites.Cases {
		if c.Failure != nil {
			failures++
		}
	}
	assert.Len(t, suites.Cases, suites.Tests)
	assert.Equal(t, failures, suites.Failures)
	assert.Positive(t, failures)
}

func TestListAsJSONHoldsEveryRule(t *testing.T) {
	code, stdout, _ := run("", "list", "-o", "json")
	assert.Equal(t, ExitOK, code)
	var rules []validation.Rule
	require.NoError(t, json.Unmarshal([]byte(stdout), &rules))
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	assert.Equal(t, append(engine.Rules(), lint.OwnRules()...), rules)
}

func TestVersionOf(t *testing.T) {
	installed := func() (*debug.BuildInfo, bool) { return &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, true }
	without := func() (*debug.BuildInfo, bool) { return nil, false }
	assert.Equal(t, "v0.0.1", VersionOf("v0.0.1", installed))
	assert.Equal(t, "v1.2.3", VersionOf("", installed))
	assert.Equal(t, "unknown", VersionOf("", without))
}
