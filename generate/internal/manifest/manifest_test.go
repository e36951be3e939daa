package manifest

import (
	"bytes"
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/grid"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

var update = flag.Bool("update", false, "write the golden files anew")

func build(t *testing.T, s settings.Settings) []*unstructured.Unstructured {
	t.Helper()
	objects, err := Build(s, Contents{Kubeconfig: kubeconfig})
	require.NoError(t, err)
	return objects
}

var kubeconfig = []byte("kubeconfig: of Harvester\n")

func TestGolden(t *testing.T) {
	for name, s := range grid.Cases() {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, s.Problems())
			var got bytes.Buffer
			require.NoError(t, Write(&got, build(t, s)))
			path := filepath.Join("testdata", name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(path, got.Bytes(), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "run the test with -update to write it")
			assert.Equal(t, string(want), got.String())
			var again bytes.Buffer
			require.NoError(t, Write(&again, build(t, s)))
			assert.Equal(t, got.String(), again.String(), "the same settings must give the same bytes")
		})
	}
}

func TestTheGuidesTenObjects(t *testing.T) {
	count := make(map[string]int)
	for _, object := range build(t, grid.Guide()) {
		count[object.GetKind()]++
	}
	assert.Equal(t, map[string]int{
		"Namespace": 1, "Secret": 1, "Cluster": 1, "ConfigMap": 3, "ClusterResourceSet": 3, "MachineHealthCheck": 1,
	}, count)
}

func TestIdentitySecretHoldsTheFileAsItIs(t *testing.T) {
	secret := build(t, grid.Guide())[1]
	encoded, _, err := unstructured.NestedString(secret.Object, "data", "kubeconfig")
	require.NoError(t, err)
	content, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	assert.Equal(t, kubeconfig, content)
	assert.Contains(t, secret.GetLabels(), "clusterctl.cluster.x-k8s.io/move")
}

func TestWriteFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "directory")
	for range 2 {
		files := Files(build(t, grid.Guide()))
		require.NoError(t, files.Write(dir))
		require.Len(t, files, 10)
		assert.Equal(t, "01-namespace-prod-ns.yaml", files[0].Name)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 10, "nothing is left beside the files")
	secret, err := os.Stat(filepath.Join(dir, "02-secret-production-cluster-harvester-identity.yaml"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), secret.Mode().Perm())
	other, err := os.Stat(filepath.Join(dir, "03-cluster-production-cluster.yaml"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), other.Mode().Perm())
}

func TestWriteFilesNeedsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	err := Files(build(t, grid.Guide())).Write(file)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "kubeconfig: of Harvester")
}
