// Command gen writes the CRD files beside it: it runs controller-gen over the Go types of Harvester and CDI
// and then applies what upstream's own manifests say beyond the types. Run it with `go generate` in the parent directory. KubeVirt's
// definitions are not its business: they are upstream's own, written by conformance/kubevirtadmission/cmd/kubevirt-crds.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// toolModule pins controller-gen; the path is relative to the directory that holds the go:generate line.
const toolModule = "../../../hack/tools/gen/go.mod"

// packages hold the types. Descriptions are left out.
var packages = []string{
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1",
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1",
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1",
	"kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1",
}

func main() {
	if err := generate(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "generate CRDs:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "crds")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	arguments := []string{"tool", "-modfile=" + toolModule, "controller-gen", "crd:maxDescLen=0,allowDangerousTypes=true", "output:crd:dir=" + dir}
	for _, name := range packages {
		arguments = append(arguments, "paths="+name)
	}
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("controller-gen: %w", err)
	}
	for name, finish := range kinds {
		if err := write(filepath.Join(dir, name), name, finish); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// write finishes one generated file and puts it into the working directory.
func write(from, to string, finish finish) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(data, crd); err != nil {
		return err
	}
	finish.apply(crd)
	out, err := yaml.Marshal(crd)
	if err != nil {
		return err
	}
	return os.WriteFile(to, out, 0o644)
}
