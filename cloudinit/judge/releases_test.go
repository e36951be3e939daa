//go:build judge

package judge

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const howToInstall = "run: sh install.sh DIRECTORY, and set CLOUD_INIT_NEW=DIRECTORY"

// unpacked is the directory that install.sh fills.
func unpacked(t *testing.T) string {
	t.Helper()
	directory := os.Getenv("CLOUD_INIT_NEW")
	require.NotEmpty(t, directory, howToInstall)
	return directory
}

// release is one installed cloud-init.
type release struct{ name, path string }

// releases are the system's own cloud-init and the one unpacked by install.sh.
func releases(t *testing.T) []release {
	t.Helper()
	found := []release{
		{"old", "/usr/lib/python3/dist-packages"},
		{"new", unpacked(t) + "/usr/lib/python3/dist-packages"},
	}
	for _, r := range found {
		require.DirExists(t, filepath.Join(r.path, "cloudinit"), howToInstall)
	}
	return found
}

// python runs the interpreter that has cloud-init's dependencies.
func (r release) python(arguments ...string) ([]byte, error) {
	command := exec.Command("/usr/bin/python3", arguments...)
	command.Env = append(os.Environ(), "PYTHONPATH="+r.path, "LC_ALL=C.UTF-8")
	return command.CombinedOutput()
}

func (r release) cloudInit(arguments ...string) ([]byte, error) {
	return r.python(append([]string{"-m", "cloudinit.cmd.main"}, arguments...)...)
}

// outcome is what merge.py prints of a file.
type outcome struct {
	Config  map[string]any
	Users   map[string]map[string]any
	Scripts []string
}

// boot asks what cloud-init makes of user-data, for many files at once: to start it takes longer than its work.
func (r release) boot(t *testing.T, files ...string) []outcome {
	t.Helper()
	printed, err := r.python(append([]string{"merge.py"}, files...)...)
	require.NoError(t, err, "%s", printed)
	var found []outcome
	for line := range strings.Lines(string(printed)) {
		text, ours := strings.CutPrefix(line, "outcome:")
		if !ours {
			continue
		}
		var got outcome
		require.NoError(t, json.Unmarshal([]byte(text), &got), "%s", line)
		found = append(found, got)
	}
	require.Len(t, found, len(files), "%s", printed)
	return found
}
