package build

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoRepository means that no folder from the given one upwards holds go.work.
var ErrNoRepository = errors.New("not inside the repository: no go.work in this folder or above; name it with --repository")

// Root finds the repository from dir upwards: the folder that holds go.work.
func Root(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for {
		if exists(filepath.Join(dir, "go.work")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", ErrNoRepository
		}
		dir = parent
	}
}

// Paths tells where the programs of a repository lie.
type Paths struct {
	// Root is the repository's folder.
	Root string
}

// Bin is the folder of all programs.
func (p Paths) Bin() string { return filepath.Join(p.Root, "bin") }

// Program is the path of a program by its name.
func (p Paths) Program(name string) string { return filepath.Join(p.Bin(), name) }

// Manifest is the path of a third-party program's rendered install manifest.
func (p Paths) Manifest(name string) string {
	return filepath.Join(p.Bin(), "manifests", name+".yaml")
}

// Assets is the folder that holds etcd, kube-apiserver and
// kube-controller-manager: KUBEBUILDER_ASSETS when that has all of them, else
// bin/assets.
func (p Paths) Assets() string {
	if dir := os.Getenv(AssetsVariable); hasAll(dir, "etcd", "kube-apiserver", "kube-controller-manager") {
		return dir
	}
	return p.ownAssets()
}

func (p Paths) ownAssets() string { return filepath.Join(p.Bin(), "assets") }

// AssetsVariable is the environment variable by which envtest's tools agree on
// a folder of Kubernetes binaries.
const AssetsVariable = "KUBEBUILDER_ASSETS"

func hasAll(dir string, names ...string) bool {
	if dir == "" {
		return false
	}
	for _, name := range names {
		if !exists(filepath.Join(dir, name)) {
			return false
		}
	}
	return true
}

// sameFolder tells whether two paths name one folder, symbolic links followed;
// one that does not exist is the same only by name.
func sameFolder(a, b string) bool {
	if a == b {
		return true
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
