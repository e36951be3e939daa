package e2e_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/demo"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// otherFlags are what the operations guide abbreviates as "[other flags...]", for the sandbox's addresses.
func otherFlags() []string {
	gateway := shared.Network().Gateway.String()
	return []string{
		"--image", sandbox.Image, "--ssh-keypair", sandbox.KeyPair, "--network", sandbox.VMNetwork,
		"--gateway", gateway, "--subnet-mask", "255.255.0.0", "--dns", gateway,
		"--harvester-kubeconfig", shared.HarvesterKubeconfig(),
	}
}

// TestTheGuidesCommandWithoutApplyWritesTenObjects is the very text of the guide's command, changed in the name of the
// kubeconfig's file only.
func TestTheGuidesCommandWithoutApplyWritesTenObjects(t *testing.T) {
	output, err := generate(t, "--name", "production-cluster", "--namespace", "prod-ns",
		"--image", "default/sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2", "--ssh-keypair", "default/capi-ssh-key",
		"--network", "default/production", "--gateway", "172.16.0.1", "--subnet-mask", "255.255.0.0", "--ip-pool", "prod-ip-pool",
		"--dns", "172.16.0.1", "--harvester-kubeconfig", shared.HarvesterKubeconfig(), "--cp-replicas", "3", "--worker-replicas", "2",
		"--cpu", "4", "--memory", "8Gi", "--disk-size", "80Gi", "--k8s-version", "v1.31.14")
	require.NoError(t, err)
	objects, err := management.Parse([]byte(output))
	require.NoError(t, err)
	kinds := map[string]int{}
	for _, object := range objects {
		kinds[object.GetKind()]++
	}
	assert.Equal(t, map[string]int{
		"Namespace": 1, "Secret": 1, "Cluster": 1, "ConfigMap": 3, "ClusterResourceSet": 3, "MachineHealthCheck": 1,
	}, kinds)
}

// TestTheGuidesCommands runs what the guide shows beside its first command, which is the demo's and so that of
// TestAClustersLife...: a cluster over two small pools, and one by questions. They come up side by side.
func TestTheGuidesCommands(t *testing.T) {
	c := managementClient(t)
	t.Run("clusters", func(t *testing.T) {
		t.Run("several pools", func(t *testing.T) {
			t.Parallel()
			clusterOverTwoPools(t, c)
		})
		t.Run("by questions", func(t *testing.T) {
			t.Parallel()
			clusterByQuestions(t, c)
		})
	})
}

// twoPools makes pools of two addresses each.
func twoPools(t *testing.T) {
	t.Helper()
	seed := simulator.Seed{Namespaces: []string{"default"}}
	base := shared.Network().Machines.Addr().As4()
	for i, name := range []string{"pool-a", "pool-b"} {
		start := netip.AddrFrom4([4]byte{base[0], base[1], 3, byte(40 + 2*i)})
		seed.Pools = append(seed.Pools, simulator.Pool{
			Name: name, Network: sandbox.VMNetwork, Subnet: shared.Network().Machines, Gateway: shared.Network().Gateway,
			Start: start, End: start.Next(), Priority: uint32(20 + i),
		})
	}
	require.NoError(t, shared.Harvester().Seed(t.Context(), seed))
}

// clusterOverTwoPools follows the guide's functional test: what does not fit is refused before anything is applied; two
// machines take the first pool, two more the second, and the address of one that is deleted goes back to its pool.
func clusterOverTwoPools(t *testing.T, c client.Client) {
	t.Helper()
	const name = "multipool-test"
	twoPools(t)
	withClass(t, c, name)
	arguments := append([]string{"--name", name, "--ip-pool-refs", "pool-a,pool-b"}, otherFlags()...)
	output, err := generate(t, append(slices.Clone(arguments), "--cp-replicas", "3", "--worker-replicas", "2", "--apply")...)
	require.ErrorContains(t, err, "exit status 3")
	assert.Contains(t, output, "FAIL addresses: --ip-pool-refs: 4 are free in pool-a, pool-b, 6 are needed")
	output, err = generate(t, append(slices.Clone(arguments), "--cp-replicas", "1", "--worker-replicas", "1", "--apply", "--wait", "--timeout", "5m")...)
	require.NoError(t, err)
	assert.Contains(t, output, "cluster "+name+"/"+name+" is up\n")
	assert.Equal(t, map[string]int{"pool-a": 2}, poolsOf(t, c, name))

	scale := []byte(`{"spec":{"topology":{"workers":{"machineDeployments":[{"class":"default-worker","name":"md-0","replicas":3}]}}}}`)
	require.NoError(t, c.Patch(t.Context(), &clusterv1.Cluster{ObjectMeta: meta(name, name)}, client.RawPatch(types.MergePatchType, scale)))
	require.Eventually(t, func() bool {
		used := poolsOf(t, c, name)
		return used["pool-a"] == 2 && used["pool-b"] == 2
	}, patience, 200*time.Millisecond, "four machines take all four addresses; they have %v", poolsOf(t, c, name))
	requireAddressReturns(t, c, name)
}

// requireAddressReturns deletes a machine of the second pool: its entry goes from there, and the first pool stays as it is.
func requireAddressReturns(t *testing.T, c client.Client, namespace string) {
	t.Helper()
	var machines infrav1.HarvesterMachineList
	require.NoError(t, c.List(t.Context(), &machines, client.InNamespace(namespace)))
	i := slices.IndexFunc(machines.Items, func(m infrav1.HarvesterMachine) bool { return m.Status.AllocatedPoolRef == "pool-b" })
	require.NotEqual(t, -1, i)
	leaving := machines.Items[i]
	first, second := allocated(t, "pool-a"), allocated(t, "pool-b")
	holder := second[leaving.Status.AllocatedIPAddress]
	require.NotEmpty(t, holder)
	require.NoError(t, c.Delete(t.Context(), &clusterv1.Machine{ObjectMeta: meta(namespace, leaving.OwnerReferences[0].Name)}))
	require.Eventually(t, func() bool {
		return allocated(t, "pool-b")[leaving.Status.AllocatedIPAddress] != holder
	}, patience, 200*time.Millisecond, "%s is not released by %s", leaving.Status.AllocatedIPAddress, holder)
	assert.Equal(t, first, allocated(t, "pool-a"))
}

// allocated are the addresses of a pool on Harvester that are taken, with their holders.
func allocated(t *testing.T, pool string) map[string]string {
	t.Helper()
	h, err := shared.HarvesterClient()
	require.NoError(t, err)
	object := &lbv1.IPPool{}
	require.NoError(t, h.Get(t.Context(), client.ObjectKey{Name: pool}, object))
	return object.Status.Allocated
}

// poolsOf counts the addresses that a cluster's machines have of each pool.
func poolsOf(t *testing.T, c client.Client, namespace string) map[string]int {
	t.Helper()
	var machines infrav1.HarvesterMachineList
	require.NoError(t, c.List(t.Context(), &machines, client.InNamespace(namespace)))
	used := map[string]int{}
	for _, machine := range machines.Items {
		if machine.Status.AllocatedPoolRef != "" {
			used[machine.Status.AllocatedPoolRef]++
		}
	}
	return used
}

// clusterByQuestions sits at a terminal and answers questions with what the live Harvester offers, to a running cluster.
func clusterByQuestions(t *testing.T, c client.Client) {
	t.Helper()
	const name = "talked"
	withClass(t, c, name)
	d := talk(t, "--interactive", "--timeout", "5m")
	for _, exchange := range [][2]string{
		{"Name of the cluster: ", name},
		{"empty for the cluster's name: ", ""},
		{"File with the kubeconfig for Harvester: ", shared.HarvesterKubeconfig()},
		{"VM image on Harvester, as namespace/name [" + sandbox.Image + "]: ", "default/absent"},
		{`Harvester has no "default/absent": choose one of the list, by name or number` + "\r\n", ""},
		{"VM image on Harvester, as namespace/name [" + sandbox.Image + "]: ", "1"},
		{"SSH key pair on Harvester, as namespace/name [" + sandbox.KeyPair + "]: ", ""},
		{"separated by commas [" + sandbox.VMNetwork + "]: ", "1"},
		{"empty for DHCP or several pools: ", sandbox.MachinePool},
		{fmt.Sprintf("Default router of the machines [%s]: ", shared.Network().Gateway), ""},
		{"Network mask of the machines [255.255.0.0]: ", ""},
		{"Name servers of the machines, separated by commas: ", shared.Network().Gateway.String()},
		{"Number of control-plane machines [3]: ", "999"},
		{"give fewer, or stop here and extend a pool\r\n", ""},
		{"Number of control-plane machines [3]: ", "1"},
		{"Number of worker machines [2]: ", "0"},
		{"Virtual CPU cores of a machine [4]: ", "2"},
		{"Memory of a machine [8Gi]: ", "4Gi"},
		{"Size of a machine's disk [80Gi]: ", "40Gi"},
		{"Kubernetes version [v1.31.14]: ", ""},
		{"Apply to the management cluster now (yes or no) [no]: ", "yes"},
		{"Wait until the cluster is up (yes or no) [no]: ", "yes"},
	} {
		d.await(exchange[0])
		if !strings.HasSuffix(exchange[0], "\n") {
			d.typeLine(exchange[1])
		}
	}
	d.await("cluster talked/talked is up\r\n")
	assert.Equal(t, 0, d.end())
	screen := d.seen.String()
	assert.Contains(t, screen, "  1) "+sandbox.Image+"  10 GiB\r\n")
	assert.Regexp(t, `\d\) prod-ip-pool +\d+ of 90 free, for default/production`, screen)
	assert.Contains(t, screen, "Machine ", "progress by machine")
	assert.NotContains(t, screen, "\x1b", "no colours on a dumb terminal")

	var machines clusterv1.MachineList
	require.NoError(t, c.List(t.Context(), &machines, client.InNamespace(name)))
	require.Len(t, machines.Items, 1)
	assert.Equal(t, string(clusterv1.MachinePhaseRunning), machines.Items[0].Status.Phase)
	d.sameWithoutQuestions(t)
}

// sameWithoutQuestions runs the command that was printed for the next time: it changes nothing.
func (d *dialogue) sameWithoutQuestions(t *testing.T) {
	t.Helper()
	_, after, found := strings.Cut(d.seen.String(), "The same without questions:\r\n  caphv-generate ")
	require.True(t, found)
	line, _, _ := strings.Cut(after, "\r\n")
	output, err := demo.Generate(t.Context(), shared, strings.Fields(line)...)
	require.NoError(t, err)
	assert.Equal(t, 10, strings.Count(output, ": unchanged\n"), output)
}
