package management_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// versionWait bounds each wait of these tests.
const versionWait = 2 * time.Minute

// topology is a Cluster of the class that ships, in the version that is asked for.
const topology = `
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: %[1]s, namespace: versions}
spec:
  clusterNetwork: {pods: {cidrBlocks: [10.42.0.0/16]}, services: {cidrBlocks: [10.43.0.0/16]}}
  topology:
    classRef: {name: harvester-rke2}
    version: %[2]s
    controlPlane: {replicas: 1}
    variables:
    - {name: identitySecretName, value: identity}
    - {name: targetNamespace, value: default}
    - {name: sshUser, value: rancher}
    - {name: sshKeyPair, value: default/key}
    - {name: cpuCount, value: 4}
    - {name: memorySize, value: 8Gi}
    - {name: vmNetworks, value: [default/production]}
    - {name: volumes, value: [{volumeType: image, imageName: default/image, volumeSize: 80Gi, bootOrder: 1}]}
    - {name: lbIPAMType, value: dhcp}
`

func cluster(t *testing.T, name, version string) *unstructured.Unstructured {
	t.Helper()
	objects, err := management.Parse(fmt.Appendf(nil, topology, name, version))
	require.NoError(t, err)
	return objects[0]
}

// What Cluster API v1.14.2 and RKE2's providers v0.21.0 make of a version that does not name RKE2's release. That is what
// rule CT007 and docs/upgrading.md say; nothing of ours is asked about Clusters.
func TestAVersionThatNamesNoReleaseOfRKE2(t *testing.T) {
	m := startAll(t)
	c := m.Client()

	require.NoError(t, management.Apply(t.Context(), c, []*unstructured.Unstructured{cluster(t, "demo", "v1.31.14")}), "Cluster API takes it")
	reason, message := awaitReconciled(t, c, "demo", "False")
	assert.Equal(t, "ReconcileFailed", reason)
	assert.Contains(t, message, "failed to create RKE2ControlPlane")
	assert.Contains(t, message, `spec.version: Invalid value: "v1.31.14"`)
	assert.Empty(t, controlPlanes(t, c, "demo"))

	right := cluster(t, "demo", "v1.31.14+rke2r1")
	err := management.Apply(t.Context(), c, []*unstructured.Unstructured{right})
	require.ErrorContains(t, err, "spec.topology.version", "the correction is refused")
	require.ErrorContains(t, err, "version cannot be changed")

	// The way out of docs/upgrading.md.
	wrong := cluster(t, "demo", "v1.31.14")
	for _, object := range []*unstructured.Unstructured{wrong, right} {
		object.SetAnnotations(map[string]string{"unsafe.topology.cluster.x-k8s.io/disable-update-version-check": ""})
	}
	require.NoError(t, management.Apply(t.Context(), c, []*unstructured.Unstructured{wrong, right}))
	awaitReconciled(t, c, "demo", "True")
	assert.Equal(t, []string{"v1.31.14+rke2r1"}, controlPlanes(t, c, "demo"))
	right.SetAnnotations(nil)
	require.NoError(t, management.Apply(t.Context(), c, []*unstructured.Unstructured{right}))

	requireNoCandidate(t, c)
}

// RKE2's control plane takes no candidate of a release either, although RKE2 publishes them.
func requireNoCandidate(t *testing.T, c client.Client) {
	t.Helper()
	require.NoError(t, management.Apply(t.Context(), c, []*unstructured.Unstructured{cluster(t, "candidate", "v1.32.0-rc1+rke2r1")}))
	_, message := awaitReconciled(t, c, "candidate", "False")
	assert.Contains(t, message, `spec.version: Invalid value: "v1.32.0-rc1+rke2r1"`)
}

// startAll runs the whole management cluster, with the class that ships in namespace versions.
func startAll(t *testing.T) *management.Management {
	t.Helper()
	root, err := build.Root(".")
	require.NoError(t, err)
	builder := &build.Builder{Root: root, Out: os.Stderr}
	require.NoError(t, builder.Build(t.Context(), management.Core, management.RKE2Bootstrap, management.RKE2ControlPlane, "manager"))
	m, err := management.Start(t.Context(), management.Options{Dir: t.TempDir(), Paths: build.Paths{Root: root}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.Stop(context.Background())) })

	stream, err := build.Render(filepath.Join(root, "templates", "clusterclass", "rke2-v0.21"))
	require.NoError(t, err)
	class, err := management.Parse(stream)
	require.NoError(t, err)
	for _, object := range class {
		object.SetNamespace("versions")
	}
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "versions"},
	}}
	require.NoError(t, management.Apply(t.Context(), m.Client(), append([]*unstructured.Unstructured{namespace}, class...)))
	return m
}

// awaitReconciled waits until the condition TopologyReconciled has a status, and returns why.
func awaitReconciled(t *testing.T, c client.Client, name, status string) (reason, message string) {
	t.Helper()
	last := "no condition"
	require.Eventually(t, func() bool {
		found := cluster(t, name, "")
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(found), found); err != nil {
			last = err.Error()
			return false
		}
		conditions, _, err := unstructured.NestedSlice(found.Object, "status", "conditions")
		require.NoError(t, err)
		for _, entry := range conditions {
			condition, ok := entry.(map[string]any)
			require.True(t, ok)
			if condition["type"] == "TopologyReconciled" {
				reason, message = fmt.Sprint(condition["reason"]), fmt.Sprint(condition["message"])
				last = fmt.Sprintln(condition["status"], reason, message)
				return condition["status"] == status
			}
		}
		return false
	}, versionWait, 100*time.Millisecond, "TopologyReconciled of %s is not %s", name, status)
	t.Log(name, last)
	return reason, message
}

// controlPlanes are the versions of the RKE2ControlPlanes of a cluster.
func controlPlanes(t *testing.T, c client.Client, cluster string) []string {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("controlplane.cluster.x-k8s.io/v1beta1")
	list.SetKind("RKE2ControlPlaneList")
	err := c.List(t.Context(), list, client.InNamespace("versions"), client.MatchingLabels{"cluster.x-k8s.io/cluster-name": cluster})
	require.False(t, apierrors.IsNotFound(err), "RKE2's control planes are not served: %v", err)
	require.NoError(t, err)
	versions := []string{}
	for i := range list.Items {
		version, _, err := unstructured.NestedString(list.Items[i].Object, "spec", "version")
		require.NoError(t, err)
		versions = append(versions, version)
	}
	return versions
}
