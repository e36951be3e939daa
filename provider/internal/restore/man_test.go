package restore

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestManPages(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "man1")
	var out, errOut bytes.Buffer
	require.Equal(t, ExitOK, Execute(t.Context(), &out, &errOut, "test", []string{"man", directory}), errOut.String())
	page, err := os.ReadFile(filepath.Join(directory, "caphv-restore.1"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "allow-missing")
	assert.FileExists(t, filepath.Join(directory, "caphv-restore-man.1"))
	assert.Equal(t, ExitUsage, Execute(t.Context(), &out, &errOut, "test", []string{"man"}))
}
