package management

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

func TestStatusPageIsCAPHVsAlone(t *testing.T) {
	root, err := build.Root(".")
	require.NoError(t, err)
	before := Components()
	for i, component := range WithStatusPage(before, "127.0.0.1:1234") {
		if component.Name != CAPHV {
			assert.Equal(t, before[i].Args, component.Args)
			continue
		}
		assert.Equal(t, []string{"--metrics-bind-address=127.0.0.1:1234", "--insecure-diagnostics", "--status-page"}, component.Args[len(before[i].Args):])
		assert.NotContains(t, before[i].Args, "--status-page")
		stream, err := component.manifests(build.Paths{Root: root})
		require.NoError(t, err)
		objects, err := Parse(stream)
		require.NoError(t, err)
		var names []string
		for _, object := range objects {
			names = append(names, object.GetKind()+" "+object.GetName())
		}
		assert.Contains(t, names, "ClusterRoleBinding caphv-status-page")
		assert.Contains(t, names, "Deployment caphv-controller-manager")
	}
}
