package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyCommand walks over the program's own commands; completion is cobra's.
func everyCommand(command *cobra.Command, visit func(*cobra.Command)) {
	visit(command)
	for _, child := range command.Commands() {
		if child.Name() != "completion" && child.Name() != "help" {
			everyCommand(child, visit)
		}
	}
}

func TestEveryCommandHasHelpAnExampleAndAManPage(t *testing.T) {
	dir := t.TempDir()
	code, _, stderr := run(t, "man", dir)
	require.Equal(t, ExitOK, code, stderr)
	everyCommand(newRoot(Streams{}, ""), func(command *cobra.Command) {
		path := command.CommandPath()
		assert.NotEmpty(t, command.Short, path)
		assert.Contains(t, command.Example, "caphv-generate", path)
		page, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(path, " ", "-")+".1"))
		require.NoError(t, err)
		assert.Contains(t, string(page), "EXAMPLE", path)
	})
}

func TestCompletionOfEveryShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		code, stdout, _ := run(t, "completion", shell)
		assert.Equal(t, ExitOK, code, shell)
		assert.Contains(t, stdout, "caphv-generate", shell)
	}
	for flag, want := range map[string]string{
		"--firmware": "bios\nefi\nsecure-boot\n", "--cni-encapsulation": "VXLAN\n", "--capi-api-version": "v1beta1\nv1beta2\n",
	} {
		_, stdout, _ := run(t, "__complete", flag, "")
		assert.Contains(t, stdout, want, flag)
	}
}

// Whatever goes wrong, or right without a stream of manifests, no part of the kubeconfig is on the terminal.
func TestNoSecretOnTheTerminal(t *testing.T) {
	for _, arguments := range [][]string{
		append(guide(t), "--output", t.TempDir()),
		append(guide(t), "--cpu", "0"),
		append(guide(t), "--apply"),
		append([]string{"diff"}, guide(t)...),
	} {
		_, stdout, stderr := run(t, arguments...)
		assert.NotContains(t, stdout+stderr, "s3cr3t")
	}
}
