package controllers

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplitManifest(t *testing.T) {
	objects, err := splitManifest([]byte(`
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: chart}
---
---
apiVersion: v1
kind: Namespace
metadata: {name: space}
---
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map", "namespace": "space"}}
`))
	require.NoError(t, err)
	var names []string
	for _, object := range objects {
		names = append(names, object.GetName())
	}
	assert.Equal(t, []string{"space", "chart", "map"}, names, "what others need comes first")
}

func TestSplitManifestRefuses(t *testing.T) {
	for _, text := range []string{"- a", "a: [", "kind: Pod", "apiVersion: v1\nkind: Pod\nmetadata: {}"} {
		_, err := splitManifest([]byte(text))
		assert.Error(t, err, text)
	}
}

func TestHelmDefinitions(t *testing.T) {
	objects, err := splitManifest(HelmCRDs)
	require.NoError(t, err)
	require.Len(t, objects, 2)
	assert.Equal(t, "helmcharts.helm.cattle.io", objects[0].GetName())
	assert.Equal(t, "helmchartconfigs.helm.cattle.io", objects[1].GetName())
}

func FuzzSplitManifest(f *testing.F) {
	f.Add([]byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, err := splitManifest(data)
		if err != nil {
			return
		}
		for _, object := range objects {
			assert.NotEmpty(t, object.GetName())
		}
	})
}
