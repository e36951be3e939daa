package apiserver

import (
	"context"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/manifests"
)

// InstallProviders installs our CRDs, and those of Cluster API and of RKE2's providers, from the very modules that the
// sandbox runs.
func (c *Cluster) InstallProviders(ctx context.Context) error {
	definitions, err := manifests.Render("config/crd")
	if err != nil {
		return err
	}
	clusterAPI, err := manifests.ModuleDirectory(ctx, "api/test", "sigs.k8s.io/cluster-api")
	if err != nil {
		return err
	}
	rke2, err := manifests.ModuleDirectory(ctx, "sandbox/programs/rke2", "github.com/rancher/cluster-api-provider-rke2")
	if err != nil {
		return err
	}
	for _, dir := range []string{
		filepath.Join(clusterAPI, "core/config/crd/bases"),
		filepath.Join(rke2, "bootstrap/config/crd/bases"),
		filepath.Join(rke2, "controlplane/config/crd/bases"),
	} {
		paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil {
			return err
		}
		for _, path := range paths {
			read, err := manifests.Read(path)
			if err != nil {
				return err
			}
			for _, definition := range read {
				labelContract(definition)
			}
			definitions = append(definitions, read...)
		}
	}
	return c.InstallCRDs(definitions)
}

// labelContract sets the label that kustomize sets in a release: the contract v1beta1 is kept by API version v1beta1.
func labelContract(definition *unstructured.Unstructured) {
	if _, labelled := definition.GetLabels()["cluster.x-k8s.io/v1beta2"]; labelled {
		return
	}
	definition.SetLabels(map[string]string{"cluster.x-k8s.io/v1beta1": "v1beta1"})
}
