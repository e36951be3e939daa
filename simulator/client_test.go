package simulator_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// harvesterclient's power operations: what it sends and reads is what the simulator, which
// follows KubeVirt's rules, takes and says.
func TestHarvesterclientOperatesMachines(t *testing.T) {
	c := admin(t, shared.stand)
	vm := launch(t, c, namespace(t, c), "one")
	key := client.ObjectKeyFromObject(vm)
	power, err := harvesterclient.NewPower(account(t, c, vm.Namespace, "operator", operating()), nil)
	require.NoError(t, err)
	ctx := t.Context()
	running := func(other string) *kubevirtv1.VirtualMachineInstance {
		return get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
			agent := false
			for _, condition := range vmi.Status.Conditions {
				agent = agent || condition.Type == kubevirtv1.VirtualMachineInstanceAgentConnected
			}
			return accept(string(vmi.UID) != other && vmi.Status.Phase == kubevirtv1.Running && agent, "instance %s is %s", vmi.UID, vmi.Status.Phase)
		})
	}

	first := running("")
	require.ErrorIs(t, power.Start(ctx, key), harvesterclient.ErrNotReady, "it runs")
	info, err := power.GuestOSInfo(ctx, key)
	require.NoError(t, err)
	assert.Equal(t, "one", info.Hostname)
	require.NoError(t, power.SoftReboot(ctx, key))
	require.NoError(t, power.Migrate(ctx, key))
	require.NoError(t, power.Restart(ctx, key))
	running(string(first.UID))
	get(t, c, key, vm, func(vm *kubevirtv1.VirtualMachine) error {
		return accept(len(vm.Status.StateChangeRequests) == 0, "requests: %v", vm.Status.StateChangeRequests)
	})
	require.NoError(t, power.Stop(ctx, key))
	get(t, c, key, vm, hasStatus(kubevirtv1.VirtualMachineStatusStopped))
	require.ErrorIs(t, power.Stop(ctx, key), harvesterclient.ErrNotReady)
	require.ErrorIs(t, power.Restart(ctx, key), harvesterclient.ErrNotReady)
	require.ErrorIs(t, power.SoftReboot(ctx, key), harvesterclient.ErrNotFound, "there is no instance")
	require.NoError(t, power.Start(ctx, key))
	running(string(first.UID))

	_, err = power.Console(ctx, key)
	require.ErrorIs(t, err, harvesterclient.ErrUnauthorized, "it has no right to consoles")
}

// Section 9, VM lifecycle, lines 6 and 7: harvesterclient takes a machine's own disk along, and leaves alone what the
// storage driver patched into it meanwhile.
func TestHarvesterclientSparesWhatOthersPlugIn(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	require.NoError(t, shared.stand.PlugVolume(t.Context(), client.ObjectKeyFromObject(vm), "pvc-of-the-guest"))
	require.NoError(t, harvesterclient.DeleteVM(t.Context(), outside(t, shared.stand), vm))
	claim := func(name string) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: name}}
	}
	gone(t, c, vm)
	gone(t, c, claim("one-disk-0"))
	guests := claim("pvc-of-the-guest")
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(guests), guests))
	assert.Nil(t, guests.DeletionTimestamp)
}

// consoleUser is a Power with the right to consoles and to nothing else.
func consoleUser(t *testing.T, c client.Client, space string) *harvesterclient.Power {
	t.Helper()
	config := account(t, c, space, "console-user", []rbacv1.PolicyRule{
		{APIGroups: []string{kubevirtv1.SubresourceGroupName}, Resources: []string{"virtualmachineinstances/console"}, Verbs: []string{"get"}},
	})
	power, err := harvesterclient.NewPower(config, nil)
	require.NoError(t, err)
	return power
}

// account makes an account with these rights in one namespace, and says how it reaches Harvester.
func account(t *testing.T, c client.Client, space, name string, rules []rbacv1.PolicyRule) *rest.Config {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: space, Name: name}
	account := &corev1.ServiceAccount{ObjectMeta: meta}
	require.NoError(t, c.Create(t.Context(), account))
	require.NoError(t, c.Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: rules}))
	require.NoError(t, c.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: space, Name: name}},
	}))
	token := &authenticationv1.TokenRequest{}
	require.NoError(t, c.SubResource("token").Create(t.Context(), account, token))
	config, err := clientcmd.RESTConfigFromKubeConfig(shared.stand.Kubeconfig())
	require.NoError(t, err)
	config.BearerToken, config.BearerTokenFile = token.Status.Token, ""
	return config
}

// expect reads what a guest prints, byte for byte.
func expect(t *testing.T, console io.Reader, want string) {
	t.Helper()
	printed := make([]byte, len(want))
	_, err := io.ReadFull(console, printed)
	require.NoError(t, err)
	assert.Equal(t, want, string(printed))
}

// Section 9, CRDs/apiserver, line 2, and what harvesterclient needs beyond it: the serial console, through the proxy with
// its token, as KubeVirt hands it out.
func TestHarvesterclientReachesTheConsole(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	power := consoleUser(t, c, space)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	key := client.ObjectKey{Namespace: space, Name: "one"}
	_, err := power.Console(ctx, key)
	require.ErrorIs(t, err, harvesterclient.ErrNotFound)

	vm := newVM(t, c, space, "one") // without its cloud-init Secret it does not come up
	require.NoError(t, c.Create(ctx, vm))
	get(t, c, key, &kubevirtv1.VirtualMachineInstance{}, func(*kubevirtv1.VirtualMachineInstance) error { return nil })
	_, err = power.Console(ctx, key)
	require.ErrorIs(t, err, harvesterclient.ErrNotReady)

	require.NoError(t, c.Create(ctx, cloudInit(space, "one", "")))
	waitAddress(t, c, vm)
	console, err := power.Console(ctx, key)
	require.NoError(t, err)
	expect(t, console, "one login: ")
	_, err = io.WriteString(console, "root\n")
	require.NoError(t, err)
	expect(t, console, "root\n")

	another, err := power.Console(ctx, key)
	require.NoError(t, err)
	expect(t, another, "one login: ")
	_, err = console.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "one user at a time")
	require.NoError(t, console.Close())

	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) { vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted) })
	_, err = io.ReadAll(another)
	require.NoError(t, err, "the line ends with the machine, in order")
	require.NoError(t, another.Close())
}
