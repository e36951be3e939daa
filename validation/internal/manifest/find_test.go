package manifest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"b.yaml", "a.yml", "c.JSON", "notes.txt", "sub/d.yaml", ".git/e.yaml", "sub/.hidden.yaml"} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	files, err := Find([]string{Stdin, filepath.Join(root, "notes.txt"), root, filepath.Join(root, "b.yaml")})
	require.NoError(t, err)
	var relative []string
	for _, file := range files[1:] {
		r, err := filepath.Rel(root, file)
		require.NoError(t, err)
		relative = append(relative, r)
	}
	assert.Equal(t, Stdin, files[0])
	assert.Equal(t, []string{"notes.txt", "a.yml", "b.yaml", "c.JSON", "sub/.hidden.yaml", "sub/d.yaml"}, relative)
}

func TestFindNothing(t *testing.T) {
	existing := filepath.Join(t.TempDir(), "a.yaml")
	require.NoError(t, os.WriteFile(existing, nil, 0o600))
	files, err := Find([]string{"no-such-file.yaml", existing})
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, []string{existing}, files, "what exists is still read")
}
