package management_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// startUpstream runs the management cluster with everything but CAPHV: what is
// tested here is the same with and without it.
func startUpstream(t *testing.T) *management.Management {
	t.Helper()
	root, err := build.Root(".")
	require.NoError(t, err)
	paths := build.Paths{Root: root}
	builder := &build.Builder{Root: root, Out: os.Stderr}
	require.NoError(t, builder.Build(t.Context(), management.Core, management.RKE2Bootstrap, management.RKE2ControlPlane))
	require.FileExists(t, filepath.Join(paths.Assets(), "kube-apiserver"), "run `make assets` first")
	m, err := management.Start(t.Context(), management.Options{
		Dir: t.TempDir(), Paths: paths, Components: management.Without(management.CAPHV),
		Report: func(part string, took time.Duration) { t.Logf("%-32s %s", part, took.Round(10*time.Millisecond)) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.Stop(context.Background())) })
	return m
}

// classAndCluster are a ClusterClass and a Cluster of it, in v1beta1: webhooks
// must default them and conversion must store them as v1beta2.
const classAndCluster = `
apiVersion: v1
kind: Namespace
metadata: {name: trial}
---
apiVersion: cluster.x-k8s.io/v1beta1
kind: ClusterClass
metadata: {name: small, namespace: trial}
spec:
  infrastructure:
    ref: {apiVersion: infrastructure.cluster.x-k8s.io/v1beta1, kind: HarvesterClusterTemplate, name: small}
  controlPlane:
    ref: {apiVersion: controlplane.cluster.x-k8s.io/v1beta1, kind: RKE2ControlPlaneTemplate, name: small}
---
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: first, namespace: trial}
spec:
  topology: {class: small, version: v1.31.14+rke2r1, controlPlane: {replicas: 1}}
`

func TestAManagementClusterOfRealManagers(t *testing.T) {
	m := startUpstream(t)
	ctx := t.Context()
	objects, err := management.Parse([]byte(classAndCluster))
	require.NoError(t, err)
	require.NoError(t, management.Apply(ctx, m.Client(), objects))

	t.Run("conversion and defaulting webhooks answer", func(t *testing.T) {
		cluster := &unstructured.Unstructured{}
		cluster.SetAPIVersion("cluster.x-k8s.io/v1beta2")
		cluster.SetKind("Cluster")
		require.NoError(t, m.Client().Get(ctx, client.ObjectKey{Namespace: "trial", Name: "first"}, cluster))
		name, _, err := unstructured.NestedString(cluster.Object, "spec", "topology", "classRef", "name")
		require.NoError(t, err)
		assert.Equal(t, "small", name)
	})

	t.Run("validating webhooks refuse", func(t *testing.T) {
		template := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
			"metadata": map[string]any{"namespace": "trial", "name": "wrong"},
			"spec":     map[string]any{"topology": map[string]any{"classRef": map[string]any{"name": "small"}, "version": "nonsense"}},
		}}
		assert.ErrorContains(t, m.Client().Create(ctx, template), "version must be a valid semantic version")
	})

	t.Run("a killed manager comes back and its webhooks answer again", func(t *testing.T) {
		manager, err := m.Manager(management.Core)
		require.NoError(t, err)
		before := manager.PID()

		require.NoError(t, manager.Kill())
		require.NoError(t, manager.AwaitReady(ctx))

		assert.NotEqual(t, before, manager.PID())
		assert.Equal(t, 1, manager.Restarts())
		second := objects[2].DeepCopy()
		second.SetName("second")
		assert.NoError(t, management.Apply(ctx, m.Client(), []*unstructured.Unstructured{second}))
	})

	t.Run("stopping leaves no process", func(t *testing.T) {
		var pids []int
		for _, name := range []string{management.Core, management.RKE2Bootstrap, management.RKE2ControlPlane} {
			manager, err := m.Manager(name)
			require.NoError(t, err)
			pids = append(pids, manager.PID())
		}
		require.NoError(t, m.Stop(context.Background()))
		for _, pid := range pids {
			assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
		}
	})
}

func TestMissingProgramsAreNamedWithTheMend(t *testing.T) {
	_, err := management.Start(t.Context(), management.Options{
		Dir: t.TempDir(), Paths: build.Paths{Root: filepath.Join(t.TempDir(), "elsewhere")},
	})
	require.Error(t, err)
	assert.ErrorContains(t, err, "caphv-sandbox build")
}
