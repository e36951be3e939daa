// Package repository makes trees of files as teams keep them for GitOps, for tests and benchmarks of caphv-lint.
package repository

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint/ordinary"
)

const (
	// Files is how many files a tree has that caphv-lint looks at.
	Files = 500
	// Objects is how many objects it validates in them: for each cluster three, and the Secret is compared with one of them.
	Objects = clusters * 3
	// Skipped is how many patches and templates of charts it skips.
	Skipped = clusters + chartTemplates

	clusters       = 60
	applications   = 100
	chartTemplates = 20
	unrendered     = 8
	rest           = Files - clusters*6 - applications - chartTemplates - unrendered - 2
)

// Unrendered is how many templates of clusterctl it names and skips.
const Unrendered = unrendered

// Wrong tells whether the machine template of the i-th cluster has a mistake in its memory, which is HM003.
func Wrong(i int) bool { return i%20 == 7 }

// Write writes the tree below root and returns the files with a mistake, in the order of their names, relative to root.
func Write(root string) (wrong []string, err error) {
	files := map[string]string{
		"charts/shop/Chart.yaml":   "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
		"charts/shop/values.yaml":  "replicas: 2\nimage: {name: shop, tag: v1}\n",
		".github/workflows/ci.yml": "on: [push]\njobs: {}\n",
		"README.md":                "# Clusters\n",
	}
	for i := range clusters {
		addCluster(files, i)
		if Wrong(i) {
			wrong = append(wrong, fmt.Sprintf("clusters/c-%03d/machines.yaml", i))
		}
	}
	for i := range applications {
		files[fmt.Sprintf("apps/app-%03d.yaml", i)] = ordinary.Document(i)
	}
	for i := range chartTemplates {
		files[fmt.Sprintf("charts/shop/templates/part-%02d.yaml", i)] = "{{- if .Values.image }}\nkind: HarvesterMachine\nmetadata: {name: {{ .Release.Name }}}\n{{- end }}\n"
	}
	for i := range unrendered {
		files[fmt.Sprintf("clusterctl/template-%d.yaml", i)] = "apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvesterCluster\nmetadata: {name: \"${CLUSTER_NAME}\"}\nspec: {targetNamespace: \"${NAMESPACE}\"}\n"
	}
	for i := range rest {
		files[fmt.Sprintf("flux/part-%d.yaml", i)] = fmt.Sprintf("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: part-%d}\nspec: {path: ./clusters, prune: true}\n", i)
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(root, name), text); err != nil {
			return nil, err
		}
	}
	return wrong, nil
}

func writeFile(path, text string) error {
	const private, searchable = 0o600, 0o700
	if err := os.MkdirAll(filepath.Dir(path), searchable); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), private)
}

// addCluster adds a base, an overlay with its patch, and the encrypted identity of one cluster: six files.
func addCluster(files map[string]string, i int) {
	dir := fmt.Sprintf("clusters/c-%03d/", i)
	memory := "16Gi"
	if Wrong(i) {
		memory = "16 GB"
	}
	named := strings.NewReplacer("NAME", fmt.Sprintf("c-%03d", i), "MEMORY", memory, "SUBNET", fmt.Sprintf("10.%d.0", 100+i)).Replace
	files[dir+"cluster.yaml"] = named(cluster)
	files[dir+"harvester.yaml"] = named(infrastructure)
	files[dir+"machines.yaml"] = named(machines)
	files[dir+"identity.sops.yaml"] = named(identity)
	files[dir+"kustomization.yaml"] = "resources: [cluster.yaml, harvester.yaml, machines.yaml, identity.sops.yaml]\npatches:\n- path: patches/size.yaml\n"
	files[dir+"patches/size.yaml"] = named(patch)
}
