//go:build judge

package judge

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func networkFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob("../testdata/network/" + pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// Only the new release knows a schema of network data. It has no word for netplan's on-link and dhcp-identifier, which
// netplan itself takes.
func TestNetworkDataPassesTheSchema(t *testing.T) {
	judge := releases(t)[1]
	for _, file := range networkFiles(t, "*.yaml") {
		if strings.Contains(content(t, file), "on-link") || strings.Contains(content(t, file), "dhcp-identifier") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			verdict, err := judge.cloudInit("schema", "-t", "network-config", "--config-file", file)
			assert.NoError(t, err, "%s", verdict)
		})
	}
}

// netplan reads every file of version 2, and what it writes for systemd-networkd is what was meant.
func TestNetplanTakesVersion2(t *testing.T) {
	for _, file := range networkFiles(t, "*.v2.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			said, root, err := netplan(t, content(t, file))
			require.NoError(t, err, "%s", said)
			want := fromNetplan(t, content(t, file))
			// What waits for interfaces is a unit of its own, which names those that a running guest has.
			eachLink(func(n *link) { n.Optional = false })(want)
			assert.Equal(t, want, fromNetworkd(filesBelow(t, root)))
		})
	}
	t.Run("and refuses what it does not know", func(t *testing.T) {
		said, _, err := netplan(t, "version: 2\nethernets:\n  eth0:\n    dhpc4: true\n")
		require.Error(t, err)
		assert.Contains(t, said, "unknown key 'dhpc4'")
	})
}

// netplan runs Debian 13's with the libraries that were built for it.
func netplan(t *testing.T, networkData string) (string, string, error) {
	t.Helper()
	root, tree := t.TempDir(), filepath.Join(unpacked(t), "netplan", "usr")
	file := filepath.Join(root, "etc", "netplan", "50-cloud-init.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	wrapped := "network:\n  " + strings.ReplaceAll(strings.TrimSpace(networkData), "\n", "\n  ") + "\n"
	require.NoError(t, os.WriteFile(file, []byte(wrapped), 0o600))
	said, err := exec.Command(filepath.Join(tree, "lib64", "ld-linux-x86-64.so.2"),
		"--library-path", filepath.Join(tree, "lib", "x86_64-linux-gnu"),
		filepath.Join(tree, "libexec", "netplan", "generate"), "--root-dir", root).CombinedOutput()
	return string(said), root, err
}

// renderers are those of the distributions whose guests are supported.
var renderers = []struct {
	distribution, renderer string
	read                   func(map[string]string) *layout
}{
	{"rhel", "sysconfig", fromSysconfig},
	{"sles", "sysconfig", fromSysconfig},
	{"debian", "eni", fromENI},
	{"ubuntu", "networkd", fromNetworkd},
	{"ubuntu", "netplan", nil},
	{"fedora", "network-manager", fromNetworkManager},
}

// What every renderer writes holds the addresses, routes and name servers that were meant, but for the losses that are
// listed: those are cloud-init's, and the list is exact in both directions.
func TestRenderers(t *testing.T) {
	files := networkFiles(t, "*.yaml")
	for _, judge := range releases(t) {
		out := convertAll(t, judge, files)
		for _, file := range files {
			name, version, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".yaml"), ".")
			for _, r := range renderers {
				label := judge.name + "/" + version + "/" + r.distribution + "-" + r.renderer
				t.Run(label+"/"+name, func(t *testing.T) {
					written := filesBelow(t, filepath.Join(out, filepath.Base(file), r.distribution+"-"+r.renderer))
					require.NotEmpty(t, written)
					got := newLayout()
					if r.read != nil {
						got = r.read(written)
					} else {
						for _, text := range written {
							got = fromNetplan(t, text)
						}
					}
					want := fromNetplan(t, content(t, "../testdata/network/"+name+".v2.yaml"))
					lose(label, want)
					assert.Equal(t, want.sorted(), got)
				})
			}
		}
	}
}

// convertAll puts every file through every renderer: each must take it, whatever is in it.
func convertAll(t *testing.T, judge release, files []string) string {
	t.Helper()
	out := t.TempDir()
	var pairs []string
	for _, r := range renderers {
		pairs = append(pairs, r.distribution+":"+r.renderer)
	}
	printed, err := judge.python(append([]string{"convert.py", out, strings.Join(pairs, ",")}, files...)...)
	require.NoError(t, err, "%s", printed)
	return out
}

// filesBelow are the files of a directory by name, comments and all.
func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	}))
	return found
}
