//go:build judge

package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// release is one installed cloud-init.
type release struct{ name, path string }

// releases are the system's own cloud-init and the one unpacked by install.sh.
func releases(t *testing.T) []release {
	t.Helper()
	unpacked := os.Getenv("CLOUD_INIT_NEW")
	require.NotEmpty(t, unpacked, "run: sh install.sh FOLDER, and set CLOUD_INIT_NEW=FOLDER")
	found := []release{{"old", "/usr/lib/python3/dist-packages"}, {"new", unpacked + "/usr/lib/python3/dist-packages"}}
	for _, r := range found {
		require.DirExists(t, filepath.Join(r.path, "cloudinit"), "run: sh install.sh FOLDER, and set CLOUD_INIT_NEW=FOLDER")
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

// outcome is what merge.py prints.
type outcome struct {
	Config  map[string]any
	Scripts []string
}

func (r release) boot(t *testing.T, file string) outcome {
	t.Helper()
	printed, err := r.python("merge.py", file)
	require.NoError(t, err, "%s", printed)
	var got outcome
	require.NoError(t, json.Unmarshal(printed[strings.Index(string(printed), "{"):], &got), "%s", printed)
	return got
}

func TestUserDataPassesTheSchema(t *testing.T) {
	for _, judge := range releases(t) {
		for _, name := range []string{"alone.yaml", "plain.yaml", "rke2.yaml", "statements.yaml", "archive.mime", "script.sh", "boothook.sh"} {
			t.Run(judge.name+"/"+name, func(t *testing.T) {
				merged, err := yaml.Marshal(judge.boot(t, "../testdata/userdata/"+name).Config)
				require.NoError(t, err)
				file := filepath.Join(t.TempDir(), name)
				require.NoError(t, os.WriteFile(file, append([]byte("#cloud-config\n"), merged...), 0o600))
				verdict, err := judge.cloudInit("schema", "--config-file", file)
				assert.NoError(t, err, "%s", verdict)
			})
		}
	}
}

// Our merge must come to the end that cloud-init's own merger comes to, given the same parts.
func TestMergeEqualsCloudInits(t *testing.T) {
	for _, judge := range releases(t) {
		for _, name := range []string{"plain.yaml", "rke2.yaml"} {
			t.Run(judge.name+"/"+name, func(t *testing.T) {
				ours := judge.boot(t, "../testdata/userdata/"+name).Config
				theirs := judge.boot(t, asArchive(t, name)).Config
				if name == "plain.yaml" {
					// A user of the same name is one that cloud-init lists twice and we do not.
					delete(ours, "users")
					delete(theirs, "users")
				}
				assert.Equal(t, theirs, ours)
			})
		}
	}
}

// asArchive gives cloud-init the bootstrap data and our part as two parts, with the merge type that our archives carry.
func asArchive(t *testing.T, name string) string {
	t.Helper()
	example, err := os.ReadFile("../testdata/userdata/statements.yaml")
	require.NoError(t, err)
	mergeType := regexp.MustCompile(`(?m)^Merge-Type: (.+)$`).FindSubmatch(example)
	require.NotNil(t, mergeType)
	var archive bytes.Buffer
	writer := multipart.NewWriter(&archive)
	fmt.Fprintf(&archive, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=%q\n\n", writer.Boundary())
	for _, part := range []struct{ file, merge string }{{"bootstrap/" + name, ""}, {"userdata/alone.yaml", string(mergeType[1])}} {
		content, err := os.ReadFile("../testdata/" + part.file)
		require.NoError(t, err)
		header := textproto.MIMEHeader{"Content-Type": {"text/plain"}}
		if part.merge != "" {
			header.Set("Merge-Type", part.merge)
		}
		into, err := writer.CreatePart(header)
		require.NoError(t, err)
		_, err = into.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, archive.Bytes(), 0o600))
	return file
}

func TestBootstrapDataArrives(t *testing.T) {
	for _, judge := range releases(t) {
		t.Run(judge.name, func(t *testing.T) {
			rke2 := judge.boot(t, "../testdata/userdata/rke2.yaml").Config
			commands := rke2["runcmd"].([]any)
			assert.Equal(t, []any{"systemctl", "enable", "--now", "qemu-guest-agent.service"}, commands[0])
			assert.Contains(t, commands, "echo i-judge > /run/instance", "expressions of the template are filled in")
			assert.Equal(t, "echo success > /run/cluster-api/bootstrap-success.complete", commands[len(commands)-1])
			statements := judge.boot(t, "../testdata/userdata/statements.yaml").Config["runcmd"].([]any)
			assert.Equal(t, []any{"zypper", "ref"}, statements[len(statements)-1])
			assert.Equal(t, []any{"systemctl", "enable", "--now", "qemu-guest-agent.service"}, statements[0])
			for name, want := range map[string]string{
				"script.sh":    "#!/bin/sh\necho \"a script\" > /root/marker\n",
				"boothook.sh":  "#cloud-boothook\n#!/bin/sh\necho \"a boothook\" > /root/marker\n",
				"archive.mime": "#!/bin/sh\necho in an archive > /root/marker\n",
			} {
				got := judge.boot(t, "../testdata/userdata/"+name)
				assert.Equal(t, []string{want}, got.Scripts, name)
				assert.Equal(t, "prod-cp-abcde", got.Config["hostname"], name)
			}
			archived := judge.boot(t, "../testdata/userdata/archive.mime").Config["runcmd"].([]any)
			assert.Equal(t, []any{"echo", "archived"}, archived[len(archived)-1])
		})
	}
}
