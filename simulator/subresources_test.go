package simulator_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var clientcodecs = scheme.Codecs.WithoutConversion()

// operator calls KubeVirt's subresources.
type operator struct {
	t    *testing.T
	rest *rest.RESTClient
	vm   client.ObjectKey
}

// newOperator has the rights to start, stop and move VMs, and no others.
func newOperator(t *testing.T, vm client.Object) operator {
	t.Helper()
	config := account(t, admin(t, shared.stand), vm.GetNamespace(), "operator", operating())
	built, err := rest.RESTClientFor(withoutPrefix(config))
	require.NoError(t, err)
	return operator{t, built, client.ObjectKeyFromObject(vm)}
}

// operating are the rights to start, stop and move VMs, and to ask their guests.
func operating() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		{
			APIGroups: []string{kubevirtv1.SubresourceGroupName}, Verbs: []string{"update"},
			Resources: []string{"virtualmachines/start", "virtualmachines/stop", "virtualmachines/restart", "virtualmachines/migrate", "virtualmachineinstances/softreboot"},
		},
		{APIGroups: []string{kubevirtv1.SubresourceGroupName}, Verbs: []string{"get"}, Resources: []string{"virtualmachineinstances/guestosinfo"}},
	}
}

func (o operator) path(resource, operation string) string {
	return "/apis/subresources.kubevirt.io/v1/namespaces/" + o.vm.Namespace + "/" + resource + "/" + o.vm.Name + "/" + operation
}

func (o operator) put(resource, operation string) (int, error) {
	var code int
	result := o.rest.Put().AbsPath(o.path(resource, operation)).Do(o.t.Context())
	result.StatusCode(&code)
	return code, result.Error()
}

func (o operator) accepted(resource, operation string) {
	o.t.Helper()
	code, err := o.put(resource, operation)
	require.NoError(o.t, err)
	assert.Equal(o.t, 202, code)
}

func (o operator) conflicts(resource, operation string) {
	o.t.Helper()
	_, err := o.put(resource, operation)
	assert.True(o.t, apierrors.IsConflict(err), "%s: %v", operation, err)
}

// Section 9, CRDs/apiserver, line 2.
func TestSubresourcesObeyTheRulesOfKubeVirt(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	key := client.ObjectKeyFromObject(vm)
	do := newOperator(t, vm)
	const machines, instances = "virtualmachines", "virtualmachineinstances"
	first := waitAddress(t, c, vm).UID

	do.conflicts(machines, "start")
	document, err := do.rest.Get().AbsPath(do.path(instances, "guestosinfo")).DoRaw(t.Context())
	require.NoError(t, err)
	var info kubevirtv1.VirtualMachineInstanceGuestAgentInfo
	require.NoError(t, json.Unmarshal(document, &info))
	assert.Equal(t, "one", info.Hostname)

	do.accepted(instances, "softreboot")
	do.accepted(machines, "restart")
	get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.UID != first && vmi.Status.Phase == kubevirtv1.Running, "not restarted")
	})
	get(t, c, key, vm, func(vm *kubevirtv1.VirtualMachine) error {
		return accept(len(vm.Status.StateChangeRequests) == 0, "requests: %v", vm.Status.StateChangeRequests)
	})
	do.accepted(machines, "migrate")

	do.accepted(machines, "stop")
	get(t, c, key, vm, hasStatus(kubevirtv1.VirtualMachineStatusStopped))
	assert.Equal(t, kubevirtv1.RunStrategyHalted, *vm.Spec.RunStrategy)
	for _, operation := range []string{"stop", "restart", "migrate"} {
		do.conflicts(machines, operation)
	}
	_, err = do.put(instances, "softreboot")
	assert.True(t, apierrors.IsNotFound(err), "%v", err)

	do.accepted(machines, "start")
	waitAddress(t, c, vm)
	require.NoError(t, c.Get(t.Context(), key, vm))
	assert.Equal(t, kubevirtv1.RunStrategyRerunOnFailure, *vm.Spec.RunStrategy, "KubeVirt asks for Always, and Harvester's mutator puts back what it ran with")
}

// Section 9, CRDs/apiserver, line 2: Manual machines are started and stopped by requests.
func TestManualMachinesAreStartedByRequest(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	vm := newVM(t, c, space, "one")
	vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyManual)
	require.NoError(t, c.Create(t.Context(), vm))
	get(t, c, client.ObjectKeyFromObject(vm), vm, hasStatus(kubevirtv1.VirtualMachineStatusStopped))
	do := newOperator(t, vm)
	do.accepted("virtualmachines", "start")
	waitAddress(t, c, vm)
	do.accepted("virtualmachines", "stop")
	get(t, c, client.ObjectKeyFromObject(vm), vm, hasStatus(kubevirtv1.VirtualMachineStatusStopped))
	assert.Equal(t, kubevirtv1.RunStrategyManual, *vm.Spec.RunStrategy)
}

// Section 9, CRDs/apiserver, line 2: the rights are on the subresources' own API group.
func TestSubresourcesAskForRights(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	do := newOperator(t, vm)
	_, err := do.put("virtualmachineinstances", "pause")
	assert.True(t, apierrors.IsForbidden(err), "%v", err)
	provider, err := clientcmd.RESTConfigFromKubeConfig(shared.stand.Kubeconfig())
	require.NoError(t, err)
	do.rest, err = rest.RESTClientFor(withoutPrefix(provider))
	require.NoError(t, err)
	_, err = do.put("virtualmachines", "stop")
	assert.True(t, apierrors.IsForbidden(err), "the provider operates no VM: %v", err)
	config, err := clientcmd.RESTConfigFromKubeConfig(shared.stand.Kubeconfig())
	require.NoError(t, err)
	config.BearerToken = "nonsense"
	stranger, err := rest.RESTClientFor(withoutPrefix(config))
	require.NoError(t, err)
	do.rest = stranger
	_, err = do.put("virtualmachines", "stop")
	assert.True(t, apierrors.IsUnauthorized(err), "%v", err)
}
