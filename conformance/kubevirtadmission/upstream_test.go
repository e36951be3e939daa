package kubevirtadmission

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Everything here was proven against these versions; another needs another look.
func TestUpstreamVersions(t *testing.T) {
	for _, path := range []string{"kubevirt.io/kubevirt", "kubevirt.io/api", "kubevirt.io/client-go"} {
		command := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{if .Replace}}{{.Replace.Version}}{{else}}{{.Version}}{{end}}", path)
		command.Env = append(os.Environ(), "GOWORK=off")
		version, err := command.Output()
		require.NoError(t, err, path)
		assert.Equal(t, "v1.7.0", strings.TrimSpace(string(version)), path)
		t.Logf("validated by %s %s", path, version)
	}
}

// The simulator for Harvester serves KubeVirt's own definitions. After an upgrade of KubeVirt, write them again with
//
//	go run ./cmd/kubevirt-crds ../../simulator/internal/crds
func TestTheSimulatorServesKubeVirtsDefinitions(t *testing.T) {
	files, err := Definitions()
	require.NoError(t, err)
	require.Len(t, files, 3)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", "simulator", "internal", "crds", name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), name)
	}
}
