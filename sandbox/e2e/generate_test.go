package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/demo"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// withClass makes a namespace that holds the ClusterClass, and waits until Cluster API knows its variables: before that its
// webhook passes every value.
func withClass(t *testing.T, c client.Client, name string) {
	t.Helper()
	namespace(t, c, name)
	require.NoError(t, demo.ApplyClusterClass(t.Context(), shared, name))
	class := &clusterv1.ClusterClass{}
	require.Eventually(t, func() bool {
		return c.Get(t.Context(), client.ObjectKey{Namespace: name, Name: "harvester-rke2"}, class) == nil &&
			apimeta.IsStatusConditionTrue(class.Status.Conditions, clusterv1.ClusterClassVariablesReadyCondition)
	}, patience, 100*time.Millisecond, "the variables of the class in namespace %s", name)
}

// linter builds caphv-lint as it ships.
func linter(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "caphv-lint")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "./cmd/caphv-lint")
	build.Dir, build.Env = filepath.Join(root, "validation"), append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return program
}

// TestWhatTheGeneratorWritesIsTakenAndPassesTheLinter has a management cluster with everything on it (Cluster API core and its
// webhooks, RKE2's providers, CAPHV with its own, and the ClusterClass) judge the golden files of caphv-generate, one for
// each case of its grid of options. So does caphv-lint.
func TestWhatTheGeneratorWritesIsTakenAndPassesTheLinter(t *testing.T) {
	c := managementClient(t)
	withClass(t, c, "prod-ns")
	withClass(t, c, "classes") // some cases look for the class there
	lint := linter(t)
	files, err := filepath.Glob(filepath.Join(root, "generate", "internal", "manifest", "testdata", "*.yaml"))
	require.NoError(t, err)
	require.Greater(t, len(files), 20)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			stream, err := os.ReadFile(file)
			require.NoError(t, err)
			objects, err := management.Parse(stream)
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(objects), 7)
			for _, object := range objects {
				if object.GetKind() == "GitRepo" {
					continue // Fleet is not in the sandbox.
				}
				err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("grid"), client.ForceOwnership, client.DryRunAll)
				require.NoError(t, err, "%s %s", object.GetKind(), object.GetName())
			}
			output, err := exec.CommandContext(t.Context(), lint, file).CombinedOutput()
			assert.NoError(t, err, "%s", output)
		})
	}
	t.Run("and a wrong value is not", func(t *testing.T) {
		stream, err := os.ReadFile(filepath.Join(root, "generate", "internal", "manifest", "testdata", "guide.yaml"))
		require.NoError(t, err)
		objects, err := management.Parse([]byte(strings.Replace(string(stream), "value: dhcp", "value: static", 1)))
		require.NoError(t, err)
		err = c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(objects[2]), client.FieldOwner("grid"), client.ForceOwnership, client.DryRunAll)
		require.ErrorContains(t, err, "static", "the webhooks judge")
	})
}

// generate runs the real caphv-generate and returns what it printed, whatever became of it.
func generate(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	return demo.Generate(ctx, shared, arguments...)
}
