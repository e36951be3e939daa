package restore

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manpages"
)

// The exit codes.
const (
	// ExitOK says that the folder is written.
	ExitOK = 0
	// ExitMissing says that the dump lacks objects that others refer to; nothing is written.
	ExitMissing = 1
	// ExitUsage says that the command was not understood.
	ExitUsage = 2
	// ExitInput says that a dump could not be read, or the folder not be written.
	ExitInput = 3
)

var (
	errMissing = errors.New("the dump is not complete")
	errUsage   = errors.New("wrong usage")
)

const long = `Makes of kubectl's dumps of a lost management cluster a folder that
"clusterctl move --from-directory" restores, without a VM deleted or made anew.

It pauses the Clusters (clusterctl resumes them when all is there) and drops
owner references that lead out of the dump; clusterctl gives all others the new
UIDs. It reads and writes files only. The folder holds Secrets: guard it.

Exit codes: 0 the folder is written, 1 the dump lacks objects that others refer
to and nothing is written, 2 wrong usage, 3 a dump cannot be read or the folder
not be written.`

const examples = `  caphv-restore backup/ --output restore
  clusterctl move --from-directory restore --to-kubeconfig management.yaml

  # what is missing, machine-readable lines on stdout
  caphv-restore backup/ --check

  # restore although something is missing
  caphv-restore backup/ --output restore --allow-missing`

// Execute runs the command and returns its exit code. What is missing goes to out, everything else to errOut.
func Execute(ctx context.Context, out, errOut io.Writer, version string, args []string) int {
	root := newRoot(out, errOut, version)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	_, _ = fmt.Fprintln(errOut, "caphv-restore:", err)
	switch {
	case errors.Is(err, errMissing):
		return ExitMissing
	case errors.Is(err, errUsage):
		return ExitUsage
	default:
		return ExitInput
	}
}

func newRoot(out, errOut io.Writer, version string) *cobra.Command {
	var output string
	var check, allowMissing bool
	root := &cobra.Command{
		Use: "caphv-restore DUMP...", Short: "Make dumps of Cluster API's objects ready for clusterctl move", Long: long, Example: examples,
		Version: version, SilenceErrors: true, SilenceUsage: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%w: name the files or folders that hold the dumps", errUsage)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if check == (output != "") {
				return fmt.Errorf("%w: give --output DIR, or --check", errUsage)
			}
			return run(out, errOut, args, output, allowMissing)
		},
	}
	root.SetOut(out)
	root.SetErr(errOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	flags := root.Flags()
	flags.StringVar(&output, "output", "", "folder to write, new or empty")
	flags.BoolVar(&check, "check", false, "only tell what is missing")
	flags.BoolVar(&allowMissing, "allow-missing", false, "write the folder although objects are missing")
	root.AddCommand(manpages.Command("caphv-restore", func(cmd *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(1)(cmd, args); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		return nil
	}))
	return root
}

func run(out, errOut io.Writer, paths []string, output string, allowMissing bool) error {
	dump, err := Read(paths...)
	if err != nil {
		return err
	}
	prepared, err := Prepare(dump)
	if err != nil {
		return err
	}
	for _, note := range prepared.Notes {
		_, _ = fmt.Fprintln(errOut, "note:", note)
	}
	for _, lacking := range prepared.Missing {
		_, _ = fmt.Fprintln(out, "missing:", lacking)
	}
	if len(prepared.Missing) > 0 && !allowMissing {
		return fmt.Errorf("%w: %d objects are missing; dump their kinds too, or get them from Git or caphv-generate clusterclass, or add --allow-missing",
			errMissing, len(prepared.Missing))
	}
	if output == "" {
		return nil
	}
	if err := Write(output, prepared.Objects); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(errOut, "%d objects are in %s; restore them with: clusterctl move --from-directory %s\n", len(prepared.Objects), output, output)
	return nil
}
