package disk_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/disk"
)

func TestDisk(t *testing.T) {
	root := filepath.Join(t.TempDir(), "vm")
	d, err := disk.Open(root)
	require.NoError(t, err)

	_, err = d.Read("/etc/a/b")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, d.Write("/etc/a/b", []byte("one")))
	require.NoError(t, d.Append("/etc/a/b", []byte("two")))
	require.NoError(t, d.Append("/etc/a/c", []byte("three")))
	text, err := d.Read("/etc/a/b")
	require.NoError(t, err)
	assert.Equal(t, "onetwo", string(text))
	require.NoError(t, d.MkdirAll("/etc/a/folder"))
	names, err := d.List("/etc/a")
	require.NoError(t, err)
	assert.Equal(t, []string{"b", "c"}, names)
	names, err = d.List("/none")
	require.NoError(t, err)
	assert.Empty(t, names)
	info, err := os.Stat(d.Path("/etc/a/b"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), "others on the host must not read a token")
	assert.True(t, d.Exists("/etc/a"))
	require.NoError(t, d.RemoveAll("/etc/a"))
	assert.False(t, d.Exists("/etc/a"))
}

func TestSetUpIsPerInstance(t *testing.T) {
	d, err := disk.Open(t.TempDir())
	require.NoError(t, err)
	assert.False(t, d.SetUp("one"))
	require.NoError(t, d.MarkSetUp("one"))
	assert.True(t, d.SetUp("one"))
	assert.False(t, d.SetUp("two"), "a disk copied into another machine is set up anew")
}

func TestNoNameLeadsOutOfTheDisk(t *testing.T) {
	root := t.TempDir()
	d, err := disk.Open(root)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`(/|\.\.|\.|[a-z]){0,12}`).Draw(t, "name")
		relative, err := filepath.Rel(root, d.Path(name))
		require.NoError(t, err)
		require.True(t, filepath.IsLocal(relative) || relative == ".", "%q leads to %q", name, relative)
	})
}
