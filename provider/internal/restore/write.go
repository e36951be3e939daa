package restore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// ErrNotEmpty means that the folder to write to holds something.
var ErrNotEmpty = errors.New("the folder is not empty")

// Write writes one file for each object, readable by its owner only, into a folder that is new or empty. It is there as a
// whole or not at all: what is written first goes by another name, which is removed after an error.
func Write(dir string, objects []*unstructured.Unstructured) (err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o750); err != nil {
		return err
	}
	half, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+"-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(half))
		}
	}()
	for _, object := range objects {
		content, err := yaml.Marshal(object.Object)
		if err != nil {
			return fmt.Errorf("%s: %w", describe(object), err)
		}
		if err := os.WriteFile(filepath.Join(half, fileName(object)), content, 0o600); err != nil {
			return err
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Rename(half, dir)
}

// fileName is unique, as kind, namespace and name hold no underscore, and kinds of two groups differ by the group.
func fileName(object *unstructured.Unstructured) string {
	group := object.GroupVersionKind().Group
	return strings.Join([]string{object.GetKind(), group, object.GetNamespace(), object.GetName()}, "_") + ".yaml"
}
