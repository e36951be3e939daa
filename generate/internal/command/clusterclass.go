package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/clusterclass"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

func newClusterClass(streams Streams) *cobra.Command {
	var (
		namespace string
		versions  clusterclass.Versions
		apply     bool
		target    target
	)
	command := &cobra.Command{
		Use:   "clusterclass",
		Short: "Write ClusterClass harvester-rke2 and its templates for a namespace",
		Long: `clusterclass writes ClusterClass harvester-rke2 with the templates it refers to, to standard output or, with --apply,
to the management cluster. A Cluster looks for its class in its own namespace.`,
		Example: `  caphv-generate clusterclass --namespace prod-ns | kubectl apply --server-side -f -
  caphv-generate clusterclass --namespace prod-ns --apply

  # For a management cluster that serves v1beta2 only.
  caphv-generate clusterclass --namespace prod-ns --capi-api-version v1beta2 --rke2-api-version v1beta2`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(validation.IsDNS1123Label(namespace)) > 0 {
				return usage("--namespace %q is not a namespace: name the one that the clusters will be in", namespace)
			}
			for _, version := range []struct{ flag, value string }{
				{"capi-api-version", versions.ClusterAPI}, {"rke2-api-version", versions.RKE2},
			} {
				if !slices.Contains(settings.Versions(), version.value) {
					return usage("--%s %q is none of %s", version.flag, version.value, strings.Join(settings.Versions(), ", "))
				}
			}
			objects, err := clusterclass.Objects(namespace, versions)
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
	flags.StringVar(&versions.ClusterAPI, "capi-api-version", settings.V1Beta1, "version of Cluster API's objects: v1beta1 or v1beta2")
	flags.StringVar(&versions.RKE2, "rke2-api-version", settings.V1Beta1,
		"version of the objects of RKE2's providers: v1beta1, or v1beta2 as of their v0.22")
	for _, flag := range []string{"capi-api-version", "rke2-api-version"} {
		// It fails only for a flag that is not there.
		_ = command.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(settings.Versions(), cobra.ShellCompDirectiveNoFileComp))
	}
	flags.BoolVar(&apply, "apply", false, "apply them to the management cluster, by server-side apply")
	target.register(flags)
	return command
}
