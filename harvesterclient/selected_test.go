package harvesterclient

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/labels"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Two identities on one Harvester: each holds its own machines only. When one is given more, its connection is replaced
// as after a rotation, and the machines that it may see now are there.
func TestAnIdentityHoldsWhatItSelects(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	kubeconfig := server.account(t, namespace, "a").direct(t)
	connections := newTestConnections(t)
	ctx := t.Context()
	of := func(team string) map[string]string {
		all := maps.Clone(ours)
		all["team"] = team
		return all
	}
	selected := func(name string, team ...string) *Connection {
		selector, err := labels.Parse("team in (" + strings.Join(team, ",") + ")")
		require.NoError(t, err)
		connection, err := connections.GetSelected(ctx, identity(name), kubeconfig, selector)
		require.NoError(t, err)
		return connection
	}
	red, blue := selected("red", "red"), selected("blue", "blue")
	require.NoError(t, red.Client().Create(ctx, newVM(namespace, "red-1", of("red"))))
	require.NoError(t, red.Client().Create(ctx, newVM(namespace, "blue-1", of("blue"))))
	require.NoError(t, red.Client().Create(ctx, newVM(namespace, "red-2", of("red"))))
	require.NoError(t, red.Client().Create(ctx, newVM(namespace, "blue-2", of("blue"))))
	held := func(connection *Connection) []string {
		list := &kubevirtv1.VirtualMachineList{}
		require.NoError(t, connection.Cache().List(ctx, list, client.InNamespace(namespace)))
		names := make([]string, 0, len(list.Items))
		for i := range list.Items {
			names = append(names, list.Items[i].Name)
		}
		return names
	}
	eventually(t, "both have their last machine", func() bool { return len(held(red)) >= 2 && len(held(blue)) >= 2 })
	assert.ElementsMatch(t, []string{"red-1", "red-2"}, held(red))
	assert.ElementsMatch(t, []string{"blue-1", "blue-2"}, held(blue))
	assert.Same(t, red, selected("red", "red"))

	both := selected("red", "red", "blue")
	assert.NotSame(t, red, both)
	assert.ElementsMatch(t, []string{"red-1", "red-2", "blue-1", "blue-2"}, held(both))
	assert.Len(t, connections.States(), 2)
}
