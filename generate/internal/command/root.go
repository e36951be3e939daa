// Package command is the command line of caphv-generate: flags in, exit code out.
package command

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// Streams are the program's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal tells whether a person sits at In.
	Terminal bool
}

const long = `caphv-generate writes the manifests of a Kubernetes cluster on Harvester: a Namespace, the identity Secret, the Cluster,
addons for the cloud provider, the CSI driver and Calico (a ConfigMap and a ClusterResourceSet each), and a
MachineHealthCheck: ten objects. They go to standard output, to one file each with --output, or to the management
cluster with --apply.

The Cluster refers to ClusterClass harvester-rke2 in its own namespace; "caphv-generate clusterclass" writes that.

Before --apply, Harvester is asked whether it has what the cluster needs; --preflight=false leaves that out.

Exit codes: 0 done; 1 a file or an API server was in the way; 2 a flag or an answer is wrong, and nothing was written;
3 Harvester lacks something, and nothing was applied; 4 applied or deleted, but not up or gone in time; 5 diff found
differences; 130 interrupted.`

const examples = `  # Ten objects, to be looked at or committed. The Secret holds Harvester's kubeconfig.
  caphv-generate --name production-cluster --namespace prod-ns \
    --image default/sles15-sp7 --ssh-keypair default/capi-ssh-key --network default/production \
    --ip-pool prod-ip-pool --gateway 172.16.0.1 --subnet-mask 255.255.0.0 --dns 172.16.0.1 \
    --harvester-kubeconfig ~/.kube/harvester.yaml --output manifests/

  # The same, straight into the management cluster that kubectl talks to. Running it again changes nothing.
  caphv-generate --name production-cluster ... --apply

  # Is everything there? For a pipeline, as JSON.
  caphv-generate -f clusters/production.yaml --preflight --preflight-format json

  # Apply, and wait until all machines run.
  caphv-generate -f clusters/production.yaml --apply --wait --timeout 30m

  # Machines from several pools, tried in this order.
  caphv-generate --name production-cluster --ip-pool-refs pool-a,pool-b ...

  # For GitOps: a file says what the flags would, and the Secret stays out of what is committed.
  caphv-generate -f clusters/production.yaml --output manifests/ --split-secrets

  # Every cluster of a directory at once, each into manifests/<namespace>/<name>.
  caphv-generate -f clusters/ --output manifests/ --split-secrets=/run/secrets/clusters

  # Where the internet is out of reach: RKE2 is in the image, everything else in a registry of one's own.
  caphv-generate --name production-cluster ... --air-gapped --system-default-registry registry.example:5000 \
    --registry-mirror '*=https://registry.example:5000' --registry-tls-secret registry.example:5000=registry-ca \
    --chart-repository oci://registry.example:5000/charts

  # By questions.
  caphv-generate --interactive`

// Execute runs the program and returns its exit code. ctx ends when the user interrupts it.
func Execute(ctx context.Context, streams Streams, version string, arguments []string) int {
	root := newRoot(streams, version)
	root.SetArgs(arguments)
	return exitCode(root.ExecuteContext(ctx), streams.Err)
}

func newRoot(streams Streams, version string) *cobra.Command {
	run := &generateRun{streams: streams, settings: settings.Defaults()}
	root := &cobra.Command{
		Use:           "caphv-generate",
		Short:         "Write the manifests of a Kubernetes cluster on Harvester",
		Long:          long,
		Example:       examples,
		Version:       version,
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return run.do(cmd) },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(flagError)
	grouped(root)
	run.registerFields(root)
	flags := root.Flags()
	flags.BoolVar(&run.interactive, "interactive", false, "ask for what no flag says")
	flags.BoolVar(&run.apply, "apply", false, "apply the objects to the management cluster, by server-side apply")
	run.preflight.register(flags)
	run.output.register(flags)
	run.target.registerWait(flags)
	run.target.register(flags)
	root.AddCommand(newClusterClass(streams), newDiff(streams), newDelete(streams), newSchema(streams), newMan(streams, version))
	return root
}

// registerFields adds the flags that say what the cluster is.
func (r *generateRun) registerFields(command *cobra.Command) {
	r.fields = settings.Fields(&r.settings)
	flags := command.Flags()
	flags.SortFlags = false
	for _, field := range r.fields {
		field.Register(flags)
	}
	for _, field := range r.fields {
		if len(field.Choices) > 0 {
			// It fails only for a flag that is not there.
			_ = command.RegisterFlagCompletionFunc(field.Flag, cobra.FixedCompletions(field.Choices, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	flags.StringArrayVarP(&r.values, "values", "f", nil,
		"values file of a cluster, or a directory of them, or - for standard input; repeat it for more clusters")
	flags.BoolVarP(&r.recursive, "recursive", "R", false, "with --values of a directory, read those in the directories below it too")
}

// noArguments refuses stray words: they are most often values whose flag was forgotten.
func noArguments(_ *cobra.Command, arguments []string) error {
	if len(arguments) > 0 {
		return usage("%q is neither a flag nor a command", arguments[0])
	}
	return nil
}

// target says which management cluster to apply to, and how.
type target struct {
	kubeconfig, context string
	force, dryRun       bool
	wait                bool
	timeout             time.Duration
}

func (t *target) register(flags *pflag.FlagSet) {
	flags.Var(&serverDryRun{&t.dryRun}, "dry-run", "with --apply, have the API server validate the objects and keep nothing: server")
	flags.BoolVar(&t.force, "force-conflicts", false, "with --apply, take over fields that others changed since")
	t.registerCluster(flags)
}

// registerWait is for what comes up after it is applied.
func (t *target) registerWait(flags *pflag.FlagSet) {
	flags.BoolVar(&t.wait, "wait", false, "with --apply, wait until the cluster is up, and show how far its machines are")
	flags.DurationVar(&t.timeout, "timeout", defaultTimeout, "how long --wait waits; 0 for ever")
}

func (t *target) registerCluster(flags *pflag.FlagSet) {
	flags.StringVar(&t.kubeconfig, "kubeconfig", "", "kubeconfig of the management cluster (default: as kubectl finds it)")
	flags.StringVar(&t.context, "context", "", "context in that kubeconfig (default: the current one)")
}

// serverDryRun is the value of --dry-run; a dry run of kubectl's client kind is what leaving out --apply is.
type serverDryRun struct{ on *bool }

func (d *serverDryRun) String() string {
	if d.on == nil || !*d.on {
		return "none"
	}
	return "server"
}

func (d *serverDryRun) Set(value string) error {
	if value != "server" && value != "none" {
		return fmt.Errorf("%q is neither server nor none; leave out --apply to write the objects only", value)
	}
	*d.on = value == "server"
	return nil
}

func (d *serverDryRun) Type() string { return "none|server" }
