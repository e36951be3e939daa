package main

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// Krew refuses an archive whose checksum differs, and installs what the manifest names.
func TestKrewManifestNamesTheArchives(t *testing.T) {
	assets := map[string][]byte{}
	for _, platform := range platforms {
		assets[archiveName(plugin, "v1.2.3", platform)] = []byte(platform)
	}
	text, err := krewManifest("v1.2.3", assets)
	require.NoError(t, err)
	var manifest krewPlugin
	require.NoError(t, yaml.UnmarshalStrict(text, &manifest))
	assert.Equal(t, "caphv-doctor", manifest.Metadata.Name)
	assert.Contains(t, commands, manifest.Metadata.Name)
	assert.Less(t, len(manifest.Spec.ShortDescription), 50, "krew's own limit")
	require.Len(t, manifest.Spec.Platforms, len(platforms))
	windows := 0
	for i, p := range manifest.Spec.Platforms {
		name := archiveName(plugin, "v1.2.3", platforms[i])
		assert.Equal(t, "https://github.com/rancher-sandbox/cluster-api-provider-harvester/releases/download/v1.2.3/"+name, p.URI)
		assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(assets[name])), p.SHA256)
		assert.Equal(t, p.Bin, p.Files[0].From)
		if p.Selector.MatchLabels["os"] == "windows" {
			windows++
			assert.Equal(t, "caphv-doctor.exe", p.Bin)
		}
	}
	assert.Equal(t, 1, windows)

	delete(assets, archiveName(plugin, "v1.2.3", platforms[0]))
	_, err = krewManifest("v1.2.3", assets)
	require.ErrorContains(t, err, "not among the assets")
}
