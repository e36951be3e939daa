package statedir_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/statedir"
)

func TestOneSandboxAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	_, err := statedir.Find(path)
	require.ErrorIs(t, err, statedir.ErrAbsent)

	first, err := statedir.Take(path)
	require.NoError(t, err)
	_, err = statedir.Take(path)
	require.ErrorIs(t, err, statedir.ErrRunning)
	info, err := statedir.Find(path)
	require.NoError(t, err)
	assert.Equal(t, os.Getpid(), info.PID)
	assert.Equal(t, first.Info().Socket, info.Socket)

	require.NoError(t, first.Release())
	_, err = statedir.Find(path)
	require.ErrorIs(t, err, statedir.ErrAbsent)
}

func TestWhatAKilledRunLeftIsSwept(t *testing.T) {
	path := t.TempDir()
	for name, content := range map[string]string{"lock": "", "sandbox.json": `{"pid": 1}`, "old/data": "x"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(path, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte(content), 0o600))
	}
	_, err := statedir.Find(path)
	require.ErrorIs(t, err, statedir.ErrAbsent)

	dir, err := statedir.Take(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, dir.Release()) })

	assert.NoDirExists(t, dir.Sub("old"))
}

func TestSomebodyElsesFolderIsLeftAlone(t *testing.T) {
	path := t.TempDir()
	letter := filepath.Join(path, "letter.txt")
	require.NoError(t, os.WriteFile(letter, []byte("dear"), 0o600))

	_, err := statedir.Take(path)

	require.ErrorIs(t, err, statedir.ErrForeign)
	assert.FileExists(t, letter)
}

func TestADeepFolderGetsAShortSocketPath(t *testing.T) {
	dir, err := statedir.Take(filepath.Join(t.TempDir(), strings.Repeat("deep", 40)))
	require.NoError(t, err)
	assert.Less(t, len(dir.Info().Socket), 108)
	assert.DirExists(t, filepath.Dir(dir.Info().Socket))

	require.NoError(t, dir.Release())

	assert.NoDirExists(t, filepath.Dir(dir.Info().Socket), "the folder made for the socket stays behind")
}

func TestProcessesAreFoundByTheirFolder(t *testing.T) {
	dir := t.TempDir()
	found, err := statedir.Processes(dir)
	require.NoError(t, err)
	require.Empty(t, found)

	file := filepath.Join(dir, "followed")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	process := exec.Command("tail", "-f", file)
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})

	assert.Eventually(t, func() bool {
		found, err := statedir.Processes(dir)
		return err == nil && len(found) == 1
	}, time.Minute, 10*time.Millisecond)
}
