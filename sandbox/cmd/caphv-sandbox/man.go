package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manDate stands on the pages instead of the day on which they are built, so that the same program gives the same bytes.
var manDate = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIRECTORY",
		Short:   "Write the man pages into a directory",
		Long:    "Write a man page of section 1 for caphv-sandbox and for each of its commands into a directory.",
		Example: "  caphv-sandbox man ~/.local/share/man/man1",
		Args: func(command *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(1)(command, args); err != nil {
				return usageError{err}
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			return writeManPages(command.Root(), args[0])
		},
	}
}

// writeManPages writes a page for each command into a directory, which it makes where it is missing.
func writeManPages(root *cobra.Command, directory string) error {
	const readable = 0o755
	if err := os.MkdirAll(directory, readable); err != nil {
		return fmt.Errorf("make the directory of the man pages: %w", err)
	}
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Section: "1", Source: "caphv-sandbox", Manual: "CAPHV", Date: &manDate}
	if err := doc.GenManTree(root, header, directory); err != nil {
		return fmt.Errorf("write the man pages: %w", err)
	}
	return nil
}
