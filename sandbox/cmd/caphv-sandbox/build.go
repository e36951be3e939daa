package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

func newBuildCommand(settings *settings) *cobra.Command {
	var assets, force bool
	command := &cobra.Command{
		Use:   "build [program...]",
		Short: "Build the programs a sandbox runs into <repository>/bin",
		Long: `Build the programs a sandbox runs into <repository>/bin. What is up to date is left alone.

The first build compiles Kubernetes, Cluster API core, RKE2's providers, KubeVirt's admission and Helm, about 20 minutes on
2 cores.
If KUBEBUILDER_ASSETS names a folder with etcd, kube-apiserver and kube-controller-manager, Kubernetes is
taken from there instead.`,
		Example: `  caphv-sandbox build             # everything
  caphv-sandbox build --assets    # etcd, kube-apiserver, kube-controller-manager and kubectl for tests
  caphv-sandbox build manager     # one program`,
		ValidArgs: build.All(),
		RunE: func(command *cobra.Command, names []string) error {
			root, err := settings.root()
			if err != nil {
				return err
			}
			if assets {
				names = append(names, build.Assets()...)
			}
			if len(names) == 0 {
				names = build.All()
			}
			builder := &build.Builder{Root: root, Out: command.ErrOrStderr(), Force: force}
			if err := builder.Build(command.Context(), names...); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "programs are in %s\n", build.Paths{Root: root}.Bin())
			return nil
		},
	}
	command.Flags().BoolVar(&assets, "assets", false, "build what API-server tests need")
	command.Flags().BoolVar(&force, "force", false, "build third-party programs again even if nothing changed")
	return command
}
