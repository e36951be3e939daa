// Package cli is the command caphv-etcd.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitNotNow = 3
)

var (
	errUsage  = errors.New("wrong usage")
	errNotNow = errors.New("not now")
)

// options are the flags and the streams of one run.
type options struct {
	target  target
	ways    []string
	output  string
	leaving string
	yes     bool
	timeout time.Duration
	in      io.Reader
	out     io.Writer
	notes   io.Writer
}

// Run runs the command and returns its exit code.
func Run(ctx context.Context, version string, args []string, in io.Reader, out, notes io.Writer) int {
	root := newRoot(version, &options{in: in, out: out, notes: notes})
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(notes)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	_, _ = fmt.Fprintln(notes, "caphv-etcd:", err)
	switch {
	case errors.Is(err, errNotNow):
		return exitNotNow
	case errors.Is(err, errUsage):
		return exitUsage
	default:
		return exitFailed
	}
}

func newRoot(version string, o *options) *cobra.Command {
	root := &cobra.Command{
		Use: "caphv-etcd", Version: version, SilenceErrors: true, SilenceUsage: true,
		Short: "Shows the etcd of a cluster and takes the members of leaving nodes out of it",
		Long: "Shows the etcd of a cluster and takes the members of leaving nodes out of it.\n\n" +
			"The cluster is named by --cluster, and its kubeconfig and etcd CA are read from the management cluster;\n" +
			"or its own kubeconfig is given with --workload-kubeconfig.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not now (the plan is to wait or to refuse).",
		Example: "  caphv-etcd status -n prod --cluster my-cluster\n" +
			"  caphv-etcd plan -n prod --cluster my-cluster --leaving my-cluster-cp-x7k2p\n" +
			"  caphv-etcd remove -n prod --cluster my-cluster my-cluster-cp-x7k2p",
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.target.kubeconfig, "kubeconfig", "", "kubeconfig of the management cluster (default: as kubectl finds it)")
	flags.StringVar(&o.target.context, "context", "", "context in that kubeconfig")
	flags.StringVarP(&o.target.namespace, "namespace", "n", "default", "namespace of the cluster")
	flags.StringVar(&o.target.cluster, "cluster", "", "name of the cluster")
	flags.StringVar(&o.target.workload, "workload-kubeconfig", "", "kubeconfig of the cluster itself, instead of --cluster")
	flags.StringSliceVar(&o.ways, "way", nil, "ways to etcd that may be used: PortForward, Exec, Annotation (default: all, in this order)")
	flags.StringVarP(&o.output, "output", "o", "text", "text or json")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long to try")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.AddCommand(statusCommand(o), planCommand(o), removeCommand(o), manCommand())
	return root
}

func statusCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Shows members, alarms, lag, versions, need of defragmentation and the last snapshot",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return o.within(c.Context(), o.status) },
	}
}

func planCommand(o *options) *cobra.Command {
	c := &cobra.Command{
		Use: "plan --leaving NODE", Short: "Says what would be done so that the node's member leaves; changes nothing",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.leaving == "" {
				return fmt.Errorf("%w: --leaving NODE is needed", errUsage)
			}
			return o.within(c.Context(), o.plan)
		},
	}
	c.Flags().StringVar(&o.leaving, "leaving", "", "node that leaves")
	return c
}

func removeCommand(o *options) *cobra.Command {
	c := &cobra.Command{
		Use: "remove NODE", Short: "Shows the plan, asks, and takes the node's member out",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.leaving = args[0]
			return o.within(c.Context(), o.remove)
		},
	}
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

// usageArgs has wrong arguments count as wrong usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		return nil
	}
}

// within checks what all commands share and bounds the time.
func (o *options) within(ctx context.Context, do func(context.Context) error) error {
	if o.output != "text" && o.output != "json" {
		return fmt.Errorf("%w: --output is text or json, not %q", errUsage, o.output)
	}
	for _, way := range o.ways {
		if !isWay(etcdops.Way(way)) {
			return fmt.Errorf("%w: --way is one of %v, not %q", errUsage, etcdops.Ways, way)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	return do(ctx)
}

func isWay(way etcdops.Way) bool {
	for _, known := range etcdops.Ways {
		if way == known {
			return true
		}
	}
	return false
}
