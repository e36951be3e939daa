package command

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const token = "kubeconfig-user-abcde:s3cr3t"

const harvesterKubeconfig = `apiVersion: v1
kind: Config
current-context: harvester
clusters:
- name: harvester
  cluster:
    server: https://harvester.example:6443
users:
- name: harvester
  user:
    token: ` + token + `
contexts:
- name: harvester
  context:
    cluster: harvester
    user: harvester
`

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// run executes the program as main does.
func run(t *testing.T, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "absent"))
	t.Setenv("HOME", t.TempDir())
	var out, errs bytes.Buffer
	code = Execute(context.Background(), Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, "v9.9.9", arguments)
	return code, out.String(), errs.String()
}

// guide is the command of the operations guide, changed only in the file's name, without --apply.
func guide(t *testing.T) []string {
	t.Helper()
	return []string{
		"--name", "production-cluster",
		"--namespace", "prod-ns",
		"--image", "default/sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2",
		"--ssh-keypair", "default/capi-ssh-key",
		"--network", "default/production",
		"--gateway", "172.16.0.1",
		"--subnet-mask", "255.255.0.0",
		"--ip-pool", "prod-ip-pool",
		"--dns", "172.16.0.1",
		"--harvester-kubeconfig", write(t, harvesterKubeconfig),
		"--cp-replicas", "3",
		"--worker-replicas", "2",
		"--cpu", "4",
		"--memory", "8Gi",
		"--disk-size", "80Gi",
		"--k8s-version", "v1.31.14",
	}
}

func TestGuidesCommandWritesTenObjects(t *testing.T) {
	code, stdout, stderr := run(t, guide(t)...)
	require.Equal(t, ExitOK, code, stderr)
	assert.Len(t, strings.Split(stdout, "\n---\n"), 10)
	assert.Contains(t, stdout, "version: v1.31.14+rke2r1")
	assert.NotContains(t, stdout+stderr, token)
}

func TestOutputDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "manifests")
	code, stdout, stderr := run(t, append(guide(t), "--output", dir)...)
	require.Equal(t, ExitOK, code, stderr)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "wrote 10 objects to "+dir)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 10)
}

// Each mistake must be answered with exit code 2, the flag's name and a fix, and nothing on standard output.
func TestWrongFlags(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      []string
	}{
		"unknown flag":          {[]string{"--nmae", "x"}, []string{"unknown flag: --nmae; did you mean --name?"}},
		"value of another kind": {[]string{"--cpu", "four"}, []string{`--cpu "four" is not of the right kind: give a whole number`}},
		"stray word":            {[]string{"production"}, []string{`"production" is neither a flag nor a command`}},
		"empty name":            {[]string{"--name", ""}, []string{"--name is required: choose a name"}},
		"bad image":             {[]string{"--image", "a/b/c"}, []string{"--image", "namespace/name"}},
		"several at once":       {[]string{"--memory", "8 GB", "--gateway", "here"}, []string{"2 problems", "--memory", "--gateway"}},
		"no such file":          {[]string{"--harvester-kubeconfig", "/no/such/file"}, []string{"--harvester-kubeconfig cannot be read", "/no/such/file"}},
		"a directory":           {[]string{"--harvester-kubeconfig", "/"}, []string{"--harvester-kubeconfig cannot be read"}},
		"interactive":           {[]string{"--interactive"}, []string{"--interactive needs a terminal"}},
		"no management cluster": {[]string{"--apply"}, []string{"no management cluster is found: set --kubeconfig or KUBECONFIG"}},
		"no such kubeconfig":    {[]string{"--apply", "--kubeconfig", "/no/such/file"}, []string{"--kubeconfig or --context", "/no/such/file"}},
		"dry run alone":         {[]string{"--dry-run=server"}, []string{"--dry-run is a way to apply: add --apply"}},
		"dry run of a client":   {[]string{"--apply", "--dry-run=client"}, []string{"--dry-run", "neither server nor none"}},
		"waiting for nothing":   {[]string{"--wait"}, []string{"--wait waits for what is applied: add --apply"}},
		"waiting in a dry run":  {[]string{"--apply", "--wait", "--dry-run=server"}, []string{"--wait and --dry-run exclude each other"}},
		"negative timeout":      {[]string{"--timeout", "-1s"}, []string{"--timeout -1s is negative"}},
		"report in XML":         {[]string{"--preflight-format", "xml"}, []string{`--preflight-format "xml" is neither text nor json`}},
		"delete what":           {[]string{"delete", "--yes"}, []string{"--name", "name the one to delete"}},
		"delete where":          {[]string{"delete", "--name", "a", "--namespace", "A"}, []string{`--namespace "A" is not a namespace`}},
		"class for no where":    {[]string{"clusterclass"}, []string{"--namespace", "name the one that the clusters will be in"}},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := append(guide(t), test.arguments...)
			if !strings.HasPrefix(test.arguments[0], "-") {
				arguments = test.arguments
			}
			code, stdout, stderr := run(t, arguments...)
			assert.Equal(t, ExitUsage, code, stderr)
			assert.Empty(t, stdout)
			for _, want := range test.want {
				assert.Contains(t, stderr, want)
			}
			assert.NotContains(t, stderr, token)
		})
	}
}

// A Harvester that is away is told before anything is applied, by its flag, and to a pipeline as JSON.
func TestPreflightOfNoHarvester(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	kubeconfig := write(t, strings.Replace(harvesterKubeconfig, "https://harvester.example:6443", away.URL, 1))
	arguments := append(guide(t), "--harvester-kubeconfig", kubeconfig)
	code, stdout, stderr := run(t, append(arguments, "--preflight")...)
	assert.Equal(t, ExitPreflight, code)
	assert.Contains(t, stdout, "  FAIL Harvester: --harvester-kubeconfig: ")
	assert.Contains(t, stderr, "nothing is applied")
	assert.NotContains(t, stdout+stderr, token)

	code, stdout, stderr = run(t, append(arguments, "--preflight", "--preflight-format", "json")...)
	assert.Equal(t, ExitPreflight, code)
	var reports []report
	require.NoError(t, json.Unmarshal([]byte(stdout), &reports))
	require.Len(t, reports, 1)
	assert.Equal(t, "prod-ns/production-cluster", reports[0].Cluster)
	assert.False(t, reports[0].OK)
	require.Len(t, reports[0].Findings, 1)
	assert.NotContains(t, stdout+stderr, token)

	management := write(t, strings.Replace(harvesterKubeconfig, "https://harvester.example:6443", away.URL, 1))
	code, stdout, stderr = run(t, append(arguments, "--apply", "--kubeconfig", management)...)
	assert.Equal(t, ExitPreflight, code, "it is the default with --apply")
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "FAIL Harvester")
}

func TestBrokenHarvesterKubeconfigIsNotShown(t *testing.T) {
	for name, content := range map[string]string{
		"no YAML":       "token: [" + token,
		"no kubeconfig": "token: " + token,
		"empty":         "",
		"a program": strings.Replace(harvesterKubeconfig, "token: "+token,
			"{token: '"+token+"', exec: {command: x, apiVersion: client.authentication.k8s.io/v1}}", 1),
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(t, append(guide(t), "--harvester-kubeconfig", write(t, content))...)
			assert.Equal(t, ExitUsage, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, "--harvester-kubeconfig ")
			assert.NotContains(t, stderr, token)
		})
	}
}

func TestHomeInHarvesterKubeconfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	require.NoError(t, os.WriteFile(filepath.Join(home, "harvester.yaml"), []byte(harvesterKubeconfig), 0o600))
	content, err := readKubeconfig("~/harvester.yaml")
	require.NoError(t, err)
	assert.Equal(t, harvesterKubeconfig, string(content))
}

func TestWarningsGoToStandardError(t *testing.T) {
	code, stdout, stderr := run(t, append(guide(t), "--cp-replicas", "2")...)
	assert.Equal(t, ExitOK, code)
	assert.NotContains(t, stdout, "warning")
	assert.Contains(t, stderr, "warning: --cp-replicas 2 is even")
}

func TestClusterClass(t *testing.T) {
	code, stdout, stderr := run(t, "clusterclass", "--namespace", "prod-ns")
	require.Equal(t, ExitOK, code, stderr)
	assert.Contains(t, stdout, "kind: ClusterClass")
	assert.Equal(t, strings.Count(stdout, "\n---\n")+1, strings.Count(stdout, "\n  namespace: prod-ns\n"))
}

func TestHelp(t *testing.T) {
	code, stdout, _ := run(t, "--help")
	assert.Equal(t, ExitOK, code)
	for _, want := range []string{"Exit codes: 0 done; 1 ", "Examples:", "--harvester-kubeconfig", "--k8s-version", "clusterclass"} {
		assert.Contains(t, stdout, want)
	}
	code, stdout, _ = run(t, "--version")
	assert.Equal(t, ExitOK, code)
	assert.Contains(t, stdout, "v9.9.9")
}

func TestCompletion(t *testing.T) {
	code, stdout, _ := run(t, "completion", "bash")
	assert.Equal(t, ExitOK, code)
	assert.Contains(t, stdout, "caphv-generate")
	code, stdout, _ = run(t, "__complete", "--cni", "c")
	assert.Equal(t, ExitOK, code)
	assert.Contains(t, stdout, "calico\ncanal\ncilium\n")
}

func BenchmarkGenerate(b *testing.B) {
	path := filepath.Join(b.TempDir(), "kubeconfig.yaml")
	require.NoError(b, os.WriteFile(path, []byte(harvesterKubeconfig), 0o600))
	arguments := []string{
		"--name=c", "--image=default/i", "--ssh-keypair=default/k", "--network=default/n", "--harvester-kubeconfig", path,
	}
	for b.Loop() {
		var out, errs bytes.Buffer
		code := Execute(b.Context(), Streams{Out: &out, Err: &errs}, "", arguments)
		require.Equal(b, ExitOK, code, errs.String())
	}
}

func TestMan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	code, _, stderr := run(t, "man", dir)
	require.Equal(t, ExitOK, code, stderr)
	page, err := os.ReadFile(filepath.Join(dir, "caphv-generate.1"))
	require.NoError(t, err)
	for _, want := range []string{".TH \"CAPHV-GENERATE\" \"1\"", "\\-\\-harvester\\-kubeconfig", "Exit codes"} {
		assert.Contains(t, strings.ReplaceAll(string(page), "\\-", "-"), strings.ReplaceAll(want, "\\-", "-"))
	}
	for _, command := range []string{"diff", "delete", "clusterclass", "schema"} {
		assert.FileExists(t, filepath.Join(dir, "caphv-generate-"+command+".1"))
	}
	code, _, stderr = run(t, "man")
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, stderr, "man wants one directory")
}
