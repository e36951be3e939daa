package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/control"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/statedir"
)

// settings are the flags every command shares.
type settings struct {
	repository string
	stateDir   string
}

// root is the repository's folder.
func (s *settings) root() (string, error) {
	if s.repository != "" {
		return build.Root(s.repository)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return build.Root(dir)
}

// state is the folder everything of one sandbox lies in.
func (s *settings) state() (string, error) {
	if s.stateDir != "" {
		return filepath.Abs(s.stateDir)
	}
	root, err := s.root()
	if err != nil {
		return "", err
	}
	return sandbox.DefaultStateDir(root), nil
}

// places are the repository's and the state's folders.
func (s *settings) places() (root, state string, err error) {
	if root, err = s.root(); err != nil {
		return "", "", err
	}
	state, err = s.state()
	return root, state, err
}

// client reaches the sandbox that runs in the state folder.
func (s *settings) client() (*control.Client, error) {
	state, err := s.state()
	if err != nil {
		return nil, err
	}
	info, err := statedir.Find(state)
	if err != nil {
		return nil, err
	}
	return control.NewClient(info.Socket), nil
}

// noArguments is cobra.NoArgs with this program's exit code for a wrong command
// line.
func noArguments(command *cobra.Command, args []string) error {
	if err := cobra.NoArgs(command, args); err != nil {
		return usageError{err}
	}
	return nil
}

func newRootCommand() *cobra.Command {
	settings := &settings{}
	root := &cobra.Command{
		Use:   "caphv-sandbox",
		Short: "Cluster API, CAPHV, a Harvester stand-in and guest clusters on one machine",
		Long: `caphv-sandbox runs a management cluster with Cluster API core, RKE2's providers and CAPHV's own manager
against a Harvester stand-in whose virtual machines run real etcd and a real kube-apiserver. All are plain
processes on loopback addresses: no root, no Docker, no KVM. Linux only.

Exit codes: 0 done, 1 failed, 2 wrong command line, 3 a sandbox runs already in the state folder,
4 no sandbox runs in the state folder, 130 interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().StringVar(&settings.repository, "repository", "", "folder of the repository (default: found from the working directory)")
	root.PersistentFlags().StringVar(&settings.stateDir, "state-dir", "", "folder of the sandbox's state (default <repository>/.cache/sandbox)")
	root.AddCommand(
		newBuildCommand(settings),
		newUpCommand(settings),
		newDemoCommand(settings),
		newFaultsCommand(settings),
		newMeasureCommand(settings),
		newStatusCommand(settings),
		newBreakCommand(settings),
		newDownCommand(settings),
		newManCommand(),
	)
	return root
}
