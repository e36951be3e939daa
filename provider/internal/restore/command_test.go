package restore

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExecute(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	good, bad := file("dump.yaml", dump), file("bad.txt", "s3cr3t: [")
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.Mkdir(empty, 0o700))
	written := filepath.Join(dir, "written")
	for _, test := range []struct {
		name     string
		args     []string
		code     int
		out, err string
	}{
		{"help", []string{"--help"}, ExitOK, "clusterctl move --from-directory", ""},
		{"no dump", nil, ExitUsage, "", "name the files or folders"},
		{"nothing to do", []string{good}, ExitUsage, "", "give --output DIR, or --check"},
		{"both", []string{good, "--check", "--output", written}, ExitUsage, "", "give --output DIR, or --check"},
		{"unknown flag", []string{good, "--force"}, ExitUsage, "", "unknown flag: --force"},
		{"no such file", []string{filepath.Join(dir, "none"), "--check"}, ExitInput, "", "no such file"},
		{"an empty folder", []string{empty, "--check"}, ExitInput, "", "the folder holds no .yaml"},
		{"no dump in it", []string{bad, "--check"}, ExitInput, "", "bad.txt: document 1: not a dump"},
		{"something missing", []string{good, "--output", written}, ExitMissing, "missing: Secret ns/m-bootstrap, which Machine ns/m refers to\n", "--allow-missing"},
		{"missing and allowed", []string{good, "--output", written, "--allow-missing"}, ExitOK, "missing: ", "4 objects are in"},
		{"not empty", []string{good, "--output", written, "--allow-missing"}, ExitInput, "", "the folder is not empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			assert.Equal(t, test.code, Execute(t.Context(), &out, &errOut, "test", test.args))
			assert.Contains(t, out.String(), test.out)
			assert.Contains(t, errOut.String(), test.err)
			assert.NotContains(t, out.String()+errOut.String(), "s3cr3t")
			if test.code == ExitMissing {
				assert.NoDirExists(t, written)
			}
		})
	}
}
