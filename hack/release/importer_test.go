package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnImporterSimulatesHarvester builds a program outside the repository, which starts a simulated Harvester, creates a VM
// with harvesterclient and sees it run. Its go.mod has no replace; the module proxy holds our modules as they are tagged, and
// other modules come from where they always do. It needs the programs of `make assets`.
func TestAnImporterSimulatesHarvester(t *testing.T) {
	root := mustRoot(t)
	plan, environment := publishModules(t, root)
	home := t.TempDir()
	source, err := os.ReadFile(filepath.Join("testdata", "importer", "main.go.txt"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(home, "main.go"), source, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(home, "go.mod"),
		fmt.Appendf(nil, "module importer.example/program\n\ngo 1.26.0\n\nrequire %ssimulator %s\n", prefix, plan.Version["simulator"]), 0o600))
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = filepath.Join(root, "bin", "assets")
	}
	environment = append(environment, "GOFLAGS=-mod=mod -trimpath", "KUBEBUILDER_ASSETS="+assets)
	run := func(name string, args ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		command := exec.CommandContext(ctx, name, args...)
		command.Dir, command.Env = home, environment
		var stderr strings.Builder
		command.Stderr = &stderr
		output, err := command.Output()
		require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), stderr.String())
		return string(output)
	}

	run("go", "mod", "tidy")
	mod, err := os.ReadFile(filepath.Join(home, "go.mod"))
	require.NoError(t, err)
	assert.NotContains(t, string(mod), "replace")
	run("go", "build", "-o", "program", ".")
	assert.Equal(t, "node-1 is Running", strings.TrimSpace(run("./program")))

	graph := run("go", "list", "-m", "all")
	assert.NotContains(t, graph, "sigs.k8s.io/cluster-api", "the simulator knows nothing of Cluster API")
	for _, name := range []string{"harvesterclient", "internal", "simulator"} {
		assert.Contains(t, graph, prefix+name+" "+plan.Version[name])
	}
}
