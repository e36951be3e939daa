package cloudinit

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(want), string(got))
}

// full is a Config that uses every field.
func full() Config {
	return Config{
		Hostname: "prod-cp-abcde", User: "rancher",
		SSHAuthorizedKeys: []string{"ssh-ed25519 AAAAC3Nz ours@example"},
		InstallGuestAgent: true, Packages: []string{"nfs-client"}, ManageEtcHosts: true,
		WriteFiles: []File{
			{Path: "/etc/motd", Content: []byte("welcome\n  to: the {machine}\n"), Permissions: "0644", Owner: "root:root"},
			{Path: "/etc/blob", Content: []byte{0, 1, 0xff}},
			{Path: "/etc/empty"},
		},
		RunCommands: [][]string{{"sysctl", "-w", "vm.max_map_count=262144"}, {"echo", "yes", "0644", "a \"b\" 'c' \\ $d"}},
	}
}

func TestUserDataGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/bootstrap/*")
	require.NoError(t, err)
	require.NotEmpty(t, inputs)
	for _, input := range inputs {
		name := filepath.Base(input)
		t.Run(name, func(t *testing.T) {
			bootstrap, err := os.ReadFile(input)
			require.NoError(t, err)
			rendered, err := RenderUserData(full(), bootstrap)
			require.NoError(t, err)
			golden(t, filepath.Join("testdata/userdata", name), rendered)
			again, err := RenderUserData(full(), bootstrap)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(rendered, again), "the same input must give the same bytes")
		})
	}
	t.Run("nothing to join", func(t *testing.T) {
		rendered, err := RenderUserData(full(), nil)
		require.NoError(t, err)
		golden(t, "testdata/userdata/alone.yaml", rendered)
	})
}
