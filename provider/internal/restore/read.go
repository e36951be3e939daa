package restore

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// ErrDump means that a dump cannot be read.
var ErrDump = errors.New("not a dump")

// Read reads dumps: files, and all *.yaml, *.yml and *.json of folders. Lists are unpacked. An error names the file.
func Read(paths ...string) ([]*unstructured.Unstructured, error) {
	var files []string
	for _, path := range paths {
		found, err := filesOf(path)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	var objects []*unstructured.Unstructured
	for _, name := range files {
		file, err := os.Open(name) //nolint:gosec // the user names the files
		if err != nil {
			return nil, err
		}
		found, err := Parse(file)
		if closed := file.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(entry.Name()))) {
			files = append(files, filepath.Join(path, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: %w: the folder holds no .yaml, .yml or .json file", path, ErrDump)
	}
	return files, nil
}

// Parse reads YAML or JSON, several documents and Lists included. An error never quotes the content: dumps hold Secrets.
func Parse(input io.Reader) ([]*unstructured.Unstructured, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(input))
	var objects []*unstructured.Unstructured
	for document := 1; ; document++ {
		data, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w: it cannot be read", document, ErrDump)
		}
		content := map[string]any{}
		if err := yaml.Unmarshal(data, &content); err != nil {
			return nil, fmt.Errorf("document %d: %w: neither YAML nor JSON of an object", document, ErrDump)
		}
		if len(content) == 0 {
			continue
		}
		found, err := unpack(content)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", document, err)
		}
		objects = append(objects, found...)
	}
}

func unpack(content map[string]any) ([]*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{Object: content}
	if object.GetKind() == "" || object.GetAPIVersion() == "" {
		return nil, fmt.Errorf("%w: an object without apiVersion and kind", ErrDump)
	}
	if _, listed := content["items"]; !listed || !strings.HasSuffix(object.GetKind(), "List") {
		return []*unstructured.Unstructured{object}, nil
	}
	items, ok := content["items"].([]any)
	if !ok {
		return nil, fmt.Errorf("%w: items of a %s that are no list", ErrDump, object.GetKind())
	}
	var objects []*unstructured.Unstructured
	for i, item := range items {
		nested, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%w: item %d of a %s is no object", ErrDump, i, object.GetKind())
		}
		found, err := unpack(nested)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}
