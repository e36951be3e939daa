package command

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manDate stands on the pages instead of the day on which they are built, so that the same program gives the same bytes.
var manDate = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func newMan(streams Streams, version string) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the man pages into a directory",
		Long:    "man writes a man page of section 1 for the program and for each of its commands into a directory.",
		Example: `  caphv-generate man ~/.local/share/man/man1`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) != 1 {
				return usage("man wants one directory to write the pages into")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, arguments []string) error {
			const readable = 0o755
			if err := os.MkdirAll(arguments[0], readable); err != nil {
				return fmt.Errorf("making the directory for the man pages: %w", err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{Section: "1", Source: "caphv-generate " + version, Manual: "CAPHV", Date: &manDate}
			if err := doc.GenManTree(root, header, arguments[0]); err != nil {
				return fmt.Errorf("writing the man pages: %w", err)
			}
			fmt.Fprintf(streams.Err, "wrote the man pages to %s\n", arguments[0])
			return nil
		},
	}
}
