package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

var (
	errRunning = errors.New("a sandbox runs already")
	errAbsent  = errors.New("no sandbox runs here")
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
	return filepath.Join(root, ".cache", "sandbox"), nil
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
	root.AddCommand(newBuildCommand(settings))
	return root
}
