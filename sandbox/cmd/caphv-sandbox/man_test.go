package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every command has its man page, with its flags.
func TestManPages(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "man1")
	require.NoError(t, execute("man", directory))
	pages := 0
	for _, command := range append(newRootCommand().Commands(), newRootCommand()) {
		name := "caphv-sandbox"
		if command.HasParent() {
			name += "-" + command.Name()
		}
		page, err := os.ReadFile(filepath.Join(directory, name+".1"))
		require.NoError(t, err)
		command.Flags().VisitAll(func(flag *pflag.Flag) {
			assert.Contains(t, string(page), "--"+flag.Name+`\fP`, name)
		})
		pages++
	}
	assert.Greater(t, pages, 8)
}

func TestManNeedsADirectory(t *testing.T) {
	assert.Equal(t, exitUsage, exitCode(execute("man")))
	assert.Equal(t, exitUsage, exitCode(execute("man", "here", "there")))

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.Equal(t, exitFailed, exitCode(execute("man", file)))
}

func execute(args ...string) error {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(io.Discard)
	return root.Execute()
}
