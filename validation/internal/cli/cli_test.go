package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint"
)

var update = flag.Bool("update", false, "write the golden files anew")

const mixed = "testdata/mixed.yaml"

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
	assert.Equal(t, 2, report.Judged)
	assert.Equal(t, 1, report.PassedOver)
	require.Len(t, report.Findings, 3)
	assert.Equal(t, "spec.volumes[1].imageName", report.Findings[2].Path)
	assert.Equal(t, 20, report.Findings[2].Line)

	_, stdout, _ = run("kind: ConfigMap\napiVersion: v1\n", "-o", "json", "-")
	assert.Contains(t, stdout, `"findings": []`, "readers need a list, not null")
}

func TestExitCodes(t *testing.T) {
	const good = "../../testdata/base/harvestermachine.yaml"
	const gaps = "../../testdata/field/harvestermachinetemplate-gaps.yaml"
	const warned = "../../testdata/field/harvestercluster-pool-v1alpha1.yaml"
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	require.NoError(t, os.WriteFile(broken, []byte("a: ["), 0o600))
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
		{[]string{broken}, ExitTrouble, "document at line 1"},
		{[]string{mixed, broken}, ExitTrouble, "document at line 1"},
		{[]string{mixed, "no-such-file"}, ExitTrouble, "no such file"},
		{nil, ExitTrouble, "nothing to judge"},
		{[]string{"--nonsense"}, ExitTrouble, "unknown flag"},
		{[]string{"-o", "xml", good}, ExitTrouble, "unknown output format"},
		{[]string{"--fail-on", "never", good}, ExitTrouble, "unknown severity"},
		{[]string{"explain", "HM999"}, ExitTrouble, "no rule"},
		{[]string{"explain"}, ExitTrouble, "accepts 1 arg"},
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

func TestFolders(t *testing.T) {
	code, stdout, _ := run("", "../../testdata/base")
	assert.Equal(t, ExitOK, code)
	assert.Equal(t, "4 judged, 0 passed over: 0 errors, 0 warnings, 0 hints\n", stdout)
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
