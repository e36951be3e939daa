package version_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/harvester/version"
)

func TestParse(t *testing.T) {
	tests := map[string]version.Version{
		"v1.8.0":     {Major: 1, Minor: 8, Raw: "v1.8.0"},
		"1.7.1":      {Major: 1, Minor: 7, Patch: 1, Raw: "1.7.1"},
		"v1.9.0-rc6": {Major: 1, Minor: 9, Raw: "v1.9.0-rc6"},
	}
	for text, want := range tests {
		got, err := version.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, text, got.String())
	}
	for _, text := range []string{"", "dev", "v1.8", "v1.x.0", "v1.-1.0", "v1.2.2", "v0.9.0"} {
		_, err := version.Parse(text)
		require.ErrorIs(t, err, version.ErrUnsupported, text)
	}
}

func TestQuirksByRelease(t *testing.T) {
	of := func(text string) version.Quirks {
		parsed, err := version.Parse(text)
		require.NoError(t, err)
		return parsed.Quirks()
	}
	assert.Equal(t, version.Quirks{IngressExpose: true}, of("v1.3.2"))
	assert.False(t, of("v1.4.4").DuplicateAllocationHeals)
	assert.True(t, of("v1.5.0").DuplicateAllocationHeals)
	assert.False(t, of("v1.6.9").MACsInSpec)
	assert.True(t, of("v1.7.0").MACsInSpec)
	assert.False(t, of("v1.7.3").ImageClassByUID)
	assert.True(t, of("v1.8.0").ImageClassByUID)
	assert.True(t, of("v1.8.0").ClusterBalancersNeedVMs)
	assert.False(t, of("v1.8.1").ClusterBalancersNeedVMs)
	assert.True(t, of("v1.8.2").IngressExpose)
	assert.False(t, of("v1.9.0-rc6").IngressExpose)
}
