package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/demo"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
)

const moved = "moved"

// backedUp are the kinds that docs/disaster-recovery.md has an operator dump: those of the operations guide, and those that
// a cluster by topology needs besides.
var backedUp = append(slices.Clone(guideKinds),
	"clusterclasses.cluster.x-k8s.io", "rke2controlplanetemplates.controlplane.cluster.x-k8s.io",
	"rke2configs.bootstrap.cluster.x-k8s.io", "rke2configtemplates.bootstrap.cluster.x-k8s.io",
	"harvesterclustertemplates.infrastructure.cluster.x-k8s.io", "harvestermachinetemplates.infrastructure.cluster.x-k8s.io",
	"clusterresourcesetbindings.addons.cluster.x-k8s.io", "configmaps",
)

// guideKinds are those of the operations guide, in the order in which it applies them.
var guideKinds = []string{
	"harvesterclusters.infrastructure.cluster.x-k8s.io", "harvestermachines.infrastructure.cluster.x-k8s.io",
	"clusters.cluster.x-k8s.io", "machines.cluster.x-k8s.io",
	"machinedeployments.cluster.x-k8s.io", "machinesets.cluster.x-k8s.io",
	"rke2controlplanes.controlplane.cluster.x-k8s.io", "clusterresourcesets.addons.cluster.x-k8s.io",
	"machinehealthchecks.cluster.x-k8s.io",
}

// TestAWholeClusterSurvivesTheLossOfItsManagementCluster loses the management cluster of a cluster with a control plane
// three times. Dumps that are applied as they are delete no VM, with the real garbage collector and the real control-plane
// provider at work. The same dumps by caphv-restore and clusterctl, and clusterctl's own files, bring everything back.
func TestAWholeClusterSurvivesTheLossOfItsManagementCluster(t *testing.T) { //nolint:tparallel // its steps follow one another
	t.Parallel() // Most of it is waiting.
	s := startWhole(t, "e2e-move")
	f := createWhole(t, s, moved)
	t.Run("its API server is away while a worker is added", func(t *testing.T) { requireWorkerDespiteSilentGuest(t, s, f, moved) })
	before := identities(t, f, moved)
	vms, err := f.VMs(t.Context(), moved)
	require.NoError(t, err)
	dumps := dump(t, s, moved)

	t.Run("dumps applied carelessly", func(t *testing.T) {
		f := loseManagement(t, s)
		kubectl(t, s, "create", "namespace", moved)
		for _, kind := range guideKinds {
			kubectl(t, s, "apply", "-f", filepath.Join(dumps, kind+".yaml"))
		}
		kubectl(t, s, "apply", "-f", filepath.Join(dumps, "secrets.yaml"))
		requireBlocked(t, f, moved, vms)
	})
	t.Run("dumps by caphv-restore", func(t *testing.T) {
		f := loseManagement(t, s)
		ready := filepath.Join(t.TempDir(), "restore")
		output, err := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "caphv-restore"), dumps, "--output", ready).CombinedOutput()
		require.NoError(t, err, "%s", output)
		clusterctl(t, s, "move", "--from-directory", ready, "--to-kubeconfig", s.ManagementKubeconfig())
		requireBack(t, f, before)
	})
	t.Run("by clusterctl", func(t *testing.T) {
		files := filepath.Join(t.TempDir(), "files")
		require.NoError(t, os.Mkdir(files, 0o700))
		clusterctl(t, s, "move", "--namespace", moved, "--to-directory", files, "--kubeconfig", s.ManagementKubeconfig())
		f := loseManagement(t, s)
		clusterctl(t, s, "move", "--from-directory", files, "--to-kubeconfig", s.ManagementKubeconfig())
		requireBack(t, f, before)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		require.NoError(t, f.Delete(ctx, moved), "it is deleted like any other")
	})
}

// loseManagement loses it, and prepares the new one as `clusterctl init` does.
func loseManagement(t *testing.T, s *sandbox.Sandbox) *fleet.Fleet {
	t.Helper()
	require.NoError(t, s.LoseManagement(t.Context()))
	labelForMove(t, s)
	f, err := fleet.New(t.Context(), s, "")
	require.NoError(t, err)
	return f
}

// requireBack waits until both machines run again and the Cluster is available, without which clusterctl does not move it
// once more, and sees that the machines are the same.
func requireBack(t *testing.T, f *fleet.Fleet, before map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	require.NoError(t, f.Await(ctx, moved, len(before)))
	require.Eventually(t, func() bool {
		cluster := &clusterv1.Cluster{}
		require.NoError(t, f.Client().Get(ctx, client.ObjectKey{Namespace: moved, Name: moved}, cluster))
		return apimeta.IsStatusConditionTrue(cluster.Status.Conditions, clusterv1.ClusterAvailableCondition) &&
			ptr.Deref(cluster.Status.Initialization.ControlPlaneInitialized, false)
	}, 2*time.Minute, 100*time.Millisecond, "the Cluster is available")
	assert.Equal(t, before, identities(t, f, moved), "a VM was deleted or made anew, or an address changed")
}

// dump does what the backup script of the operations guide does.
func dump(t *testing.T, s *sandbox.Sandbox, namespace string) string {
	t.Helper()
	dir := t.TempDir()
	for _, kind := range backedUp {
		require.NoError(t, os.WriteFile(filepath.Join(dir, kind+".yaml"), kubectl(t, s, "get", kind, "-n", namespace, "-o", "yaml"), 0o600))
	}
	secrets := kubectl(t, s, "get", "secrets", "-n", namespace, "-l", "cluster.x-k8s.io/cluster-name", "-o", "yaml")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secrets.yaml"), secrets, 0o600))
	return dir
}

// kubectl runs it on the management cluster and returns what it printed. Its errors go to the test, as apply tells on
// stderr of objects that lack its annotation.
func kubectl(t *testing.T, s *sandbox.Sandbox, arguments ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(s.Paths().Assets(), "kubectl"), append(arguments, "--kubeconfig", s.ManagementKubeconfig())...)
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.Output()
	require.NoError(t, err, "kubectl %s:\n%s", strings.Join(arguments, " "), complaints.String())
	return output
}

// startWhole brings a sandbox of its own up, with control planes.
func startWhole(t *testing.T, name string) *sandbox.Sandbox {
	t.Helper()
	builder := &build.Builder{Root: root, Out: os.Stderr}
	require.NoError(t, builder.Build(t.Context(), build.Clusterctl))
	s, err := sandbox.Start(t.Context(), sandbox.Options{
		Root: root, StateDir: filepath.Join(root, ".cache", name), Out: os.Stderr, Report: line.Up,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop(context.Background())) })
	return s
}

// createWhole makes a cluster of one control plane and one worker and waits until both run.
func createWhole(t *testing.T, s *sandbox.Sandbox, name string) *fleet.Fleet {
	t.Helper()
	f, err := fleet.New(t.Context(), s, "")
	require.NoError(t, err)
	require.NoError(t, f.Client().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	require.NoError(t, demo.ApplyClusterClass(t.Context(), s, name))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	_, err = demo.Generate(ctx, s, demo.GenerateArguments(demo.Options{Namespace: name, Name: name, ControlPlanes: 1, Workers: 1}, s)...)
	require.NoError(t, err)
	require.NoError(t, f.Await(ctx, name, 2))
	labelForMove(t, s)
	return f
}

// identities are what must survive a move: each machine's VM, by UID, and its address.
func identities(t *testing.T, f *fleet.Fleet, name string) map[string]string {
	t.Helper()
	vms, err := f.VMs(t.Context(), name)
	require.NoError(t, err)
	machines := &infrav1.HarvesterMachineList{}
	require.NoError(t, f.Client().List(t.Context(), machines, client.InNamespace(name)))
	require.Len(t, machines.Items, len(vms))
	for i := range machines.Items {
		vms[machines.Items[i].Name] += " " + machines.Items[i].Status.AllocatedIPAddress
	}
	return vms
}

// labelForMove marks the definitions of all providers as `clusterctl init` does: it moves what it installed.
func labelForMove(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	definitions := &apiextensionsv1.CustomResourceDefinitionList{}
	require.NoError(t, s.Management().Client().List(t.Context(), definitions))
	for i := range definitions.Items {
		definition := &definitions.Items[i]
		if !strings.HasSuffix(definition.Spec.Group, "cluster.x-k8s.io") {
			continue
		}
		base := client.MergeFrom(definition.DeepCopy())
		definition.Labels["clusterctl.cluster.x-k8s.io"] = ""
		require.NoError(t, s.Management().Client().Patch(t.Context(), definition, base))
	}
}

func clusterctl(t *testing.T, s *sandbox.Sandbox, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), s.Paths().Program(build.Clusterctl), arguments...)
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "CLUSTERCTL_DISABLE_VERSIONCHECK=true")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "clusterctl %s:\n%s", strings.Join(arguments, " "), output)
}
