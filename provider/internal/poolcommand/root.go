package poolcommand

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
	// ExitOK says that all went well, and that verify found nothing.
	ExitOK = 0
	// ExitFindings says that something is wrong with the pools, or still is after a repair.
	ExitFindings = 1
	// ExitUsage says that the command was not understood, or would have to guess.
	ExitUsage = 2
	// ExitUnreachable says that a cluster could not be read or written.
	ExitUnreachable = 3
)

// errFindings and errUsage choose the exit code; every other error is ExitUnreachable.
var (
	errFindings = errors.New("something is wrong with the pools")
	errUsage    = errors.New("wrong usage")
)

// Streams are what the command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal tells whether In is a terminal, on which a person can answer.
	Terminal bool
}

// Execute runs the command and returns its exit code.
func Execute(ctx context.Context, streams Streams, version string, args []string) int {
	root := newRoot(streams, version)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, errFindings):
		return ExitFindings
	}
	_, _ = fmt.Fprintln(streams.Err, "caphv-ipam:", err)
	if errors.Is(err, errUsage) {
		return ExitUsage
	}
	return ExitUnreachable
}

const long = `Shows, verifies and repairs the address pools of a Harvester.

Exit codes: 0 all is well, 1 something is wrong with the pools, 2 wrong usage,
3 a cluster could not be read or written.`

const examples = `  caphv-ipam show --kubeconfig harvester.yaml
  caphv-ipam show --kubeconfig harvester.yaml capi-vm-pool
  caphv-ipam verify --kubeconfig harvester.yaml --management-kubeconfig capi.yaml -o json
  caphv-ipam repair --kubeconfig harvester.yaml --management-kubeconfig capi.yaml --dry-run`

func newRoot(streams Streams, version string) *cobra.Command {
	t := &tool{streams: streams}
	root := &cobra.Command{
		Use: "caphv-ipam", Short: "Harvester's address pools: show, verify, repair", Long: long, Example: examples,
		Version: version, SilenceErrors: true, SilenceUsage: true, Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	flags := root.PersistentFlags()
	flags.StringVar(&t.harvester, "kubeconfig", "", "kubeconfig of Harvester (default: $KUBECONFIG, else ~/.kube/config)")
	flags.StringArrayVar(&t.managements, "management-kubeconfig", nil,
		"kubeconfig of a management cluster whose machines hold addresses; name every one that uses this Harvester")
	flags.StringVarP(&t.output, "output", "o", "table", "table or json")
	root.AddCommand(t.show(), t.verify(), t.repair(), manpages.Command("caphv-ipam", usage(cobra.ExactArgs(1))))
	return root
}

// usage makes a wrong number of arguments a matter of usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		return nil
	}
}
