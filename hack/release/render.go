package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// imageName is the manager's image, without tag and digest.
const imageName = "ghcr.io/rancher-sandbox/cluster-api-provider-harvester"

// image is the manager's image of a release.
type image struct {
	// Name may name another registry; empty means imageName.
	Name string
	// Tag is the release's version.
	Tag string
	// Digest of the image's index, "sha256:...", or empty before it is built.
	Digest string
}

var (
	tagForm    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// validate refuses what is no reference to one image.
func (i image) validate() error {
	if !tagForm.MatchString(i.Tag) || i.Tag == "latest" {
		return fmt.Errorf("--version %q cannot be the tag of an image: use a release such as v0.11.0", i.Tag)
	}
	if i.Digest != "" && !digestForm.MatchString(i.Digest) {
		return fmt.Errorf(`--digest %q is not a digest: use "sha256:" and 64 hexadecimal digits`, i.Digest)
	}
	return nil
}

// String is the reference as a container names it.
func (i image) String() string {
	reference := i.Name + ":" + i.Tag
	if i.Digest != "" {
		reference += "@" + i.Digest
	}
	return reference
}

// renderComponents returns infrastructure-components.yaml with the image of a release.
func renderComponents(root string, i image) ([]byte, error) {
	if i.Name == "" {
		i.Name = imageName
	}
	if err := i.validate(); err != nil {
		return nil, err
	}
	override := map[string]string{"name": imageName, "newName": i.Name, "newTag": i.Tag}
	if i.Digest != "" {
		override["digest"] = i.Digest
	}
	return renderWith(root, "config/default", map[string]any{"images": []any{override}})
}

// renderWith renders a directory of the tree below a kustomization that adds to it.
func renderWith(root, dir string, overlay map[string]any) (_ []byte, reterr error) {
	temporary, err := os.MkdirTemp("", "release")
	if err != nil {
		return nil, err
	}
	defer func() { reterr = errors.Join(reterr, os.RemoveAll(temporary)) }()
	if temporary, err = filepath.EvalSymlinks(temporary); err != nil {
		return nil, err
	}
	base, err := filepath.Rel(temporary, filepath.Join(root, dir))
	if err != nil {
		return nil, err
	}
	content := map[string]any{"resources": []string{base}}
	for key, value := range overlay {
		content[key] = value
	}
	text, err := yaml.Marshal(content)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(temporary, "kustomization.yaml"), text, 0o600); err != nil {
		return nil, err
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), temporary)
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", dir, err)
	}
	return resources.AsYaml()
}
