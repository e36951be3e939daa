package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// actAsProgram makes the test binary the program, for scripts that run it.
const actAsProgram = "CAPHV_LINT_TEST_ACTS_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(actAsProgram) != "" {
		os.Exit(Run("v0.0.0-test", os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func readRepositoryFile(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../..", name))
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(text, into))
}

// The script of the GitHub action runs as GitHub runs it, with the program in the place where "go install" puts it. A
// simulator for go names that place: what is to be installed is not there before it is released.
func TestActionRunsTheProgram(t *testing.T) {
	var action struct {
		Name, Description string
		Inputs            map[string]map[string]any
		Runs              struct {
			Using string
			Steps []struct {
				Uses, Shell, Run string
				With             map[string]any
				Env              map[string]string
			}
		}
	}
	readRepositoryFile(t, ".github/actions/caphv-lint/action.yml", &action)
	step := action.Runs.Steps[len(action.Runs.Steps)-1]
	require.Equal(t, "bash", step.Shell)

	home := t.TempDir()
	program, err := os.Executable()
	require.NoError(t, err)
	script := func(path, text string) {
		path = filepath.Join(home, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	}
	script("path/go", `echo "$@" >> "`+home+`/asked"; [ "$1" = env ] && echo "`+home+`"; true`)
	script("bin/caphv-lint", fmt.Sprintf("%s=1 exec %q \"$@\"", actAsProgram, program))
	for name, text := range map[string]string{"a.yaml": "cpu: 4", "b.yaml": "cpu: 0"} {
		manifest := "apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvesterMachine\nmetadata: {name: a, namespace: b}\nspec:\n  " + text +
			"\n  memory: 1Gi\n  sshUser: a\n  sshKeyPair: a/b\n  networks: [a/b]\n  volumes: [{volumeType: image, imageName: a/b}]\n"
		require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte(manifest), 0o600))
	}
	for _, c := range []struct {
		inputs map[string]string
		code   int
		said   []string
	}{
		{map[string]string{"paths": "a.yaml"}, ExitOK, []string{"::warning file=a.yaml,line=6,col=11,title=caphv-lint HM025"}},
		{map[string]string{"paths": "a.yaml", "fail-on": "warning"}, ExitFindings, []string{"::warning file=a.yaml"}},
		{map[string]string{"paths": "a.yaml b.yaml"}, ExitFindings, []string{"::warning file=a.yaml", "::error file=b.yaml,line=5"}},
		{map[string]string{"paths": "*.yaml", "format": "text"}, ExitFindings, []string{"b.yaml:5:8: error: "}},
		{map[string]string{"paths": "none/*.yaml"}, ExitTrouble, []string{"none/*.yaml: error: cannot be read: no file matches"}},
	} {
		command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
		command.Dir = home
		command.Env = []string{"PATH=" + filepath.Join(home, "path") + ":" + os.Getenv("PATH")}
		for variable, expression := range step.Env {
			input := strings.TrimSuffix(strings.TrimPrefix(expression, "${{ inputs."), " }}")
			require.Contains(t, action.Inputs, input)
			value, given := c.inputs[input]
			if !given {
				require.NotNil(t, action.Inputs[input]["default"], input)
				value = fmt.Sprint(action.Inputs[input]["default"])
			}
			command.Env = append(command.Env, variable+"="+value)
		}
		output, _ := command.CombinedOutput()
		assert.Equal(t, c.code, command.ProcessState.ExitCode(), "%v: %s", c.inputs, output)
		for _, said := range c.said {
			assert.Contains(t, string(output), said, c.inputs)
		}
	}
	asked, err := os.ReadFile(filepath.Join(home, "asked"))
	require.NoError(t, err)
	assert.Contains(t, string(asked), "install github.com/rancher-sandbox/cluster-api-provider-harvester/validation/cmd/caphv-lint@latest\n")
}

// What pre-commit reads of the hook is what it needs to run the program on manifests, all in one run.
func TestHookRunsTheProgram(t *testing.T) {
	var hooks []struct {
		ID, Name, Description, Language, Entry string
		TypesOr                                []string `json:"types_or"`
		RequireSerial                          bool     `json:"require_serial"`
	}
	readRepositoryFile(t, ".pre-commit-hooks.yaml", &hooks)
	require.Len(t, hooks, 1)
	assert.Equal(t, "caphv-lint", hooks[0].ID)
	assert.Equal(t, newRoot().Name(), hooks[0].Entry)
	assert.Equal(t, "system", hooks[0].Language, "a language that pre-commit builds itself finds no module at the root")
	assert.ElementsMatch(t, []string{"yaml", "json"}, hooks[0].TypesOr)
	assert.True(t, hooks[0].RequireSerial)
}
