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
// anew, every address stays with its VM, the endpoint answers all along, and in the end the cluster leaves nothing behind.
func TestAClusterOfV02IsAdopted(t *testing.T) { requireAdoption(t, ofV02) }

// TestAClusterOfBeforeTheIDsIsAdopted does the same with a cluster that a build of this repository made before everything on
// Harvester carried an id of its cluster.
func TestAClusterOfBeforeTheIDsIsAdopted(t *testing.T) { requireAdoption(t, beforeIDs) }

func requireAdoption(t *testing.T, era era) {
	t.Helper()
	t.Parallel() // Most of it is waiting.
	options, _, err := fleet.Options(root, filepath.Join(root, ".cache", "e2e-upgrade-"+era.version))
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

	old := newOldRelease(t, s, f, era)
	old.installCRDs()
	old.makeOnHarvester()
	old.store()
	require.Equal(t, []string{era.version}, old.storedVersions("harvestermachines"))

	old.adopt(f, caphv)
	old.requireAdopted()
	for _, kind := range oldKinds {
		require.Eventually(t, func() bool { return assert.ObjectsAreEqual([]string{"v1beta1"}, old.storedVersions(kind)) },
			patience, 200*time.Millisecond, "%s are stored in the new version", kind)
	}

	// One machine goes, and its address with it; then the rest.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	last := len(old.machines) - 1
	require.NoError(t, f.Client().Delete(ctx, &clusterv1.Machine{ObjectMeta: metav1.ObjectMeta{Namespace: oldCluster, Name: old.machines[last].name}}))
	old.machines = old.machines[:last]
	require.NoError(t, f.Await(ctx, oldCluster, len(old.machines)))
	assert.Equal(t, old.entries(), old.pool().Status.Allocated)
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
	for _, machine := range o.machines {
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
	assert.Equal(o.t, o.entries(), o.pool().Status.Allocated, "the entries of the old form are known")
	balancer := &lbv1.LoadBalancer{}
	read(o.t, o.harvester, oldTarget, oldBalancer, balancer)
	assert.Equal(o.t, o.balancer.UID, balancer.UID, "the load balancer is kept")
	assert.Equal(o.t, o.balancer.Status.Address, balancer.Status.Address)
	cluster := &infrav1.HarvesterCluster{}
	read(o.t, o.management, oldCluster, oldCluster, cluster)
	assert.Equal(o.t, o.balancer.Status.Address, cluster.Spec.ControlPlaneEndpoint.Host)
	assert.Contains(o.t, cluster.Finalizers, infrav1.ClusterFinalizer)
}

// adopt installs this release over the old one, while a client of the workload cluster calls its endpoint all along. It ends
// when the load balancer selects by the cluster's id. No call may fail, as no machine goes away.
func (o *oldRelease) adopt(f *fleet.Fleet, caphv management.Component) {
	o.t.Helper()
	var answering []string
	for _, machine := range o.machines {
		if machine.controlPlane {
			answer(o.t, machine.address, machine.name)
			answering = append(answering, machine.name)
		}
	}
	requireAnswers(o.t, o.balancer.Status.Address, answering...)
	calls := check(o.t, o.balancer.Status.Address)
	require.NoError(o.t, o.sandbox.Management().Add(o.t.Context(), caphv))
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	defer cancel()
	require.NoError(o.t, f.Await(ctx, oldCluster, len(o.machines)))
	balancer := &lbv1.LoadBalancer{}
	o.eventually(func(ctx context.Context) bool {
		return o.harvester.Get(ctx, client.ObjectKeyFromObject(o.balancer), balancer) == nil && len(balancer.Spec.BackendServerSelector[infrav1.ControlPlaneOfLabel]) > 0
	}, "the load balancer selects by the cluster's id")
	assert.NotContains(o.t, balancer.Spec.BackendServerSelector, infrav1.MachineTypeLabel)
	requireAnswers(o.t, o.balancer.Status.Address, answering...)

	answers, failures := calls.end()
	assert.Empty(o.t, failures, "calls of the endpoint during the adoption")
	for _, machine := range answering {
		assert.Positive(o.t, answers[machine], "calls that %s answered", machine)
	}
	assert.Len(o.t, answers, len(answering))
	o.t.Logf("answers during the adoption: %v, failures: %d", answers, len(failures))
}

// entries are those of the pool for the old machines.
func (o *oldRelease) entries() map[string]string {
	entries := map[string]string{}
	for _, machine := range o.machines {
		entries[machine.address] = o.holder(machine)
	}
	return entries
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
