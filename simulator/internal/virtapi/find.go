package virtapi

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
)

// ProgramName is the name of the program that [Find] looks for.
const ProgramName = "kubevirt-admission"

// Find returns the path of program kubevirt-admission: in the directory of Kubernetes binaries, or in the one above it,
// where the repository builds it. An empty directory is looked for by [controlplane.Assets].
func Find(assets string) (string, error) {
	assets, err := controlplane.Assets(assets)
	if err != nil {
		return "", err
	}
	for _, dir := range []string{assets, filepath.Dir(assets)} {
		path := filepath.Join(dir, ProgramName)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s is neither in %s nor in the directory above it", os.ErrNotExist, ProgramName, assets)
}
