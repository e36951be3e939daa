package harvestertypes

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// readUpstream reads a file of an upstream module, in the version that go.mod names.
func readUpstream(t *testing.T, module, file string) []byte {
	t.Helper()
	directory, err := moduleDirectory(module)
	require.NoError(t, err)
	data, err := os.ReadFile(filepath.Join(directory, filepath.FromSlash(file)))
	require.NoError(t, err)

	return data
}

// moduleDirectory is where the go command keeps a module.
func moduleDirectory(module string) (string, error) {
	command := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}", module)
	command.Env = append(os.Environ(), "GOWORK=off")
	directory, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("where is %s: %w", module, err)
	}

	return strings.TrimSpace(string(directory)), nil
}

// upstreamCRD is the definition of a kind as upstream ships it.
func upstreamCRD(t *testing.T, k kind) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	require.NoError(t, yaml.UnmarshalStrict(readUpstream(t, k.crdModule, k.crdFile), crd))
	require.Equal(t, k.gvk.Kind, crd.Spec.Names.Kind)

	return crd
}
