// Package manifests finds and renders the manifests of this repository, and of modules that it works with.
package manifests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Root returns the directory of the repository: the nearest one above the working directory that holds a go.work.
func Root() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.work")); err == nil {
			return directory, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("no directory above the working directory holds a go.work")
		}
		directory = parent
	}
}

// Render returns the objects that kustomize makes of a directory of the repository, such as "config/default".
func Render(directory string) ([]*unstructured.Unstructured, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	return render(filesys.MakeFsOnDisk(), filepath.Join(root, directory))
}

// RenderWith returns what kustomize makes of a directory of the repository with a component of it on top.
func RenderWith(directory, component string) (_ []*unstructured.Unstructured, reterr error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	overlay, err := os.MkdirTemp("", "overlay")
	if err != nil {
		return nil, err
	}
	defer func() { reterr = errors.Join(reterr, os.RemoveAll(overlay)) }()
	paths := make([]string, 0, 2)
	for _, path := range []string{directory, component} {
		relative, err := filepath.Rel(overlay, filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		paths = append(paths, relative)
	}
	kustomization := fmt.Sprintf("resources: [%q]\ncomponents: [%q]\n", paths[0], paths[1])
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
		return nil, err
	}
	return render(filesys.MakeFsOnDisk(), overlay)
}

func render(fs filesys.FileSystem, directory string) ([]*unstructured.Unstructured, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, directory)
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", directory, err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", directory, err)
	}
	return Decode(bytes.NewReader(text))
}

// Read returns the objects of one YAML file.
func Read(path string) ([]*unstructured.Unstructured, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	objects, err := Decode(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return objects, nil
}

// Decode returns the objects of a stream of YAML documents; empty documents are left out.
func Decode(stream io.Reader) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	documents := yaml.NewYAMLReader(bufio.NewReader(stream))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// ModuleDirectory returns the directory, in the module cache, of a module that the module in a directory of this repository
// requires; it is downloaded if need be.
func ModuleDirectory(ctx context.Context, requiredIn, module string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	command.Dir = filepath.Join(root, requiredIn)
	command.Env = append(os.Environ(), "GOWORK=off")
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s in %s: %w: %s", module, requiredIn, err, output)
	}
	var answer struct{ Dir string }
	if err := json.Unmarshal(output, &answer); err != nil {
		return "", fmt.Errorf("go mod download %s: %w", module, err)
	}
	return answer.Dir, nil
}
