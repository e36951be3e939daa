package poolcommand_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolcommand"
)

// Every command has its man page, with its flags.
func TestManPages(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "man1")
	code, _, errs := run(t, "", "man", directory)
	require.Equal(t, poolcommand.ExitOK, code, errs)
	for name, says := range map[string]string{
		"caphv-ipam": "Exit codes", "caphv-ipam-show": "output", "caphv-ipam-verify": "management", "caphv-ipam-repair": "dry", "caphv-ipam-man": "DIRECTORY",
	} {
		page, err := os.ReadFile(filepath.Join(directory, name+".1"))
		require.NoError(t, err)
		assert.Contains(t, string(page), says, name)
	}
	code, _, _ = run(t, "", "man")
	assert.Equal(t, poolcommand.ExitUsage, code)
}
