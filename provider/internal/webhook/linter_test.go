package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// linter is the program caphv-lint, as it is released. It is asked about each fixture once.
type linter struct {
	program   string
	validated map[string][]lintFinding
}

var built = &linter{validated: map[string][]lintFinding{}}

// lintFinding is one finding of its JSON.
type lintFinding struct {
	Severity, Rule, Path, Message, Kind, Object string
}

func (f lintFinding) brief() string { return f.Severity + " " + f.Rule + " " + f.Path }

func buildLinter(t *testing.T) *linter {
	t.Helper()
	if built.program != "" {
		return built
	}
	directory, err := os.MkdirTemp("", "caphv-lint") //nolint:usetesting // it serves several tests
	require.NoError(t, err)
	program := filepath.Join(directory, "caphv-lint")
	command := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "./cmd/caphv-lint")
	command.Dir = "../../../validation"
	command.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	built.program = program
	return built
}

func (l *linter) validate(t *testing.T, c *fixtureCase) []lintFinding {
	t.Helper()
	if _, ok := l.validated[c.name]; !ok {
		l.validated[c.name] = l.run(t, c.old, c.DryRunTopology, append([]map[string]any{c.object}, c.Bundle...)...)
	}
	return l.validated[c.name]
}

// run asks the program about a manifest of all objects, and returns what it finds in the first.
func (l *linter) run(t *testing.T, old map[string]any, dryRunTopology bool, objects ...map[string]any) []lintFinding {
	t.Helper()
	directory := t.TempDir()
	manifest := filepath.Join(directory, "new.yaml")
	writeManifest(t, manifest, objects...)
	arguments := []string{"--output", "json", manifest}
	if old != nil {
		before := filepath.Join(directory, "old.yaml")
		writeManifest(t, before, old)
		arguments = append(arguments, "--old", before)
	}
	if dryRunTopology {
		arguments = append(arguments, "--topology-dry-run")
	}
	output, err := exec.CommandContext(t.Context(), l.program, arguments...).Output()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) {
		require.Equal(t, 1, exit.ExitCode(), string(exit.Stderr))
	} else {
		require.NoError(t, err)
	}
	var report struct{ Findings []lintFinding }
	require.NoError(t, json.Unmarshal(output, &report))
	first := unstructured.Unstructured{Object: objects[0]}
	name := strings.TrimPrefix(first.GetNamespace()+"/"+first.GetName(), "/")
	return slices.DeleteFunc(report.Findings, func(f lintFinding) bool { return f.Kind != first.GetKind() || f.Object != name })
}

func writeManifest(t *testing.T, name string, objects ...map[string]any) {
	t.Helper()
	var text []byte
	for _, object := range objects {
		document, err := yaml.Marshal(object)
		require.NoError(t, err)
		text = append(append(text, "---\n"...), document...)
	}
	require.NoError(t, os.WriteFile(name, text, 0o600))
}

// The program finds in every fixture, those of several objects included, what the fixture says. Where the schema has a
// word on the same place, that word stands for the rules there and below.
func TestLinterFindsWhatTheFixturesSay(t *testing.T) {
	program := buildLinter(t)
	cases := append(loadFixtures(t), loadBundles(t)...)
	require.GreaterOrEqual(t, len(cases), 180)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found := program.validate(t, c)
			var got, bySchema []string
			for _, f := range found {
				switch {
				case strings.HasPrefix(f.Rule, "SCH"):
					bySchema = append(bySchema, f.Path)
				case c.Bundle == nil && f.Rule == "HC034":
					// That a Secret is not among the manifests is a hint where nothing else is.
				default:
					got = append(got, f.brief())
				}
			}
			want := slices.DeleteFunc(slices.Clone(c.Want), func(line string) bool {
				path := line[strings.LastIndex(line, " ")+1:]
				return slices.ContainsFunc(bySchema, func(at string) bool {
					return path == at || strings.HasPrefix(path, at+".") || strings.HasPrefix(path, at+"[")
				})
			})
			assert.ElementsMatch(t, want, got)
		})
	}
}

// answer is what the API server says of one object, one cause for each mistake.
type answer struct {
	causes    []metav1.StatusCause
	byWebhook bool
	unknown   []string
	warned    []string
}

func (p *plane) ask(t *testing.T, c *fixtureCase, options ...client.CreateOption) answer {
	t.Helper()
	var result answer
	var err error
	if len(options) > 0 {
		p.warnings.take()
		err = p.client.Create(t.Context(), &unstructured.Unstructured{Object: runtime.DeepCopyJSON(c.object)}, options...)
	} else {
		err = p.send(t, c)
	}
	for _, warning := range p.warnings.take() {
		if parts := webhookWarning.FindStringSubmatch(warning); parts != nil {
			result.warned = append(result.warned, "warning "+parts[2]+" "+parts[1])
		}
	}
	if err == nil {
		return result
	}
	if _, list, strict := strings.Cut(err.Error(), "strict decoding error: "); strict {
		result.unknown = strings.Split(list, ", ")
		return result
	}
	var status apierrors.APIStatus
	require.ErrorAs(t, err, &status)
	require.NotNil(t, status.Status().Details, err.Error())
	result.byWebhook = strings.Contains(err.Error(), "admission webhook")
	for _, cause := range status.Status().Details.Causes {
		// The API server names no field for some failures, and tells them at the field, too.
		if strings.Contains(cause.Message, "some validation rules were not checked") || cause.Field == "<nil>" {
			continue
		}
		result.causes = append(result.causes, cause)
	}
	return result
}

// The schema and the webhook as they are released, and the program: verdict, rules, places and the schema's words are
// the same. The objects from before a change are stored first, under a schema that takes everything.
func TestLinterSaysWhatTheAPIServerSays(t *testing.T) {
	program := buildLinter(t)
	plane := startPlane(t, openSchema)
	cases := loadFixtures(t)
	plane.storeOldObjects(t, cases)
	plane.installSchemas(t)
	plane.installWebhook(t)
	bad := slices.IndexFunc(cases, func(c *fixtureCase) bool { return c.Rule == "HM015" && c.refused() })
	require.Eventually(t, func() bool { return plane.send(t, cases[bad]) != nil }, time.Minute, 100*time.Millisecond)
	schemaCases := faultsOfSchemas(t)
	for _, c := range append(cases, schemaCases...) {
		t.Run(c.name, func(t *testing.T) {
			var options []client.CreateOption
			if c.old == nil {
				options = []client.CreateOption{client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)}
			}
			compareAnswers(t, plane.ask(t, c, options...), program.validate(t, c))
		})
	}
}

func compareAnswers(t *testing.T, said answer, found []lintFinding) {
	t.Helper()
	var failures []lintFinding
	var warned []string
	for _, f := range found {
		switch f.Severity {
		case "error":
			failures = append(failures, f)
		case "warning":
			warned = append(warned, f.brief())
		}
	}
	assert.Equal(t, len(said.causes)+len(said.unknown) > 0, len(failures) > 0, "verdict: %v, %v", said, failures)
	for _, text := range said.unknown {
		assert.True(t, slices.ContainsFunc(failures, func(f lintFinding) bool { return f.Message == text && f.Rule == "SCH002" || isAbove(f.Path, text) }), text)
	}
	once := map[string]bool{}
	for _, cause := range said.causes {
		id := ""
		if parts := ruleInCause.FindStringSubmatch(cause.Message); len(parts) > 1 {
			id = parts[1]
		}
		assert.True(t, slices.ContainsFunc(failures, func(f lintFinding) bool {
			return f.Path == cause.Field && (id != "" && f.Rule == id || id == "" && (f.Message == cause.Message || sameCause(said.causes, f)))
		}), "not found by caphv-lint: %s: %s in %v", cause.Field, cause.Message, failures)
		if id != "" {
			assert.False(t, once[id+cause.Field], "said twice: %s", cause.Message)
			once[id+cause.Field] = true
		}
	}
	if said.byWebhook {
		assert.Len(t, failures, len(said.causes))
	}
	if said.byWebhook || len(said.causes)+len(said.unknown) == 0 {
		assert.ElementsMatch(t, said.warned, warned)
	}
}

// isAbove tells whether a finding is about a value that holds the unknown field: a list that is an object has one fault,
// and caphv-lint tells that one.
func isAbove(path, unknown string) bool {
	return path != "" && strings.Contains(unknown, `"`+path+".")
}

// sameCause tells whether the finding is in the API server's words. Of several about one field caphv-lint keeps one.
func sameCause(causes []metav1.StatusCause, found lintFinding) bool {
	return slices.ContainsFunc(causes, func(c metav1.StatusCause) bool { return c.Field == found.Path && c.Message == found.Message })
}

// faultsOfSchemas are objects that are wrong by the schema alone.
func faultsOfSchemas(t *testing.T) []*fixtureCase {
	t.Helper()
	var cases []*fixtureCase
	for name, c := range map[string]struct{ kind, patch string }{
		"unknown field":         {"harvestermachine", `{spec: {memry: 8Gi}}`},
		"unknown in a list":     {"harvestermachine", `{spec: {volumes: [{volumeType: image, imageName: a, size: 1Gi}]}}`},
		"unknown in metadata":   {"harvestermachine", `{metadata: {label: {a: b}}}`},
		"unknown in status":     {"harvestercluster", `{status: {happy: true}}`},
		"two unknown":           {"harvestercluster", `{spec: {a: 1, vmNetworkConfig: {b: 2}}}`},
		"text for a number":     {"harvestermachine", `{spec: {cpu: four}}`},
		"number for a text":     {"harvestermachine", `{spec: {memory: 8}}`},
		"object for a list":     {"harvestermachine", `{spec: {networks: {a: b}}}`},
		"text for an object":    {"harvestermachine", `{spec: {networkConfig: "172.16.3.10"}}`},
		"fraction":              {"harvestermachine", `{spec: {cpu: 1.5}}`},
		"missing":               {"harvestercluster", `{spec: {identitySecret: null}}`},
		"missing in a list":     {"harvestercluster", `{spec: {loadBalancerConfig: {listeners: [{name: a, port: 1}]}}}`},
		"too long":              {"harvestercluster", `{spec: {loadBalancerConfig: {description: "` + strings.Repeat("x", 1025) + `"}}}`},
		"too many":              {"harvestermachine", `{spec: {networks: [` + strings.Repeat("a/b, ", 33) + `]}}`},
		"too large":             {"harvestermachine", `{spec: {cpu: 2000}}`},
		"pattern":               {"harvestermachine", `{spec: {cpuModel: "a b"}}`},
		"quantity by pattern":   {"harvestermachine", `{spec: {volumes: [{volumeType: image, imageName: a, volumeSize: big}]}}`},
		"one key twice":         {"harvestercluster", `{spec: {loadBalancerConfig: {listeners: [{name: a, port: 1, backendPort: 1}, {name: a, port: 2, backendPort: 2}]}}}`},
		"name of the object":    {"harvestermachine", `{metadata: {name: Upper}}`},
		"label":                 {"harvestermachine", `{metadata: {labels: {a: "no spaces"}}}`},
		"annotation's name":     {"harvestermachine", `{metadata: {annotations: {"a b": c}}}`},
		"unknown in a template": {"harvestermachinetemplate", `{spec: {template: {spec: {memry: 8Gi}}}}`},
	} {
		var patch map[string]any
		data, err := yaml.YAMLToJSON([]byte(c.patch))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &patch))
		built := &fixtureCase{name: "schema/" + name}
		built.object = built.build(t, c.kind, patch)
		text, err := yaml.Marshal(built.object)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "object.yaml")
		require.NoError(t, os.WriteFile(file, text, 0o600))
		built.object = nil
		readYAML(t, file, &built.object)
		cases = append(cases, built)
	}
	return cases
}

// loadBundles reads the fixtures that are about several objects.
func loadBundles(t *testing.T) []*fixtureCase {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(fixtureDirectory, "rules", "*.yaml"))
	require.NoError(t, err)
	var all []*fixtureCase
	for _, name := range names {
		var file struct {
			Kind  string         `json:"kind"`
			Cases []*fixtureCase `json:"cases"`
		}
		readYAML(t, name, &file)
		for i, c := range file.Cases {
			if c.Bundle == nil {
				continue
			}
			c.name = fmt.Sprintf("bundle/%s/%s/%d", file.Kind, c.Rule, i)
			c.object = c.build(t, strings.ToLower(file.Kind), c.Patch)
			if c.Old != nil {
				c.old = c.build(t, strings.ToLower(file.Kind), c.Old)
			}
			all = append(all, c)
		}
	}
	return all
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.program != "" {
		_ = os.RemoveAll(filepath.Dir(built.program))
	}
	os.Exit(code)
}
