package checks

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// importsOf returns, for every non-test Go file below a module's directory, what
// it imports. Nested modules are other modules and are skipped.
func importsOf(t *testing.T, root, module string, tests bool) map[string][]string {
	t.Helper()
	base := filepath.Join(root, module)
	imports := map[string][]string{}
	err := filepath.WalkDir(base, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != base && (entry.Name() == "testdata" || hasGoMod(path)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") != tests {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			imports[relative] = append(imports[relative], imported)
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, imports, "%s holds no Go file", module)
	return imports
}

func hasGoMod(dir string) bool {
	matches, err := filepath.Glob(filepath.Join(dir, "go.mod"))
	return err == nil && len(matches) > 0
}

func TestLibrariesImportOnlyWhatTheyMay(t *testing.T) {
	dir := mustRoot(t)
	for _, library := range append([]string{shared, simulator}, libraries...) {
		for file, imports := range importsOf(t, dir, library, false) {
			for _, imported := range imports {
				assert.True(t, mayImport(library, imported), "%s imports %s", file, imported)
			}
		}
	}
}

func mayImport(library, imported string) bool {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true
	}
	own := prefix + library
	if imported == own || strings.HasPrefix(imported, own+"/") {
		return true
	}
	for _, allowed := range allowedWithin[library] {
		if imported == strings.TrimSuffix(allowed, "/") || strings.HasPrefix(imported, allowed) {
			return true
		}
	}
	return false
}

func TestMayImport(t *testing.T) {
	assert.True(t, mayImport("ipam", "net/netip"))
	assert.True(t, mayImport("ipam", "go4.org/netipx"))
	assert.True(t, mayImport("ipam", prefix+"ipam/storetest"))
	assert.False(t, mayImport("ipam", prefix+"ipamx"))
	assert.False(t, mayImport("ipam", prefix+"api/v1beta1"))
	assert.False(t, mayImport("ipam", "k8s.io/client-go/rest"))
	assert.True(t, mayImport("simulator", prefix+"harvesterclient/rights"))
	assert.False(t, mayImport("simulator", prefix+"api/v1beta1"))
}

// Nothing that ships may lean on the sandbox, and the provider and the
// generator are programs that no one imports.
func TestNothingThatShipsImportsPrograms(t *testing.T) {
	dir := mustRoot(t)
	shipped := append([]string{"provider", "generate", shared, simulator}, libraries...)
	for _, module := range shipped {
		for _, tests := range []bool{false, true} {
			if tests && !hasTests(t, dir, module) {
				continue
			}
			for file, imports := range importsOf(t, dir, module, tests) {
				for _, imported := range imports {
					for _, program := range programs {
						if program == module {
							continue
						}
						assert.False(t, strings.HasPrefix(imported, prefix+program+"/") || imported == prefix+program,
							"%s imports %s", file, imported)
					}
				}
			}
		}
	}
}

// What is shipped runs against Harvester; only its tests may run against the simulator.
func TestNothingThatShipsImportsTheSimulator(t *testing.T) {
	dir := mustRoot(t)
	for _, module := range append([]string{"provider", "generate"}, libraries...) {
		for file, imports := range importsOf(t, dir, module, false) {
			for _, imported := range imports {
				for _, other := range []string{shared, simulator} {
					assert.False(t, strings.HasPrefix(imported, prefix+other+"/") || imported == prefix+other, "%s imports %s", file, imported)
				}
			}
		}
	}
}

func hasTests(t *testing.T, root, module string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(filepath.Join(root, module), func(path string, _ fs.DirEntry, err error) error {
		found = found || strings.HasSuffix(path, "_test.go")
		return err
	})
	require.NoError(t, err)
	assert.True(t, found, "%s has no tests", module)
	return found
}
