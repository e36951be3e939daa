package installation

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// release is a directory with what a release uploads.
type release struct{ version, dir string }

// makeRelease has the release command write a release of the tree below dir, without binaries.
func makeRelease(ctx context.Context, dir, version string) (release, error) {
	command := exec.CommandContext(ctx, "go", "run", ".", "assets", "--version="+version, "--out="+dir, "--binaries=false")
	command.Dir = filepath.Join(paths.Root, "hack", "release")
	command.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if output, err := command.CombinedOutput(); err != nil {
		return release{}, fmt.Errorf("making release %s: %w\n%s", version, err, output)
	}
	return release{version: version, dir: filepath.Join(dir, version)}, nil
}

func (r release) components() string { return filepath.Join(r.dir, "infrastructure-components.yaml") }

func (r release) chart() string {
	return filepath.Join(r.dir, "caphv-"+strings.TrimPrefix(r.version, "v")+".tgz")
}

// objects of the components.
func (r release) objects(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	return readObjects(t, r.components())
}

func readObjects(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return parseObjects(t, text)
}

func parseObjects(t *testing.T, text []byte) []*unstructured.Unstructured {
	t.Helper()
	objects, err := management.Parse(text)
	require.NoError(t, err)
	return objects
}

// writeObjects writes manifests as one stream.
func writeObjects(t *testing.T, path string, objects []*unstructured.Unstructured) {
	t.Helper()
	var text strings.Builder
	for _, object := range objects {
		document, err := yaml.Marshal(object.Object)
		require.NoError(t, err)
		text.WriteString("---\n" + string(document))
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
}

// name of an object in messages, and its key in maps.
func name(object *unstructured.Unstructured) string {
	return strings.TrimPrefix(object.GetNamespace()+"/", "/") + object.GetKind() + " " + object.GetName()
}

func byName(objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	named := map[string]*unstructured.Unstructured{}
	for _, object := range objects {
		named[name(object)] = object
	}
	return named
}
