package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
)

// TestAProgramInstallsByItsVersion has the go command install caphv-generate by its version. In the tree it cannot: go.mod
// has replaces.
func TestAProgramInstallsByItsVersion(t *testing.T) {
	plan, environment := publishModules(t, mustRoot(t))
	bin := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", prefix+"generate/cmd/caphv-generate@"+plan.Version["generate"]) //nolint:gosec // ours
	install.Dir = t.TempDir()
	install.Env = append(environment, "GOBIN="+bin)
	output, err := install.CombinedOutput()
	require.NoError(t, err, "%s", output)
	help, err := exec.CommandContext(t.Context(), filepath.Join(bin, "caphv-generate"), "--help").CombinedOutput() //nolint:gosec // installed just now
	require.NoError(t, err, "%s", help)
	assert.Contains(t, string(help), "caphv-generate")
}

// publishModules publishes the modules as a release does, in a module proxy that is a directory, and returns the environment of
// a go command that reads it.
func publishModules(t *testing.T, root string) (*plan, []string) {
	t.Helper()
	plan, err := readPlan(root)
	require.NoError(t, err)
	for name, version := range plan.Version {
		// Versions of their own: the module cache of this machine must not serve an older state of the tree.
		plan.Version[name] = version + "-test." + time.Now().UTC().Format("20060102150405")
	}
	out, proxy := t.TempDir(), t.TempDir()
	require.NoError(t, plan.write(t.Context(), root, out))
	for _, name := range plan.Modules {
		mod, err := readMod(out, name)
		require.NoError(t, err)
		assert.Empty(t, mod.Replace, name)
		for _, required := range mod.Require {
			if sibling, ours := strings.CutPrefix(required.Mod.Path, prefix); ours {
				assert.Equal(t, plan.Version[sibling], required.Mod.Version, "%s requires %s", name, sibling)
			}
		}
		publish(t, proxy, root, out, module.Version{Path: prefix + name, Version: plan.Version[name]}, name)
	}

	upstream, err := exec.CommandContext(t.Context(), "go", "env", "GOPROXY").Output()
	require.NoError(t, err)
	return plan, append(os.Environ(), "GOWORK=off", "GOFLAGS=-trimpath", "CGO_ENABLED=0",
		"GOPROXY=file://"+filepath.ToSlash(proxy)+","+strings.TrimSpace(string(upstream)), "GONOSUMDB="+prefix+"*")
}

// publish adds a module to a directory that the go command reads as a proxy (https://go.dev/ref/mod#goproxy-protocol).
func publish(t *testing.T, proxy, root, out string, version module.Version, name string) {
	t.Helper()
	dir := filepath.Join(proxy, version.Path, "@v")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	archive, err := os.Create(filepath.Join(dir, version.Version+".zip"))
	require.NoError(t, err)
	require.NoError(t, writeZip(archive, root, out, version, name))
	require.NoError(t, archive.Close())
	mod, err := os.ReadFile(filepath.Join(out, name, "go.mod"))
	require.NoError(t, err)
	info, err := json.Marshal(map[string]any{"Version": version.Version, "Time": time.Unix(0, 0).UTC()})
	require.NoError(t, err)
	for suffix, content := range map[string][]byte{".mod": mod, ".info": info} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, version.Version+suffix), content, 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "list"), []byte(version.Version+"\n"), 0o600))
}
