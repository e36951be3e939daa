package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/inventory"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/judge"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// TestAClusterOfV02IsAdopted starts where an operator of v0.2.x stands: CRDs that know v1alpha1 alone, a cluster stored in
// that version, and on Harvester what that release made for it. Then this release is installed over it. Nothing may be made
// anew, every address stays with its VM, and in the end the cluster leaves nothing behind.
func TestAClusterOfV02IsAdopted(t *testing.T) {
	t.Parallel() // Most of it is waiting.
	options, _, err := fleet.Options(root, filepath.Join(root, ".cache", "e2e-upgrade"))
	require.NoError(t, err)
	options.Out, options.Report = os.Stderr, line.Up
	caphv := options.Components[len(options.Components)-1]
	require.Equal(t, management.CAPHV, caphv.Name)
	options.Components = options.Components[:len(options.Components)-1]
	s, err := sandbox.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop(context.Background())) })
	f, err := fleet.New(t.Context(), s, "")
	require.NoError(t, err)
	before, err := inventory.Take(t.Context(), s)
	require.NoError(t, err)

	old := newOldRelease(t, s, f)
	old.installCRDs()
	old.makeOnHarvester()
	old.store()
	require.Equal(t, []string{"v1alpha1"}, old.storedVersions("harvestermachines"))

	require.NoError(t, s.Management().Add(t.Context(), caphv))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, f.Await(ctx, oldCluster, len(old.machines)))
	old.requireAdopted()

	// One machine goes, and its address with it; then the rest.
	worker := old.machines[1]
	require.NoError(t, f.Client().Delete(ctx, &clusterv1.Machine{ObjectMeta: metav1.ObjectMeta{Namespace: oldCluster, Name: worker.name}}))
	require.NoError(t, f.Await(ctx, oldCluster, 1))
	assert.Equal(t, map[string]string{old.machines[0].address: old.machines[0].holder()}, old.pool().Status.Allocated)
	require.NoError(t, f.Delete(ctx, oldCluster))
	after, err := inventory.Take(t.Context(), s)
	require.NoError(t, err)
	assert.Empty(t, inventory.Leftovers(before, after))
	events, err := history.Read(s.HistoryFile())
	require.NoError(t, err)
	assert.Empty(t, judge.Judge(events, true))
}

// requireAdopted compares with what the old release left.
func (o *oldRelease) requireAdopted() {
	o.t.Helper()
	for _, kind := range oldKinds {
		require.Eventually(o.t, func() bool { return assert.ObjectsAreEqual([]string{"v1beta1"}, o.storedVersions(kind)) },
			patience, 200*time.Millisecond, "%s are stored in the new version", kind)
	}
	entries := map[string]string{}
	for _, machine := range o.machines {
		entries[machine.address] = machine.holder()
		infra := &infrav1.HarvesterMachine{}
		read(o.t, o.management, oldCluster, machine.name, infra)
		assert.Equal(o.t, "harvester://"+string(machine.vm.UID), infra.Spec.ProviderID)
		assert.Equal(o.t, machine.address, infra.Status.AllocatedIPAddress, "the address is kept")
		assert.Equal(o.t, fleet.Pool, infra.Status.AllocatedPoolRef)
		assert.Contains(o.t, infra.Finalizers, infrav1.MachineFinalizer)
		vm, vmi, secret := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}, &corev1.Secret{}
		read(o.t, o.harvester, oldTarget, machine.name, vm)
		assert.Equal(o.t, machine.vm.UID, vm.UID, "the VM is kept")
		assert.Equal(o.t, machine.vm.Spec.RunStrategy, vm.Spec.RunStrategy)
		assert.Equal(o.t, infrav1.ManagedByValue, vm.Labels[infrav1.ManagedByLabel])
		read(o.t, o.harvester, oldTarget, machine.name, vmi)
		assert.Equal(o.t, machine.instance, vmi.UID, "it was not restarted")
		assert.Equal(o.t, machine.address, vmi.Status.Interfaces[0].IP)
		read(o.t, o.harvester, oldTarget, machine.name+"-cloud-init", secret)
		assert.Contains(o.t, string(secret.Data["userdata"]), "# kept", "what the guest reads at its next start is kept")
	}
	assert.Equal(o.t, entries, o.pool().Status.Allocated, "the entries of the old form are known")
	balancer := &lbv1.LoadBalancer{}
	read(o.t, o.harvester, oldTarget, oldBalancer, balancer)
	assert.Equal(o.t, o.balancer.UID, balancer.UID, "the load balancer is kept")
	assert.Equal(o.t, o.balancer.Status.Address, balancer.Status.Address)
	cluster := &infrav1.HarvesterCluster{}
	read(o.t, o.management, oldCluster, oldCluster, cluster)
	assert.Equal(o.t, o.balancer.Status.Address, cluster.Spec.ControlPlaneEndpoint.Host)
	assert.Contains(o.t, cluster.Finalizers, infrav1.ClusterFinalizer)
}

// storedVersions are those that etcd may hold of a kind.
func (o *oldRelease) storedVersions(kind string) []string {
	o.t.Helper()
	definition := &apiextensionsv1.CustomResourceDefinition{}
	read(o.t, o.admin, "", kind+"."+infrav1.GroupVersion.Group, definition)
	return definition.Status.StoredVersions
}

func (o *oldRelease) pool() *lbv1.IPPool {
	o.t.Helper()
	pool := &lbv1.IPPool{}
	read(o.t, o.harvester, "", fleet.Pool, pool)
	return pool
}

func read(t *testing.T, c client.Client, namespace, name string, object client.Object) {
	t.Helper()
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object))
}
