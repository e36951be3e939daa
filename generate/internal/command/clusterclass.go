package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/clusterclass"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/served"
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
to the management cluster. A Cluster looks for its class in its own namespace.

RKE2's providers have API version v1beta2 as of v0.22, and Cluster API then goes by it; v0.21 has v1beta1 only. With
--apply, --kubeconfig or --context the management cluster is asked which one it has; otherwise it is v1beta2.`,
		Example: `  caphv-generate clusterclass --namespace prod-ns | kubectl apply --server-side -f -
  caphv-generate clusterclass --namespace prod-ns --apply

  # For RKE2's providers v0.21, without asking.
  caphv-generate clusterclass --namespace prod-ns --rke2-api-version v1beta1

  # For a management cluster that serves v1beta2 only.
  caphv-generate clusterclass --namespace prod-ns --capi-api-version v1beta2`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(validation.IsDNS1123Label(namespace)) > 0 {
				return usage("--namespace %q is not a namespace: name the one that the clusters will be in", namespace)
			}
			if err := oneOfVersions("capi-api-version", versions.ClusterAPI, settings.Versions()); err != nil {
				return err
			}
			if err := oneOfVersions("rke2-api-version", versions.RKE2, rke2Versions()); err != nil {
				return err
			}
			if versions.RKE2 == askManagementCluster {
				var err error
				if versions.RKE2, err = target.rke2Version(cmd.Context(), streams, apply); err != nil {
					return err
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
	flags.StringVar(&versions.RKE2, "rke2-api-version", askManagementCluster,
		"version of the objects of RKE2's providers: v1beta2 as of their v0.22, v1beta1 before, auto for what the management cluster serves")
	for flag, choices := range map[string][]string{"capi-api-version": settings.Versions(), "rke2-api-version": rke2Versions()} {
		// It fails only for a flag that is not there.
		_ = command.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	}
	flags.BoolVar(&apply, "apply", false, "apply them to the management cluster, by server-side apply")
	target.register(flags)
	return command
}

// askManagementCluster is the value of --rke2-api-version that leaves it to the management cluster.
const askManagementCluster = "auto"

func rke2Versions() []string { return append([]string{askManagementCluster}, settings.Versions()...) }

func oneOfVersions(flag, value string, choices []string) error {
	if !slices.Contains(choices, value) {
		return usage("--%s %q is none of %s", flag, value, strings.Join(choices, ", "))
	}
	return nil
}

// rke2Version is what the management cluster serves, where one is named or applied to, and the newer version elsewhere.
func (t target) rke2Version(ctx context.Context, streams Streams, apply bool) (string, error) {
	if !apply && t.kubeconfig == "" && t.context == "" {
		return settings.V1Beta2, nil
	}
	config, err := t.config(streams)
	if err != nil {
		return "", err
	}
	version, err := served.RKE2(ctx, config, settings.Versions())
	if err != nil {
		return "", fmt.Errorf("finding out the version of RKE2's providers: %w\nname it by --rke2-api-version", err)
	}
	return version, nil
}
