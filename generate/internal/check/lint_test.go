package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The linter, as users run it, finds nothing in what the generator writes, not even a hint.
func TestTheLinterFindsNothing(t *testing.T) {
	golden, err := filepath.Abs("../manifest/testdata")
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(golden, "*.yaml"))
	require.NoError(t, err)
	require.Greater(t, len(files), 20)
	linter := filepath.Join(t.TempDir(), "caphv-lint")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", linter, "./cmd/caphv-lint")
	build.Dir, build.Env = "../../../validation", append(os.Environ(), "GOWORK=off")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			output, err := exec.CommandContext(t.Context(), linter, "--fail-on", "info", file).CombinedOutput()
			require.NoError(t, err, "%s", output)
		})
	}
}
