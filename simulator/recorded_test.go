package simulator_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// recorded returns the first event that matches, once it is there.
func recorded(t *testing.T, matches func(history.Event) bool) history.Event {
	t.Helper()
	var found history.Event
	eventually(t, func() error {
		events, err := history.Read(filepath.Join(shared.plane.Dir(), simulator.HistoryFile))
		if err != nil {
			return err
		}
		for _, event := range events {
			if matches(event) {
				found = event
				return nil
			}
		}
		return accept(false, "nothing of it is recorded")
	})
	return found
}

// Whose machines are behind a load balancer is judged by the labels that are recorded.
func TestBackendsAreRecordedWithTheirLabels(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	pool := plant(t, c, newPool("recorded"))
	lb := newBalancer(space, "api", pool.Name)
	lb.Labels = map[string]string{"whose": "ours"}
	require.NoError(t, c.Create(t.Context(), lb))
	launch(t, c, space, "one")
	event := recorded(t, func(event history.Event) bool {
		return event.Kind == history.BackendsChanged && event.Namespace == space
	})
	assert.Equal(t, "api", event.Name)
	assert.Equal(t, "ours", event.Labels["whose"])
	assert.Equal(t, "test", event.Backends["one"]["role"])
}

// Which volumes a client may delete is judged by those that it had made.
func TestVolumesOfAVMAreRecorded(t *testing.T) {
	c := outside(t, shared.stand)
	space := namespace(t, admin(t, shared.stand))
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	vm := newVM(t, admin(t, shared.stand), space, "one")
	require.NoError(t, c.Create(t.Context(), vm))
	event := recorded(t, func(event history.Event) bool {
		return event.Kind == history.Write && event.Namespace == space && event.Resource == "virtualmachines.kubevirt.io"
	})
	assert.Equal(t, []string{"one-disk-0"}, event.Volumes)
}

func TestAPoolLosesItsStatusAndNothingElse(t *testing.T) {
	c := admin(t, shared.stand)
	pool := plant(t, c, newPool("forgetful"))
	change(t, c, pool, func(pool *lbv1.IPPool) {
		pool.Status.Allocated = map[string]string{pool.Spec.Ranges[0].RangeStart: "default/a"}
	})
	spec := pool.Spec
	require.NoError(t, shared.stand.LosePool(t.Context(), pool.Name))
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(pool), pool))
	assert.Empty(t, pool.Status.Allocated)
	assert.Equal(t, spec, pool.Spec)
	event := recorded(t, func(event history.Event) bool { return event.Kind == history.Fault && event.Name == pool.Name })
	assert.Equal(t, "ippools", event.Resource)
	assert.NotEmpty(t, event.ResourceVersion)
	require.Error(t, shared.stand.LosePool(t.Context(), "missing"))
}

func TestAHostileAgentReportsMuchBesideTheTruth(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	key := client.ObjectKeyFromObject(vm)
	truth := waitAddress(t, c, vm).Status.Interfaces[0].IP
	shared.stand.VMs().Hostile(key, true)
	get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		interfaces := vmi.Status.Interfaces
		return accept(len(interfaces) == 2 && interfaces[0].IP == truth && len(interfaces[0].IPs) > 300 && len(interfaces[1].InterfaceName) > 4096, "%d interfaces", len(interfaces))
	})
	shared.stand.VMs().Hostile(key, false)
	get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(len(vmi.Status.Interfaces) == 1 && len(vmi.Status.Interfaces[0].IPs) == 1, "%d interfaces", len(vmi.Status.Interfaces))
	})
}
