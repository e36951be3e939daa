package command

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Programs call the generator of the field by these names.
func TestTheFieldsCommandLine(t *testing.T) {
	code, stdout, stderr := run(t, append(guide(t), "-n", "field-ns", "--k8s-version", "1.31.14", "--dns", "172.16.0.1, 172.16.0.2",
		"--extra-disk", "10Gi:longhorn", "--class", "team-rke2", "--cni-bgp", "--ip-pool-refs", "pool-a,pool-b")...)
	require.Equal(t, ExitOK, code, stderr)
	for _, want := range []string{
		"namespace: field-ns", "version: v1.31.14+rke2r1", "class: team-rke2", "bgp: Enabled", "storageClass: longhorn", "volumeSize: 10Gi",
		"- 172.16.0.2\n", "name: ipPoolRefs", "- pool-b\n",
	} {
		assert.Contains(t, stdout, want)
	}
	assert.NotContains(t, stdout, "name: ipPoolRef\n")
	assert.Contains(t, stderr, `--ip-pool "prod-ip-pool" is not read: --ip-pool-refs wins`)
}

func TestFleetInstallsTheAddons(t *testing.T) {
	code, stdout, stderr := run(t, append(guide(t), "--fleet-addon-repo", "https://git.example/team/addons", "--fleet-addon-branch", "stable",
		"--cni-mtu", "1450")...)
	require.Equal(t, ExitOK, code, stderr)
	assert.Contains(t, stdout, "apiVersion: fleet.cattle.io/v1alpha1\nkind: GitRepo\n")
	assert.Contains(t, stdout, "branch: stable\n")
	assert.Contains(t, stdout, "repo: https://git.example/team/addons\n")
	assert.NotContains(t, stdout, "HelmChart")
	assert.Contains(t, stderr, "--cni-mtu is not read: the addons and their values come from --fleet-addon-repo")
	code, stdout, stderr = run(t, append(guide(t), "--fleet-addon-repo", "git@git.example:team/addons.git")...)
	require.Equal(t, ExitOK, code, stderr)
	assert.Contains(t, stdout, "branch: main\n")
	for _, wrong := range [][]string{
		{"--fleet-addon-branch", "stable"}, {"--fleet-addon-repo", "addons"}, {"--fleet-addon-repo", "https://me:s3cr3t@git.example/a"},
		{"--fleet-addon-repo", "https://git.example/a", "--fleet-addon-branch", "a b"},
		{"--fleet-addon-repo", "https://git.example/a", "--fleet-addon-path", "../x"},
	} {
		code, _, stderr := run(t, append(guide(t), wrong...)...)
		assert.Equal(t, ExitUsage, code, wrong)
		assert.Contains(t, stderr, "--fleet-addon-", wrong)
		assert.NotContains(t, stderr, "s3cr3t")
	}
}

// What the linter has against a health check is told where it is written.
func TestRiskyHealthChecksAreWarnedOf(t *testing.T) {
	code, _, stderr := run(t, append(guide(t), "--max-unhealthy", "100%", "--node-startup-timeout", "5m")...)
	require.Equal(t, ExitOK, code, stderr)
	assert.Contains(t, stderr, "--max-unhealthy: ")
	assert.Contains(t, stderr, "--node-startup-timeout: ")
}

func TestSizesWithoutAUnit(t *testing.T) {
	for flag, values := range map[string][2]string{"--memory": {"8192", "8192Mi"}, "--disk-size": {"80", "80Gi"}, "--worker-memory": {"16", "16Gi"}} {
		code, _, stderr := run(t, append(guide(t), flag, values[0])...)
		assert.Equal(t, ExitUsage, code)
		assert.Contains(t, stderr, flag+` "`+values[0]+`" is `+values[0]+" bytes: name the unit, such as "+values[1])
	}
}

func TestTwoRangesOfAddresses(t *testing.T) {
	code, stdout, stderr := run(t, append(guide(t), "--pod-cidr", "10.42.0.0/16, 2001:db8:42::/56", "--service-cidr", "10.43.0.0/16,2001:db8:43::/112")...)
	require.Equal(t, ExitOK, code, stderr)
	assert.Equal(t, 2, strings.Count(stdout, "2001:db8:42::/56"), "the Cluster and Calico")
	for _, wrong := range [][]string{
		{"--pod-cidr", "10.42.0.0/16,10.44.0.0/16"}, {"--pod-cidr", "10.42.0.0/16,2001:db8:42::/56,10.44.0.0/16"},
		{"--service-cidr", "10.43.0.0/16,2001:db8:43::/112"},
		{"--pod-cidr", "2001:db8:42::/56,10.42.0.0/16", "--service-cidr", "10.43.0.0/16,2001:db8:43::/112"},
		{"--pod-cidr", "10.42.0.0/16,2001:db8:42::/56", "--service-cidr", "10.43.0.0/16,2001:db8:42::/112"},
	} {
		code, _, stderr := run(t, append(guide(t), wrong...)...)
		assert.Equal(t, ExitUsage, code, "%v: %s", wrong, stderr)
		assert.Contains(t, stderr, "-cidr", wrong)
	}
}

func TestHelpIsGrouped(t *testing.T) {
	code, stdout, _ := run(t, "--help")
	require.Equal(t, ExitOK, code)
	for _, heading := range []string{"The cluster:\n", "Machines:\n", "Addresses:\n", "Pod network:\n", "Input and output:\n", "  -n, --namespace "} {
		assert.Contains(t, stdout, heading)
	}
	_, rest, found := strings.Cut(stdout, "\nFlags:\n")
	require.True(t, found)
	assert.LessOrEqual(t, strings.Count(rest, "\n      --")+strings.Count(rest, "\n  -"), 3, "each flag is in a group: %s", rest)
}

// A second document would be lost.
func TestASecondDocumentIsRefused(t *testing.T) {
	values := write(t, "name: a\n---\nname: b\n")
	code, _, stderr := run(t, "-f", values)
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, stderr, "line 3: begins a second YAML document")
	helm := write(t, "a: 1\n---\nb: 2\n")
	code, _, stderr = run(t, append(guide(t), "--cni-values", helm)...)
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, stderr, "line 3 begins a second YAML document")
	code, _, stderr = run(t, append(guide(t), "--cni-values", write(t, "---\na: 1\n---\n"))...)
	assert.Equal(t, ExitOK, code, stderr)
}

func TestDirectoriesBelowADirectory(t *testing.T) {
	dir := directory(t, "blue")
	below := filepath.Join(dir, "more")
	require.NoError(t, os.MkdirAll(filepath.Join(below, ".hidden"), 0o700))
	content, err := os.ReadFile(filepath.Join(dir, "blue.yaml"))
	require.NoError(t, err)
	for _, name := range []string{"green.yml", ".hidden/red.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(below, name), []byte(strings.ReplaceAll(string(content), "blue", "green")), 0o600))
	}
	code, stdout, stderr := run(t, "-f", dir)
	require.Equal(t, ExitOK, code, stderr)
	assert.Contains(t, stderr, "green.yml, which is in a directory of its own: add --recursive")
	assert.NotContains(t, stdout, "name: green-mhc")
	code, stdout, stderr = run(t, "-f", dir, "-R")
	require.Equal(t, ExitOK, code, stderr)
	assert.Contains(t, stdout, "name: green-mhc")
	assert.NotContains(t, stderr, "--recursive")
	code, _, stderr = run(t, "-f", filepath.Dir(dir))
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, stderr, "add --recursive for those in the directories below it")
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			relative, _ := filepath.Rel(dir, path)
			found = append(found, relative)
		}
		return err
	}))
	return found
}

func TestStaleFilesAreRemoved(t *testing.T) {
	out := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(out, "README.md"), []byte("mine"), 0o600))
	code, _, stderr := run(t, append(guide(t), "--output", out)...)
	require.Equal(t, ExitOK, code, stderr)
	require.Len(t, names(t, out), 11)
	code, _, stderr = run(t, append(guide(t), "--output", out, "--cni", "cilium")...)
	require.Equal(t, ExitOK, code, stderr)
	left := strings.Join(names(t, out), " ")
	assert.NotContains(t, left, "calico")
	assert.Len(t, names(t, out), 9, left)
	assert.Contains(t, stderr, "of an earlier run")
	assert.Contains(t, left, "README.md", "what is not ours stays")

	code, _, stderr = run(t, append(guide(t), "--output", out, "--split-secrets")...)
	require.Equal(t, ExitOK, code, stderr)
	code, _, stderr = run(t, append(guide(t), "--output", out)...)
	require.Equal(t, ExitOK, code, stderr)
	assert.NotContains(t, strings.Join(names(t, out), " "), "secrets/")
	code, _, stderr = run(t, append(guide(t), "--output", out)...)
	require.Equal(t, ExitOK, code, stderr)
	assert.NotContains(t, stderr, "removed")
}

func TestClustersAreNotMixed(t *testing.T) {
	out := t.TempDir()
	code, _, stderr := run(t, append(guide(t), "--output", out)...)
	require.Equal(t, ExitOK, code, stderr)
	before := names(t, out)
	code, _, stderr = run(t, append(guide(t), "--output", out, "--name", "another")...)
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, stderr, "holds the manifests of prod-ns/production-cluster")
	assert.Equal(t, before, names(t, out), "nothing is written")
}

func TestTheLayoutOfOneClusterBecomesThatOfTwo(t *testing.T) {
	dir, out := directory(t, "blue", "green"), t.TempDir()
	code, _, stderr := run(t, "-f", filepath.Join(dir, "blue.yaml"), "--output", out)
	require.Equal(t, ExitOK, code, stderr)
	code, _, stderr = run(t, "-f", dir, "--output", out)
	require.Equal(t, ExitOK, code, stderr)
	for _, name := range names(t, out) {
		assert.True(t, strings.HasPrefix(name, filepath.Join("prod-ns", "blue")) || strings.HasPrefix(name, filepath.Join("prod-ns", "green")), name)
	}
	code, _, stderr = run(t, "-f", filepath.Join(dir, "blue.yaml"), "--output", out)
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, stderr, "holds the manifests of prod-ns/green")
}

func TestOnlyTheCurrentContextGetsIntoTheSecret(t *testing.T) {
	path := write(t, strings.Replace(harvesterKubeconfig, "users:\n", "users:\n- name: other\n  user: {token: other-token}\n", 1))
	code, stdout, stderr := run(t, append(guide(t), "--harvester-kubeconfig", path)...)
	require.Equal(t, ExitOK, code, stderr)
	_, encoded, found := strings.Cut(stdout, "kubeconfig: ")
	require.True(t, found)
	encoded, _, _ = strings.Cut(encoded, "\n")
	content, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	assert.Contains(t, string(content), token)
	assert.NotContains(t, string(content), "other-token")
	code, _, stderr = run(t, append(guide(t), "--harvester-kubeconfig", write(t, strings.ReplaceAll(harvesterKubeconfig, "harvester.example", "127.0.0.1")))...)
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, stderr, "names a server on this machine")
}
