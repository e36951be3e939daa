package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every command has its man page, and the program's has every flag.
func TestManPages(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "man1")
	root := newRoot(Streams{In: strings.NewReader(""), Out: &strings.Builder{}, Err: &strings.Builder{}}, "test")
	root.SetArgs([]string{"man", directory})
	require.NoError(t, root.Execute())
	page, err := os.ReadFile(filepath.Join(directory, "caphv-generate.1"))
	require.NoError(t, err)
	flags := 0
	root.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Deprecated != "" {
			return
		}
		flags++
		assert.Contains(t, string(page), "--"+flag.Name+`\fP`)
	})
	assert.Greater(t, flags, 40)
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() && command.Name() != "completion" && command.Name() != "help" {
			assert.FileExists(t, filepath.Join(directory, "caphv-generate-"+command.Name()+".1"))
		}
	}
}
