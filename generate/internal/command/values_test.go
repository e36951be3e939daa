package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// valuesOf is a values file of a cluster.
func valuesOf(name, kubeconfig string) string {
	return fmt.Sprintf(`name: %s
namespace: prod-ns
image: default/sles15-sp7
ssh-keypair: default/capi-ssh-key
network: [default/production]
harvester-kubeconfig: %s
`, name, kubeconfig)
}

// directory writes a values file per name.
func directory(tb testing.TB, names ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	kubeconfig := filepath.Join(dir, "harvester.kubeconfig")
	require.NoError(tb, os.WriteFile(kubeconfig, []byte(harvesterKubeconfig), 0o600))
	for _, name := range names {
		path := filepath.Join(dir, name+".yaml")
		require.NoError(tb, os.WriteFile(path, []byte(valuesOf(name, kubeconfig)), 0o600))
	}
	return dir
}

func TestAFileIsWorthItsFlags(t *testing.T) {
	dir := directory(t, "blue")
	code, fromFile, stderr := run(t, "-f", filepath.Join(dir, "blue.yaml"), "--cpu", "8")
	require.Equal(t, ExitOK, code, stderr)
	code, fromFlags, stderr := run(t, "--name", "blue", "--namespace", "prod-ns", "--image", "default/sles15-sp7",
		"--ssh-keypair", "default/capi-ssh-key", "--network", "default/production", "--cpu", "8",
		"--harvester-kubeconfig", filepath.Join(dir, "harvester.kubeconfig"))
	require.Equal(t, ExitOK, code, stderr)
	assert.Equal(t, fromFlags, fromFile)
}

func TestValuesFromStandardInput(t *testing.T) {
	dir := directory(t)
	var out, errs bytes.Buffer
	in := strings.NewReader(valuesOf("piped", filepath.Join(dir, "harvester.kubeconfig")))
	code := Execute(t.Context(), Streams{In: in, Out: &out, Err: &errs}, "", []string{"--values", "-"})
	require.Equal(t, ExitOK, code, errs.String())
	assert.Contains(t, out.String(), "name: piped-mhc")
}

func TestADirectoryOfClusters(t *testing.T) {
	dir := directory(t, "blue", "green")
	out := t.TempDir()
	code, stdout, stderr := run(t, "-f", dir, "--output", out, "--worker-replicas", "7")
	require.Equal(t, ExitOK, code, stderr)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "wrote 20 objects to "+out)
	for _, name := range []string{"blue", "green"} {
		cluster, err := os.ReadFile(filepath.Join(out, "prod-ns", name, "03-cluster-"+name+".yaml"))
		require.NoError(t, err)
		assert.Contains(t, string(cluster), "replicas: 7", "the flag counts for every cluster")
	}
}

func TestWrongValuesFiles(t *testing.T) {
	dir := directory(t, "blue", "green")
	blue := filepath.Join(dir, "blue.yaml")
	broken := write(t, "name: ["+token)
	for name, test := range map[string]struct {
		arguments []string
		want      []string
	}{
		"no such file":    {[]string{"-f", "/no/such/file"}, []string{"--values cannot be read", "/no/such/file"}},
		"empty directory": {[]string{"-f", t.TempDir()}, []string{"is a directory without a values file"}},
		"broken":          {[]string{"-f", broken}, []string{broken + ": is not a YAML mapping"}},
		"twice":           {[]string{"-f", blue, "-f", blue}, []string{"cluster prod-ns/blue is that of " + blue + " too"}},
		"wrong in each":   {[]string{"-f", dir, "--cpu", "0"}, []string{"2 problems", "blue.yaml: --cpu is 0", "green.yaml: --cpu is 0"}},
		"interactive":     {[]string{"-f", dir, "--interactive"}, []string{"--interactive asks about one cluster"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(t, test.arguments...)
			assert.Equal(t, ExitUsage, code)
			assert.Empty(t, stdout)
			for _, want := range test.want {
				assert.Contains(t, stderr, want)
			}
			assert.NotContains(t, stderr, token)
		})
	}
}

func TestSplitSecrets(t *testing.T) {
	out := t.TempDir()
	const name = "02-secret-production-cluster-harvester-identity.yaml"
	arguments := append(guide(t), "--output", out)
	code, _, stderr := run(t, arguments...)
	require.Equal(t, ExitOK, code, stderr)
	require.FileExists(t, filepath.Join(out, name))
	code, _, stderr = run(t, append(arguments, "--split-secrets")...)
	require.Equal(t, ExitOK, code, stderr)
	assert.NoFileExists(t, filepath.Join(out, name), "what an earlier run left is gone")
	assert.FileExists(t, filepath.Join(out, "secrets", name))
	ignored, err := os.ReadFile(filepath.Join(out, "secrets", ".gitignore"))
	require.NoError(t, err)
	assert.Contains(t, string(ignored), "\n*\n")
	files, err := os.ReadDir(out)
	require.NoError(t, err)
	assert.Len(t, files, 10, "nine objects and a directory")
}

func TestSplitSecretsOfAStream(t *testing.T) {
	secrets := filepath.Join(t.TempDir(), "apart")
	code, stdout, stderr := run(t, append(guide(t), "--split-secrets="+secrets)...)
	require.Equal(t, ExitOK, code, stderr)
	assert.Len(t, strings.Split(stdout, "\n---\n"), 9)
	assert.NotContains(t, stdout, "kind: Secret")
	info, err := os.Stat(secrets)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestSchema(t *testing.T) {
	code, stdout, _ := run(t, "schema")
	assert.Equal(t, ExitOK, code)
	published, err := os.ReadFile(filepath.Join("..", "..", "values.schema.json"))
	require.NoError(t, err)
	assert.Equal(t, string(published), stdout)
}

// A thousand clusters of a fleet at once, to files.
func BenchmarkThousandValuesFiles(b *testing.B) {
	names := make([]string, 0, 1000)
	for i := range 1000 {
		names = append(names, fmt.Sprintf("cluster-%03d", i))
	}
	dir, out := directory(b, names...), b.TempDir()
	for b.Loop() {
		var errs bytes.Buffer
		code := Execute(b.Context(), Streams{Out: &errs, Err: &errs}, "", []string{"-f", dir, "--output", out})
		require.Equal(b, ExitOK, code, errs.String())
	}
}
