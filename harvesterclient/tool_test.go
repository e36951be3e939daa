package harvesterclient

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// What the README's program does, step by step, against a server: pools listed, a machine started, followed until it runs.
func TestToolAuthorsProgram(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	ctx := t.Context()
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: namespace}, Status: lbv1.IPPoolStatus{Total: 10, Available: 7}}
	require.NoError(t, server.admin.Create(ctx, pool))
	vm := newVM(namespace, "my-vm", nil)
	vm.Spec.Template.Spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{{Name: "nic-0"}}
	require.NoError(t, server.admin.Create(ctx, vm))

	proxy := newFaultProxy(t, server)
	proxy.set(only("/subresources.kubevirt.io/", func(w http.ResponseWriter, r *http.Request) bool { // what KubeVirt does on start
		assert.True(t, strings.HasSuffix(r.URL.Path, "/virtualmachines/my-vm/start"))
		vmi := &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "my-vm"}}
		assert.NoError(t, server.admin.Create(r.Context(), vmi))
		status := `{"status":{"phase":"Running","interfaces":[{"name":"nic-0","ipAddress":"10.0.0.5"}]}}`
		assert.NoError(t, server.admin.Status().Patch(r.Context(), vmi, client.RawPatch(types.MergePatchType, []byte(status))))
		w.WriteHeader(http.StatusAccepted)
		return true
	}))
	connections := newTestConnections(t, func(o *Options) { o.Selector = nil })
	harvester, err := connections.Get(ctx, identity("mine"), proxy.kubeconfig(t, server.account(t, namespace, "tool").token))
	require.NoError(t, err)

	pools := &lbv1.IPPoolList{}
	require.NoError(t, harvester.Cache().List(ctx, pools))
	var free []int64
	for _, p := range pools.Items {
		if p.Name == namespace {
			free = append(free, p.Status.Available)
		}
	}
	assert.Equal(t, []int64{7}, free)

	machine := client.ObjectKeyFromObject(vm)
	require.NoError(t, harvester.Power().Start(ctx, machine))
	eventually(t, "it runs", func() bool {
		vm, vmi := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}
		if harvester.Cache().Get(ctx, machine, vm) != nil || harvester.Cache().Get(ctx, machine, vmi) != nil {
			return false
		}
		state := DescribeVM(vm, vmi)
		return state.Phase == PhaseRunning && len(state.Addresses) == 1 && state.Addresses[0].IP.String() == "10.0.0.5"
	})
}
