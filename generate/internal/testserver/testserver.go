// Package testserver starts a real Kubernetes API server with the kinds that generated manifests have, for tests.
package testserver

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

// version is the one in which the manifests are written. The server has no conversion webhooks, so it is also the one
// that is stored.
const version = "v1beta1"

// Start runs an API server until the test ends.
func Start(t *testing.T) *rest.Config {
	t.Helper()
	environment := &envtest.Environment{BinaryAssetsDirectory: assets(t), CRDs: definitions(t)}
	config, err := environment.Start()
	require.NoError(t, err, "starting the API server of %s", environment.BinaryAssetsDirectory)
	t.Cleanup(func() { _ = environment.Stop() })
	return config
}

// assets is the directory with etcd and kube-apiserver: KUBEBUILDER_ASSETS, else the repository's own.
func assets(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		dir = filepath.Join(root(t), "bin", "assets")
	}
	_, err := os.Stat(filepath.Join(dir, "kube-apiserver")) //nolint:gosec // A test trusts its environment.
	require.NoError(t, err, "the API server is not built: run make assets")
	return dir
}

// root is the directory that holds go.work.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "no go.work above the working directory")
		dir = filepath.Dir(dir)
	}
}

// definitions are Cluster API's, RKE2's and our own, each in the version of the manifests.
func definitions(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	programs := filepath.Join(root(t), "sandbox", "programs")
	core := module(t, filepath.Join(programs, "capi"), "sigs.k8s.io/cluster-api")
	rke2 := module(t, filepath.Join(programs, "rke2"), "github.com/rancher/cluster-api-provider-rke2")
	var found []*apiextensionsv1.CustomResourceDefinition
	for _, pattern := range []string{
		filepath.Join(core, "core/config/crd/bases/*.yaml"),
		filepath.Join(rke2, "bootstrap/config/crd/bases/*.yaml"),
		filepath.Join(rke2, "controlplane/config/crd/bases/*.yaml"),
		filepath.Join(root(t), "config/crd/bases/*.yaml"),
	} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			if definition := definition(t, file); definition != nil {
				found = append(found, definition)
			}
		}
	}
	return found
}

func definition(t *testing.T, file string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	content, err := os.ReadFile(file) //nolint:gosec // The file is one of a module.
	require.NoError(t, err)
	definition := &apiextensionsv1.CustomResourceDefinition{}
	require.NoError(t, yaml.Unmarshal(content, definition), file)
	for _, served := range definition.Spec.Versions {
		if served.Name == version {
			served.Storage = true
			definition.Spec.Versions = []apiextensionsv1.CustomResourceDefinitionVersion{served}
			definition.Spec.Conversion = nil
			return definition
		}
	}
	return nil
}

// module is where the module cache keeps the version of a module that a program of the sandbox is built from.
func module(t *testing.T, program, path string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", path) //nolint:gosec // Both are constants of this file.
	command.Dir, command.Env = program, append(os.Environ(), "GOWORK=off")
	listed, err := command.Output()
	require.NoError(t, err, "listing %s in %s", path, program)
	pinned := path + "@" + strings.TrimSpace(string(listed))
	command = exec.CommandContext(t.Context(), "go", "mod", "download", "-json", pinned) //nolint:gosec // go itself said it.
	command.Dir, command.Env = program, append(os.Environ(), "GOWORK=off")
	described, err := command.Output()
	require.NoError(t, err, "downloading %s: %s", path, described)
	var downloaded struct{ Dir string }
	require.NoError(t, json.Unmarshal(described, &downloaded))
	return downloaded.Dir
}
