package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manpages"
)

// The exit codes.
const (
	// ExitReady says that what was asked about is ready. There may be warnings.
	ExitReady = 0
	// ExitNotReady says that it is not ready; the output says why.
	ExitNotReady = 1
	// ExitUsage says that the command was not understood, or that what was asked about does not exist.
	ExitUsage = 2
	// ExitUnreachable says that the management cluster could not be read.
	ExitUnreachable = 3
)

// defaultTimeout leaves room for the management cluster within two seconds.
const defaultTimeout = time.Second

// errNotReady chooses the exit code.
var errNotReady = errors.New("not ready")

// Streams are what the command writes to.
type Streams struct{ Out, Err io.Writer }

// Execute runs the command and returns its exit code. program is the path that it was started by: as a kubectl plugin it has
// another name.
func Execute(ctx context.Context, streams Streams, version, program string, args []string) int {
	name := invokedAs(program)
	root := newRoot(streams, version, name)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return ExitReady
	case errors.Is(err, errNotReady):
		return ExitNotReady
	}
	_, _ = fmt.Fprintln(streams.Err, name+":", err)
	if errors.Is(err, errUsage) {
		return ExitUsage
	}
	return ExitUnreachable
}

// invokedAs is what a user types to run the program: kubectl finds "kubectl caphv-doctor" under the name kubectl-caphv_doctor.
func invokedAs(program string) string {
	base := strings.TrimSuffix(filepath.Base(program), ".exe")
	if plugin, found := strings.CutPrefix(base, "kubectl-"); found {
		return "kubectl " + strings.ReplaceAll(strings.ReplaceAll(plugin, "-", " "), "_", "-")
	}
	return "caphv-doctor"
}

const long = `Says why a cluster or a machine on Harvester is not ready: the first thing that blocks,
since when, what to do, and the runbook that leads further. It reads the management
cluster with your kubeconfig and, if you may read the Secrets for that, Harvester and the
workload cluster. It changes nothing and prints no credentials. What it may not read is
listed; the rest is answered all the same.

Exit codes: 0 ready (there may be warnings), 1 not ready, 2 wrong usage or no such object,
3 the management cluster could not be read.`

// tool is the command with its flags.
type tool struct {
	streams                                Streams
	kubeconfig, context, namespace, output string
	timeout                                time.Duration
}

func newRoot(streams Streams, version, name string) *cobra.Command {
	t := &tool{streams: streams}
	root := &cobra.Command{
		Use: "caphv-doctor", Short: "Say why a cluster or a machine is not ready", Long: long,
		Example:     fmt.Sprintf("  %[1]s cluster demo -n demo\n  %[1]s machine demo-control-plane-x7k2p -n demo -o json", name),
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: name},
		Version:     version, SilenceErrors: true, SilenceUsage: true, Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	flags := root.PersistentFlags()
	flags.StringVar(&t.kubeconfig, "kubeconfig", "", "kubeconfig of the management cluster (default: $KUBECONFIG, else ~/.kube/config)")
	flags.StringVar(&t.context, "context", "", "context of the kubeconfig")
	flags.StringVarP(&t.namespace, "namespace", "n", "", "namespace of the Cluster (default: that of the context)")
	flags.StringVarP(&t.output, "output", "o", "text", "text or json")
	flags.DurationVar(&t.timeout, "timeout", defaultTimeout, "how long Harvester and the workload cluster may take to answer")
	root.AddCommand(
		t.command("cluster", "Say why a Cluster is not ready", func(name string) Target { return Target{Cluster: name} }),
		t.command("machine", "Say why a Machine is not ready, named by it or by its HarvesterMachine", func(name string) Target { return Target{Machine: name} }),
		manpages.Command("caphv-doctor", usage(cobra.ExactArgs(1))),
	)
	return root
}

func (t *tool) command(use, short string, target func(name string) Target) *cobra.Command {
	return &cobra.Command{
		Use: use + " NAME", Short: short, Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := strings.ToUpper(use[:1]) + use[1:]
			return t.run(cmd.Context(), kind, args[0], target(args[0]))
		},
	}
}

func (t *tool) run(ctx context.Context, kind, name string, target Target) error {
	if t.output != "text" && t.output != "json" {
		return fmt.Errorf("%w: --output is text or json, not %q", errUsage, t.output)
	}
	c, err := t.connect(&target)
	if err != nil {
		return err
	}
	if err := c.collect(ctx, target); err != nil {
		return err
	}
	report, err := c.secrets.clean(newReport(kind, name, &c.snapshot))
	if err != nil {
		return err
	}
	write := report.writeText
	if t.output == "json" {
		write = report.writeJSON
	}
	if err := write(t.streams.Out); err != nil {
		return err
	}
	if !report.Ready {
		return errNotReady
	}
	return nil
}

// connect prepares to read the management cluster, and fills in the namespace of the context.
func (t *tool) connect(target *Target) (*collector, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = t.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: t.context})
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("%w: read the kubeconfig: %w", errUsage, err)
	}
	target.Namespace = t.namespace
	if target.Namespace == "" {
		if target.Namespace, _, err = loader.Namespace(); err != nil {
			return nil, fmt.Errorf("%w: read the kubeconfig: %w", errUsage, err)
		}
	}
	scheme, err := newManagementScheme()
	if err != nil {
		return nil, err
	}
	management, err := newReader(config, scheme)
	if err != nil {
		return nil, err
	}
	return &collector{management: management, timeout: t.timeout, now: time.Now}, nil
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
