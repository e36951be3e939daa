package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
)

// byClaims makes machines whose addresses come by claims of Cluster API's IPAM contract, which the manager makes on the one
// side and serves from Harvester on the other, with Cluster API's own webhooks between.
func byClaims(t *testing.T, f *fleet.Fleet) {
	t.Helper()
	const name, machines = "claims", 3
	c, ctx := f.Client(), t.Context()
	require.NoError(t, ipamv1.AddToScheme(c.Scheme()))
	require.NoError(t, f.Create(ctx, name, 0))
	require.NoError(t, c.Create(ctx, &infrav1.HarvesterIPPool{
		ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "production"},
		Spec:       infrav1.HarvesterIPPoolSpec{IdentitySecret: infrav1.SecretReference{Namespace: name, Name: "harvester"}, IPPoolRefs: []string{fleet.Pool}},
	}))
	template := &infrav1.HarvesterMachineTemplate{}
	require.NoError(t, c.Get(ctx, client.ObjectKey{Namespace: name, Name: "worker"}, template))
	template.ObjectMeta = metav1.ObjectMeta{Namespace: name, Name: "by-claim", Labels: template.Labels}
	template.Spec.Template.Spec.NetworkInterfaces = []infrav1.NetworkInterface{{
		Index:              ptr.To(int32(0)),
		AddressesFromPools: []ipamv1.IPPoolReference{{APIGroup: infrav1.GroupVersion.Group, Kind: "HarvesterIPPool", Name: "production"}},
	}}
	require.NoError(t, c.Create(ctx, template))
	deployment := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: name}}
	deployment.APIVersion, deployment.Kind = "cluster.x-k8s.io/v1beta2", "MachineDeployment"
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d,"template":{"spec":{"infrastructureRef":{"name":"by-claim"}}}}}`, machines)
	require.NoError(t, c.Patch(ctx, deployment, client.RawPatch(types.MergePatchType, patch)))
	require.NoError(t, f.Await(ctx, name, machines))

	infra, addresses := &infrav1.HarvesterMachineList{}, &ipamv1.IPAddressList{}
	require.NoError(t, c.List(ctx, infra, client.InNamespace(name)))
	require.NoError(t, c.List(ctx, addresses, client.InNamespace(name)))
	given := map[string]bool{}
	for _, address := range addresses.Items {
		given[address.Spec.Address] = true
	}
	assert.Len(t, given, machines, "each claim has an address of its own")
	for _, machine := range infra.Items {
		require.Len(t, machine.Status.AllocatedAddresses, 1)
		held := machine.Status.AllocatedAddresses[0]
		assert.True(t, strings.HasPrefix(held.ClaimRef, machine.Name) && given[held.Address], "%s: %+v", machine.Name, held)
		assert.Equal(t, held.Address, machine.Status.Addresses[1].Address, "the VM uses the address of its claim")
	}
	require.NoError(t, f.Scale(ctx, name, 1))
	require.NoError(t, f.Await(ctx, name, 1))
	require.Eventually(t, func() bool {
		left := &ipamv1.IPAddressList{}
		return c.List(ctx, left, client.InNamespace(name)) == nil && len(left.Items) == 1
	}, time.Minute, 200*time.Millisecond, "addresses of machines that went are given back")
	require.NoError(t, f.Delete(ctx, name))
}
