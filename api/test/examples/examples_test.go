// Package examples has a real API server with the CRDs of Cluster API, RKE2's providers and ours look at examples/.
package examples

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/apiserver"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/manifests"
)

var cluster *apiserver.Cluster

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(started *apiserver.Cluster) error {
		cluster = started
		return cluster.InstallProviders(context.Background())
	}))
}

// TestExamplesAreAccepted: every object, with every field of it, in a server-side dry run. Namespaces are made for real, as
// a dry run in a namespace that does not exist is refused.
func TestExamplesAreAccepted(t *testing.T) {
	root, err := manifests.Root()
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(root, "examples", "*.yaml"))
	require.NoError(t, err)
	for _, name := range []string{"class", "manual", "multi-pool", "static", "dhcp", "ha", "air-gap", "ipam", "identity"} {
		assert.Contains(t, paths, filepath.Join(root, "examples", name+".yaml"))
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			objects, err := manifests.Read(path)
			require.NoError(t, err)
			require.NotEmpty(t, objects)
			for _, object := range objects {
				if object.GetKind() == "Namespace" {
					require.NoError(t, cluster.Apply(t.Context(), object.DeepCopy()))
				}
				err := cluster.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object.DeepCopy()),
					client.FieldOwner("test"), client.ForceOwnership, client.DryRunAll)
				assert.NoError(t, err, "%s %s", object.GetKind(), object.GetName())
			}
		})
	}
}
