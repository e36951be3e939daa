package installation

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestKilledHelmIsRepaired kills Helm while it waits for Pods, which never come here. Helm refuses to go on, and is repaired as
// docs/install.md says. A pool lives through all of it.
func TestKilledHelmIsRepaired(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, program := range helms {
		s.killHelm(program, "install", "caphv", older.chart(), "--create-namespace", "--wait")
		s.requireRefused(program, "upgrade", "--install", "caphv", older.chart())
		s.helm(program, "uninstall", "caphv")
		s.helm(program, "install", "caphv", older.chart())
		pool := s.makePool()

		s.killHelm(program, "upgrade", "caphv", newer.chart(), "--wait")
		s.requireRefused(program, "upgrade", "caphv", newer.chart())
		s.helm(program, "rollback", "caphv")
		assert.Contains(t, s.image(), older.version)
		s.helm(program, "upgrade", "caphv", newer.chart())
		assert.Contains(t, s.image(), newer.version)
		s.requireSame(pool)

		require.NoError(t, s.client.Delete(t.Context(), pool))
		s.helm(program, "uninstall", "caphv")
		s.eventually(func() bool { return s.get(deployment()) == nil }, "the chart is uninstalled")
	}
}

// killHelm kills Helm as soon as the Deployment names the image of the chart.
func (s *server) killHelm(program string, arguments ...string) {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), paths.Program(program), append(arguments, "--namespace="+namespace)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "HOME="+s.home)
	require.NoError(s.t, command.Start())
	version := older.version
	if arguments[0] == "upgrade" {
		version = newer.version
	}
	s.eventually(func() bool { return s.get(deployment()) != nil && strings.Contains(s.image(), version) }, "Helm has written the Deployment")
	require.NoError(s.t, command.Process.Kill(), "it waits for Pods")
	require.Error(s.t, command.Wait())
}

func (s *server) requireRefused(program string, arguments ...string) {
	s.t.Helper()
	output, err := s.tryHelm(program, arguments...)
	require.Error(s.t, err, program)
	assert.Contains(s.t, output, "another operation", program)
}

// TestInterruptedInitIsCompleted: an init that ended at any object, before clusterctl noted what it installs, is completed by
// the next one.
func TestInterruptedInitIsCompleted(t *testing.T) {
	t.Parallel()
	s, r := startServer(t), newRepository(t, "harvester")
	generated := filepath.Join(t.TempDir(), "components.yaml")
	s.clusterctl(r, "generate", "provider", "--infrastructure=harvester:"+newer.version, "--write-to="+generated)
	part := filepath.Join(t.TempDir(), "part.yaml")
	objects := readObjects(t, generated)
	writeObjects(t, part, objects[:len(objects)/2])
	s.kubectl("create", "-f", part)

	s.initCluster(r, "harvester")
	everything := newer.objects(t)
	assert.Equal(t, names(everything), s.there(everything))
	assert.Contains(t, s.kubectl("get", "providers.clusterctl.cluster.x-k8s.io", "-A"), newer.version)
}
