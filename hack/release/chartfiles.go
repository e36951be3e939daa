package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"
)

// generatedKinds are the objects that have nothing to configure but their namespace: the chart takes them from config/ as
// they are. All others are templates of the chart.
var generatedKinds = map[string]string{
	"CustomResourceDefinition":       "crds",
	"ClusterRole":                    "rbac",
	"ClusterRoleBinding":             "rbac",
	"Role":                           "rbac",
	"RoleBinding":                    "rbac",
	"ServiceAccount":                 "rbac",
	"ValidatingWebhookConfiguration": "webhook",
}

// generatedDir is where the chart keeps them.
const generatedDir = "charts/caphv/files/generated"

// chartFiles returns the generated files of the chart, by their path in the tree.
func chartFiles(root string) (map[string][]byte, error) {
	rendered, err := renderWith(root, "config/default", nil)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, document := range documents(rendered) {
		object := map[string]any{}
		if err := yaml.Unmarshal(document, &object); err != nil {
			return nil, err
		}
		kind, _ := object["kind"].(string)
		file, generated := generatedKinds[kind]
		if !generated {
			continue
		}
		if kind == "CustomResourceDefinition" {
			if document, err = keep(object); err != nil {
				return nil, err
			}
		}
		path := filepath.Join(generatedDir, file+".yaml")
		if len(files[path]) > 0 {
			files[path] = append(files[path], "---\n"...)
		}
		files[path] = append(files[path], document...)
	}
	return files, addMonitoring(root, files)
}

// addMonitoring copies the alerts, and the dashboards.
func addMonitoring(root string, files map[string][]byte) error {
	for _, pattern := range []string{"config/prometheus/prometheusrule.yaml", "config/grafana/*.json"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files[filepath.Join(generatedDir, filepath.Base(path))] = content
		}
	}
	return nil
}

// keep makes Helm leave a CRD, and the objects in it, when the chart is uninstalled.
func keep(crd map[string]any) ([]byte, error) {
	metadata, ok := crd["metadata"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("a CRD has no metadata")
	}
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations["helm.sh/resource-policy"] = "keep"
	return yaml.Marshal(crd)
}

// writeChartFiles renews them.
func writeChartFiles(root string) error {
	files, err := chartFiles(root)
	if err != nil {
		return err
	}
	for _, path := range sortedKeys(files) {
		if err := writeFile(filepath.Join(root, path), files[path]); err != nil {
			return err
		}
	}
	return nil
}

// documents splits a stream of YAML documents as kustomize writes it.
func documents(stream []byte) [][]byte {
	var result [][]byte
	for _, document := range bytes.Split(stream, []byte("\n---\n")) {
		if document = bytes.TrimSpace(document); len(document) > 0 {
			result = append(result, append(document, '\n'))
		}
	}
	return result
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // what is released is public
		return err
	}
	return os.WriteFile(path, content, 0o644) //nolint:gosec // what is released is public
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
