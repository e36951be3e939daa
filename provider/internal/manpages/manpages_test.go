package manpages_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manpages"
)

func program() *cobra.Command {
	root := &cobra.Command{Use: "sample", Short: "A sample", Version: "v1.2.3"}
	show := &cobra.Command{Use: "show", Short: "Show it", RunE: func(*cobra.Command, []string) error { return nil }}
	show.Flags().Bool("wide", false, "all of it")
	root.AddCommand(show, manpages.Command("sample", cobra.ExactArgs(1)))
	return root
}

// There is a page for the program and for each of its commands, with their flags; a second program adds its own, and the
// same program writes the same bytes.
func TestPages(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "share", "man1")
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(directory, name))
		require.NoError(t, err)
		return string(text)
	}
	root := program()
	root.SetArgs([]string{"man", directory})
	require.NoError(t, root.Execute())
	assert.Contains(t, read("sample.1"), "sample v1.2.3")
	assert.Contains(t, read("sample-show.1"), "--wide")
	assert.Contains(t, read("sample-man.1"), "DIRECTORY")

	before := read("sample.1")
	again := program()
	again.SetArgs([]string{"man", directory})
	require.NoError(t, again.Execute())
	assert.Equal(t, before, read("sample.1"))
}

func TestADirectoryThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorContains(t, manpages.Write(program(), filepath.Join(file, "man1")), "make the directory of the man pages")
}
