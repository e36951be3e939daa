package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
)

// AssetsVariable is the environment variable by which the tools of envtest agree on a directory of Kubernetes binaries.
const AssetsVariable = "KUBEBUILDER_ASSETS"

// programsOfAssets are what a control plane needs.
var programsOfAssets = []string{"etcd", "kube-apiserver", "kube-controller-manager"}

// Assets finds the directory with etcd, kube-apiserver and kube-controller-manager: dir if it is not empty, else what
// KUBEBUILDER_ASSETS names, else bin/assets of the nearest directory from the working directory upwards that has it. The
// error names what is missing.
func Assets(dir string) (string, error) {
	if dir != "" {
		return dir, complete(dir)
	}
	if dir = os.Getenv(AssetsVariable); dir != "" {
		if err := complete(dir); err != nil {
			return "", fmt.Errorf("%s: %w", AssetsVariable, err)
		}
		return dir, nil
	}

	working, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find Kubernetes binaries: %w", err)
	}
	for at := working; ; at = filepath.Dir(at) {
		if dir = filepath.Join(at, "bin", "assets"); complete(dir) == nil {
			return dir, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%w: no directory with %v: set %s", os.ErrNotExist, programsOfAssets, AssetsVariable)
		}
	}
}

func complete(dir string) error {
	for _, name := range programsOfAssets {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("directory of Kubernetes binaries: %w", err)
		}
	}
	return nil
}
