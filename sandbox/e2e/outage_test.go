package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/judge"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

const enduring = "enduring"

// TestOutagesHealByThemselves has Harvester away for two minutes, and the leader of two managers killed, each while machines
// are asked for. Nobody mends anything by hand, and nothing that ran is touched.
func TestOutagesHealByThemselves(t *testing.T) { //nolint:tparallel // its steps follow one another
	t.Parallel() // Most of it is waiting.
	options, metrics, err := fleet.Options(root, filepath.Join(root, ".cache", "e2e-outage"))
	require.NoError(t, err)
	options.Out, options.Report = os.Stderr, line.Up
	for i := range options.Components {
		if options.Components[i].Name == management.CAPHV {
			options.Components[i].Args = append(options.Components[i].Args, "--leader-elect=true", "--leader-elect-namespace=caphv-system",
				"--leader-elect-lease-duration=6s", "--leader-elect-renew-deadline=4s", "--leader-elect-retry-period=1s")
		}
	}
	s, err := sandbox.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop(context.Background())) })
	f, err := fleet.New(t.Context(), s, metrics)
	require.NoError(t, err)
	require.NoError(t, f.Create(t.Context(), enduring, 2))
	awaitFleet(t, f, enduring, 2)

	t.Run("Harvester is away for two minutes", func(t *testing.T) {
		before, err := f.VMs(t.Context(), enduring)
		require.NoError(t, err)
		breakIt(t, s, "harvester-down", "")
		require.NoError(t, f.Scale(t.Context(), enduring, 3))
		require.Eventually(t, func() bool {
			cluster := &infrav1.HarvesterCluster{}
			return f.Client().Get(t.Context(), client.ObjectKey{Namespace: enduring, Name: enduring}, cluster) == nil &&
				apimeta.IsStatusConditionFalse(cluster.Status.Conditions, infrav1.HarvesterConnectionReadyCondition)
		}, patience, time.Second, "the cluster does not say that Harvester is away")
		time.Sleep(2 * time.Minute) // the outage itself
		breakIt(t, s, "harvester-up", "")
		awaitFleet(t, f, enduring, 3)
		requireKept(t, f, enduring, before)
	})
	t.Run("the leader is killed", func(t *testing.T) {
		stop, err := s.Management().StartTwin(t.Context(), management.CAPHV)
		require.NoError(t, err)
		before, err := f.VMs(t.Context(), enduring)
		require.NoError(t, err)
		leader := leaderOf(t, f)
		breakIt(t, s, "manager", "")
		require.NoError(t, f.Scale(t.Context(), enduring, 4))
		awaitFleet(t, f, enduring, 4)
		requireKept(t, f, enduring, before)
		assert.NotEqual(t, leader, leaderOf(t, f), "the one that waited leads now")
		require.NoError(t, stop(t.Context()))
		require.NoError(t, f.Scale(t.Context(), enduring, 1))
		awaitFleet(t, f, enduring, 1)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	require.NoError(t, f.Delete(ctx, enduring))
	requireFlawlessHistory(t, s)
}

// requireWorkerDespiteSilentGuest adds a worker while the guest's API server is away: the VM comes, its Node is waited for.
func requireWorkerDespiteSilentGuest(t *testing.T, s *sandbox.Sandbox, f *fleet.Fleet, name string) {
	t.Helper()
	before, err := f.VMs(t.Context(), name)
	require.NoError(t, err)
	controlPlane := controlPlaneVM(t, f, name)
	breakIt(t, s, string(guest.FaultAPIServerDown), controlPlane)
	cluster := &clusterv1.Cluster{}
	require.NoError(t, f.Client().Get(t.Context(), client.ObjectKey{Namespace: name, Name: name}, cluster))
	patch := []byte(`[{"op":"replace","path":"/spec/topology/workers/machineDeployments/0/replicas","value":2}]`)
	require.NoError(t, f.Client().Patch(t.Context(), cluster, client.RawPatch(types.JSONPatchType, patch)))
	require.Eventually(t, func() bool {
		machines := &infrav1.HarvesterMachineList{}
		if f.Client().List(t.Context(), machines, client.InNamespace(name)) != nil {
			return false
		}
		for i := range machines.Items {
			node := apimeta.FindStatusCondition(machines.Items[i].Status.Conditions, infrav1.NodeInitializedCondition)
			if before[machines.Items[i].Name] == "" && machines.Items[i].Status.Initialization.IsProvisioned() && node != nil && node.Status != "True" {
				return true
			}
		}
		return false
	}, patience, time.Second, "the VM of the new worker does not come while the guest is silent")
	breakIt(t, s, "mend-"+string(guest.FaultAPIServerDown), controlPlane)
	awaitFleet(t, f, name, 3)
	requireKept(t, f, name, before)
}

func controlPlaneVM(t *testing.T, f *fleet.Fleet, name string) string {
	t.Helper()
	machines := &infrav1.HarvesterMachineList{}
	require.NoError(t, f.Client().List(t.Context(), machines, client.InNamespace(name), client.HasLabels{clusterv1.MachineControlPlaneLabel}))
	require.Len(t, machines.Items, 1)
	return corev1.NamespaceDefault + "/" + machines.Items[0].Name
}

func breakIt(t *testing.T, s *sandbox.Sandbox, fault, target string) {
	t.Helper()
	said, err := s.Break(t.Context(), fault, target)
	require.NoError(t, err)
	t.Log(said)
}

func awaitFleet(t *testing.T, f *fleet.Fleet, name string, machines int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	require.NoError(t, f.Await(ctx, name, machines))
}

// requireKept sees that every VM that was there is there still.
func requireKept(t *testing.T, f *fleet.Fleet, name string, before map[string]string) {
	t.Helper()
	now, err := f.VMs(t.Context(), name)
	require.NoError(t, err)
	for vm, uid := range before {
		assert.Equal(t, uid, now[vm], "VM %s", vm)
	}
}

// leaderOf is who holds CAPHV's lease.
func leaderOf(t *testing.T, f *fleet.Fleet) string {
	t.Helper()
	leases := &coordinationv1.LeaseList{}
	require.NoError(t, f.Client().List(t.Context(), leases, client.InNamespace("caphv-system")))
	require.Len(t, leases.Items, 1)
	return ptr.Deref(leases.Items[0].Spec.HolderIdentity, "")
}

// requireFlawlessHistory judges what the stand-in recorded.
func requireFlawlessHistory(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	events, err := history.Read(s.HistoryFile())
	require.NoError(t, err)
	require.NotEmpty(t, events)
	for _, finding := range judge.Judge(events, true) {
		t.Error(finding)
	}
}
