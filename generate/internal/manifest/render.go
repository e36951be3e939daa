package manifest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Write writes the objects as one stream of YAML documents.
func Write(out io.Writer, objects []*unstructured.Unstructured) error {
	for i, object := range objects {
		document, err := render(object)
		if err != nil {
			return err
		}
		if i > 0 {
			document = append([]byte("---\n"), document...)
		}
		if _, err := out.Write(document); err != nil {
			return fmt.Errorf("writing %s: %w", Title(object), err)
		}
	}
	return nil
}

// WriteFiles writes one file per object into a folder, which is made if need be, and returns the paths in the order in
// which the files must be applied; their names sort in that order too. A file that exists is replaced as a whole. Secrets
// are readable by the owner only.
func WriteFiles(dir string, objects []*unstructured.Unstructured) ([]string, error) {
	const readable = 0o755 // The Secret's file has a mode of its own.
	if err := os.MkdirAll(dir, readable); err != nil {
		return nil, fmt.Errorf("making the folder for the manifests: %w", err)
	}
	paths := make([]string, 0, len(objects))
	for i, object := range objects {
		document, err := render(object)
		if err != nil {
			return paths, err
		}
		path := filepath.Join(dir, fmt.Sprintf("%02d-%s-%s.yaml", i+1, strings.ToLower(object.GetKind()), object.GetName()))
		if err := replace(path, document, modeOf(object)); err != nil {
			return paths, fmt.Errorf("writing %s: %w", Title(object), err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// Title names an object for people.
func Title(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetKind() + " " + object.GetName()
	}
	return fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
}

func render(object *unstructured.Unstructured) ([]byte, error) {
	document, err := yaml.Marshal(object.Object)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", Title(object), err)
	}
	return document, nil
}

func modeOf(object *unstructured.Unstructured) os.FileMode {
	if object.GetKind() == "Secret" {
		return 0o600
	}
	return 0o644
}

// replace never leaves half a file, whenever it is interrupted.
func replace(path string, content []byte, mode os.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".caphv-generate-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := io.Copy(file, bytes.NewReader(content)); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Chmod(file.Name(), mode); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
