package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every module has the same files at its root, so that a newcomer knows
// where to look in a module never seen before.
func TestEveryModuleHasItsRootFiles(t *testing.T) {
	dir := mustRoot(t)
	for _, module := range projectModules() {
		for _, name := range []string{"doc.go", "README.md", "CHANGELOG.md"} {
			info, err := os.Stat(filepath.Join(dir, module, name))
			if assert.NoError(t, err, "%s/%s", module, name) {
				assert.Greater(t, info.Size(), int64(100), "%s/%s says nothing", module, name)
			}
		}
	}
}

func TestEveryLibraryHasARunnableExample(t *testing.T) {
	dir := mustRoot(t)
	for _, library := range append([]string{simulator}, libraries...) {
		if library == "api" {
			continue // types only; its samples are validated by a real API server
		}
		found := false
		err := filepath.WalkDir(filepath.Join(dir, library), func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			text := string(data)
			found = found || strings.Contains(text, "\nfunc Example") && strings.Contains(text, "// Output:")
			return err
		})
		require.NoError(t, err)
		assert.True(t, found, "%s has no Example test with an Output comment", library)
	}
}
