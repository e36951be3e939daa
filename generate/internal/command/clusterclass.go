package command

import (
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/clusterclass"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
)

func newClusterClass(streams Streams) *cobra.Command {
	var (
		namespace string
		apply     bool
		target    target
	)
	command := &cobra.Command{
		Use:   "clusterclass",
		Short: "Write ClusterClass harvester-rke2 and its templates for a namespace",
		Long: `clusterclass writes ClusterClass harvester-rke2 with the templates it refers to, to standard output or, with --apply,
to the management cluster. A Cluster looks for its class in its own namespace.`,
		Example: `  caphv-generate clusterclass --namespace prod-ns | kubectl apply --server-side -f -
  caphv-generate clusterclass --namespace prod-ns --apply`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(validation.IsDNS1123Label(namespace)) > 0 {
				return usage("--namespace %q is not a namespace: name the one that the clusters will be in", namespace)
			}
			objects, err := clusterclass.Objects(namespace)
			if err != nil {
				return err
			}
			if apply {
				return target.applyAll(cmd.Context(), streams, objects, nil)
			}
			return manifest.Write(streams.Out, objects)
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&namespace, "namespace", "", "namespace to write them for (required)")
	flags.BoolVar(&apply, "apply", false, "apply them to the management cluster, by server-side apply")
	target.register(flags)
	return command
}
