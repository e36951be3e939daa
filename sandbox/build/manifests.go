package build

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Render runs kustomize on a folder and returns its objects as one YAML stream.
// It reads nothing outside what the kustomization names and needs no network
// unless that names a remote resource.
func Render(dir string) ([]byte, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w", dir, err)
	}
	yaml, err := resources.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w", dir, err)
	}
	return yaml, nil
}

// renderTo writes a rendered kustomization to a file.
func renderTo(path, dir string) error {
	yaml, err := Render(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing manifests: %w", err)
	}
	if err := os.WriteFile(path, yaml, 0o644); err != nil {
		return fmt.Errorf("writing manifests: %w", err)
	}
	return nil
}
