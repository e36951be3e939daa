package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/demo"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
)

const moved = "moved"

// TestAClusterWithItsControlPlaneIsMovedThroughFiles writes a whole cluster, control plane included, to files with
// clusterctl, loses the management cluster, and reads it into another one.
func TestAClusterWithItsControlPlaneIsMovedThroughFiles(t *testing.T) {
	s := startWhole(t, "e2e-move")
	f := createWhole(t, s, moved)
	before := identities(t, f, moved)

	files := filepath.Join(t.TempDir(), "files")
	require.NoError(t, os.Mkdir(files, 0o700))
	labelForMove(t, s)
	clusterctl(t, s, "move", "--namespace", moved, "--to-directory", files, "--kubeconfig", s.ManagementKubeconfig())
	require.NoError(t, s.LoseManagement(t.Context()))
	labelForMove(t, s)
	f, err := fleet.New(t.Context(), s, "")
	require.NoError(t, err)
	clusterctl(t, s, "move", "--from-directory", files, "--to-kubeconfig", s.ManagementKubeconfig())

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	require.NoError(t, f.Await(ctx, moved, 2))
	assert.Equal(t, before, identities(t, f, moved), "a VM was deleted or made anew, or an address changed")
	require.NoError(t, f.Delete(ctx, moved), "it is deleted like any other")
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
