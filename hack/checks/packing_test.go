package checks

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An importer takes each library by its published path, with nothing of
// ours at hand: no go.work, no replace, no sibling. testdata/importers holds
// one program a library and the line it must print.
func TestAnImporterNeedsNothingElse(t *testing.T) {
	dir := mustRoot(t)
	packed := proxy{dir: t.TempDir()}
	for _, library := range libraries {
		t.Run(library, func(t *testing.T) {
			version, err := packed.pack(dir, library)
			require.NoError(t, err)
			home := t.TempDir()
			program := filepath.Join("testdata", "importers", library)
			source, err := os.ReadFile(filepath.Join(program, "main.go.txt"))
			require.NoError(t, err)
			want, err := os.ReadFile(filepath.Join(program, "output.txt"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(home, "main.go"), source, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(home, "go.mod"),
				fmt.Appendf(nil, "module importer.example/program\n\ngo 1.26.0\n\nrequire %s %s\n", version.Path, version.Version), 0o600))

			packed.run(t, home, "go", "mod", "tidy")
			mod, err := os.ReadFile(filepath.Join(home, "go.mod"))
			require.NoError(t, err)
			assert.NotContains(t, string(mod), "replace")
			assert.Contains(t, string(mod), version.Version)
			packed.run(t, home, "go", "build", "-o", "program", ".")
			assert.Equal(t, strings.TrimSpace(string(want)), strings.TrimSpace(packed.run(t, home, "./program")))

			graph := packed.run(t, home, "go", "list", "-m", "all")
			for path, why := range unwelcome {
				assert.NotContains(t, graph, path+" ", why)
			}
		})
	}
}

// run runs a command in dir as the importer would: the packed modules first,
// then the machine's own proxy; our modules are not in the checksum database.
func (p proxy) run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	upstream, err := exec.CommandContext(t.Context(), "go", "env", "GOPROXY").Output()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(),
		"GOWORK=off", "GOFLAGS=-mod=mod -trimpath", "CGO_ENABLED=0", // flags of all programs: compiled once
		"GOPROXY=file://"+filepath.ToSlash(p.dir)+","+strings.TrimSpace(string(upstream)),
		"GONOSUMDB="+prefix+"*")
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), stderr.String())
	return string(output)
}
