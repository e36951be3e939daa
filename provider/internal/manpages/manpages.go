// Package manpages gives the commands of this module their man pages.
package manpages

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// date stands on the pages instead of the day on which they are built, so that the same program gives the same bytes.
var date = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Command returns the command "man", which writes a page of section 1 for the program and for each of its commands into a
// directory. Arguments are checked by args, and the example names the program by name.
func Command(name string, args cobra.PositionalArgs) *cobra.Command {
	return &cobra.Command{
		Use: "man DIRECTORY", Short: "Write the man pages into a directory",
		Long:    "Write a man page of section 1 for " + name + " and for each of its commands into a directory.",
		Example: "  " + name + " man ~/.local/share/man/man1",
		Args:    args,
		RunE:    func(cmd *cobra.Command, args []string) error { return Write(cmd.Root(), args[0]) },
	}
}

// Write writes the pages of a program into a directory, which it makes where it is missing.
func Write(root *cobra.Command, directory string) error {
	const readable = 0o755
	if err := os.MkdirAll(directory, readable); err != nil {
		return fmt.Errorf("make the directory of the man pages: %w", err)
	}
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Section: "1", Source: root.Name() + " " + root.Version, Manual: "CAPHV", Date: &date}
	if err := doc.GenManTree(root, header, directory); err != nil {
		return fmt.Errorf("write the man pages: %w", err)
	}
	return nil
}
