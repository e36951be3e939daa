package clusterclass

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCopyIsTheOneThatShips(t *testing.T) {
	original, err := os.ReadFile("../../../templates/clusterclass/clusterclass-harvester-rke2.yaml")
	require.NoError(t, err)
	assert.Equal(t, string(original), string(manifest), "run: go generate ./internal/clusterclass")
}

func TestObjects(t *testing.T) {
	objects, err := Objects("prod-ns")
	require.NoError(t, err)
	require.NotEmpty(t, objects)
	classes := 0
	for i, object := range objects {
		assert.Equal(t, "prod-ns", object.GetNamespace())
		if object.GetKind() == "ClusterClass" {
			classes++
			assert.Equal(t, "harvester-rke2", object.GetName())
			assert.Equal(t, len(objects)-1, i, "the class comes after its templates")
		}
	}
	assert.Equal(t, 1, classes)
}
