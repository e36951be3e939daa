package checks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

func mustRoot(t *testing.T) string {
	t.Helper()
	dir, err := root()
	require.NoError(t, err)
	return dir
}

func mustModFile(t *testing.T, root, module string) *modfile.File {
	t.Helper()
	file, err := readModFile(root, module)
	require.NoError(t, err)
	return file
}

func TestWorkspaceListsEveryModule(t *testing.T) {
	dir := mustRoot(t)
	data, err := os.ReadFile(filepath.Join(dir, "go.work"))
	require.NoError(t, err)
	work, err := modfile.ParseWork("go.work", data, nil)
	require.NoError(t, err)
	var used []string
	for _, use := range work.Use {
		used = append(used, strings.TrimPrefix(use.Path, "./"))
	}
	assert.ElementsMatch(t, projectModules(), used)
	for _, replaced := range work.Replace {
		assert.False(t, strings.HasPrefix(replaced.Old.Path, prefix), "a replace of %s would hide what importers get", replaced.Old.Path)
	}
}

// An editor works in the workspace, where all modules share one graph: each must find its packages there too.
func TestWorkspaceResolves(t *testing.T) {
	dir := mustRoot(t)
	for _, module := range projectModules() {
		list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./...")
		list.Dir = filepath.Join(dir, module)
		list.Env = append(os.Environ(), "GOWORK="+filepath.Join(dir, "go.work"))
		output, err := list.CombinedOutput()
		require.NoError(t, err, "%s: %s", module, output)
	}
}

func TestModulePathsAndGoDirectivesAgree(t *testing.T) {
	dir := mustRoot(t)
	for _, module := range projectModules() {
		file := mustModFile(t, dir, module)
		assert.Equal(t, prefix+module, file.Module.Mod.Path)
		require.NotNil(t, file.Go, module)
		assert.Equal(t, "1.26.0", file.Go.Version, module)
		assert.Nil(t, file.Toolchain, "%s: a toolchain line forces a download on importers", module)
	}
}

func TestLibrariesHaveNoReplaceAndNoSibling(t *testing.T) {
	dir := mustRoot(t)
	for _, library := range append([]string{shared}, libraries...) {
		file := mustModFile(t, dir, library)
		assert.Empty(t, file.Replace, "%s/go.mod", library)
		assert.Empty(t, file.Exclude, "%s/go.mod", library)
		for _, require := range file.Require {
			assert.False(t, strings.HasPrefix(require.Mod.Path, prefix),
				"%s/go.mod requires its sibling %s", library, require.Mod.Path)
			assert.NotContains(t, unwelcome, require.Mod.Path, "%s/go.mod", library)
		}
	}
}
