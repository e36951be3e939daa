package simulator_test

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/plane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/simulatortest"
)

// Section 9, CRDs/apiserver, line 5.
func TestSystemObjects(t *testing.T) {
	c := admin(t, shared.stand)
	version := &hciv1.Setting{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: hciv1.SettingServerVersion}, version))
	assert.Equal(t, "v1.8.0", version.EffectiveValue())
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "harvester-system", Name: "harvester"}, &appsv1.Deployment{}))
	for _, role := range []string{"harvesterhci.io:cloudprovider", "harvesterhci.io:csi-driver"} {
		require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: role}, &rbacv1.ClusterRole{}))
	}
	vip := &corev1.ConfigMap{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "harvester-system", Name: "vip"}, vip))
	assert.Equal(t, "127.0.0.1", vip.Data["ip"])
	expose := &corev1.Service{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "kube-system", Name: "ingress-expose"}, expose))
	assert.Equal(t, "127.0.0.1", expose.Annotations["kube-vip.io/loadbalancerIPs"])
	hosts := &corev1.NodeList{}
	require.NoError(t, c.List(t.Context(), hosts))
	zones := map[string]int{}
	for _, host := range hosts.Items {
		zones[host.Labels[corev1.LabelTopologyZone]]++
		assert.Equal(t, host.Name, host.Labels[corev1.LabelHostname])
		assert.Equal(t, "true", host.Labels["network.harvesterhci.io/production"])
	}
	assert.Equal(t, map[string]int{"zone-a": 2, "zone-b": 1}, zones)
}

// Section 9, CRDs/apiserver, line 5: what Harvester's two roles let a guest do.
func TestRolesForGuests(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	roles := []string{"cloudprovider", "csi-driver"}
	for _, role := range roles {
		require.NoError(t, c.Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "harvesterhci.io:" + role},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: space, Name: role}},
		}))
	}
	may := func(role string, action authorizationv1.ResourceAttributes) bool {
		action.Namespace = space
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: "system:serviceaccount:" + space + ":" + role, ResourceAttributes: &action,
		}}
		require.NoError(t, c.Create(t.Context(), review))
		return review.Status.Allowed
	}
	const balancers, machines = "loadbalancer.harvesterhci.io", "kubevirt.io"
	for _, test := range []struct {
		action           authorizationv1.ResourceAttributes
		provider, driver bool
	}{
		{authorizationv1.ResourceAttributes{Verb: "create", Group: balancers, Resource: "loadbalancers"}, true, false},
		{authorizationv1.ResourceAttributes{Verb: "delete", Group: balancers, Resource: "loadbalancers"}, true, false},
		{authorizationv1.ResourceAttributes{Verb: "patch", Group: balancers, Resource: "loadbalancers"}, false, false},
		{authorizationv1.ResourceAttributes{Verb: "get", Group: machines, Resource: "virtualmachineinstances"}, true, false},
		{authorizationv1.ResourceAttributes{Verb: "patch", Group: machines, Resource: "virtualmachines"}, false, true},
		{authorizationv1.ResourceAttributes{Verb: "delete", Group: machines, Resource: "virtualmachines"}, false, false},
		{authorizationv1.ResourceAttributes{Verb: "create", Resource: "persistentvolumeclaims"}, true, false},
		{authorizationv1.ResourceAttributes{Verb: "get", Resource: "secrets"}, false, false},
	} {
		eventually(t, func() error { // the API server learns of a binding a little later
			provider, driver := may(roles[0], test.action), may(roles[1], test.action)
			return accept(provider == test.provider && driver == test.driver, "%+v: cloud provider %t, driver %t", test.action, provider, driver)
		})
	}
}

// Section 9, CRDs/apiserver, line 5: 1.9 has no ingress-expose, and an address by DHCP stands elsewhere.
func TestSystemObjectsOf19WithDHCP(t *testing.T) {
	ctx := t.Context()
	plane, err := plane.New(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, plane.Stop(background(t))) })
	stand, err := plane.Start(ctx, simulator.Options{Version: "v1.9.0-rc6", VIPMode: simulator.VIPDHCP, ManagementVIP: netip.MustParseAddr("192.0.2.10")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stand.Stop(background(t))) })
	c := admin(t, stand)
	err = c.Get(ctx, client.ObjectKey{Namespace: "kube-system", Name: "ingress-expose"}, &corev1.Service{})
	assert.True(t, apierrors.IsNotFound(err), "%v", err)
	vip := &corev1.ConfigMap{}
	require.NoError(t, c.Get(ctx, client.ObjectKey{Namespace: "harvester-system", Name: "vip"}, vip))
	assert.Equal(t, "192.0.2.10", vip.Data["ip"])
	assert.Equal(t, "dhcp", vip.Data["mode"])
}

// 4.3 of the facts: a network in use cannot be deleted, nor can it become another.
func TestNetworksInUseAreProtected(t *testing.T) {
	c := admin(t, shared.stand)
	launch(t, c, namespace(t, c), "one")
	network := &nadv1.NetworkAttachmentDefinition{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "production"}, network))
	err := c.Delete(t.Context(), network)
	require.ErrorContains(t, err, "is still used by VM")
	assert.True(t, apierrors.IsInternalError(err))
	err = attempt(t, c, network, func(network *nadv1.NetworkAttachmentDefinition) {
		network.Spec.Config = `{"type":"bridge","bridge":"other-br"}`
	})
	require.ErrorContains(t, err, "can't be changed")
}

// The state is in the API: a simulator started again carries on where the former left off.
func TestRestart(t *testing.T) {
	ctx := t.Context()
	plane, err := plane.New(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, plane.Stop(background(t))) })
	options := simulatortest.Quick(simulator.Options{})
	former, err := plane.Start(ctx, options)
	require.NoError(t, err)
	require.NoError(t, former.Seed(ctx, simulator.DefaultSeed()))
	c := admin(t, former)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	lb := newBalancer(space, "api", "capi-lb-pool")
	require.NoError(t, c.Create(ctx, lb))
	lb = get(t, c, client.ObjectKeyFromObject(lb), lb, hasAddress)
	before := waitAddress(t, c, vm).DeepCopy()
	kubeconfig := former.Kubeconfig()
	client1 := outside(t, former)
	require.NoError(t, former.Stop(ctx))
	require.NoError(t, former.Stop(ctx), "stopping twice is harmless")
	require.Error(t, client1.List(ctx, &lbv1.IPPoolList{}))

	again, err := plane.Start(ctx, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, again.Stop(background(t))) })
	assert.Equal(t, kubeconfig, again.Kubeconfig(), "what was handed to the provider still works")
	require.NoError(t, client1.List(ctx, &lbv1.IPPoolList{}))
	after := waitAddress(t, c, vm)
	assert.Equal(t, before.UID, after.UID)
	assert.Equal(t, before.Status.Interfaces[0].IP, after.Status.Interfaces[0].IP)
	second := launch(t, c, space, "two")
	assert.NotEqual(t, after.Status.Interfaces[0].IP, waitAddress(t, c, second).Status.Interfaces[0].IP, "leases are remembered")
	get(t, c, client.ObjectKeyFromObject(lb), lb, func(lb *lbv1.LoadBalancer) error {
		return accept(len(lb.Status.BackendServers) == 2, "backends: %v", lb.Status.BackendServers)
	})
	require.NoError(t, c.Delete(ctx, vm))
	gone(t, c, vm)
	judgeHistory(t, filepath.Join(plane.Dir(), simulator.HistoryFile), vm)
}

// judgeHistory checks that the life of a machine can be read from the history.
func judgeHistory(t *testing.T, path string, vm *kubevirtv1.VirtualMachine) {
	t.Helper()
	events, err := history.Read(path)
	require.NoError(t, err)
	var life []history.Kind
	for _, event := range events {
		if event.UID == string(vm.UID) && event.Kind != history.Write {
			life = append(life, event.Kind)
		}
	}
	require.NotEmpty(t, life)
	assert.Equal(t, history.MachineUp, life[0])
	assert.Contains(t, life, history.MachineAddresses)
	assert.Contains(t, life, history.MachineDown)
	eventually(t, func() error {
		events, err := history.Read(path)
		if err != nil {
			return err
		}
		for _, event := range events {
			if event.Kind == history.MachineGone && event.UID == string(vm.UID) {
				return nil
			}
		}
		return accept(false, "nothing says that the machine is gone")
	})
}
