package installation

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// moving is a namespace with a cluster, a pool and Secrets, each with the labels that docs/install.md speaks of; and Secrets
// in the provider's namespace. Owners and status follow by makeMoving.
const moving = `
apiVersion: v1
kind: Namespace
metadata: {name: demo}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: demo, namespace: demo}
spec:
  controlPlaneEndpoint: {host: 192.0.2.10, port: 6443}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: HarvesterCluster, name: demo}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterCluster
metadata: {name: demo, namespace: demo, labels: {cluster.x-k8s.io/cluster-name: demo}}
spec:
  identitySecret: {namespace: demo, name: identity}
  targetNamespace: default
  loadBalancerConfig: {ipamType: dhcp}
  controlPlaneEndpoint: {host: 192.0.2.10, port: 6443}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterIPPool
metadata: {name: pool, namespace: demo}
spec:
  identitySecret: {namespace: demo, name: identity}
  ipPoolRefs: [prod-ip-pool]
---
apiVersion: v1
kind: Secret
metadata:
  name: identity
  namespace: demo
  finalizers: [infrastructure.cluster.x-k8s.io/identity-in-use]
stringData: {kubeconfig: secret}
---
apiVersion: v1
kind: Secret
metadata: {name: unlabeled, namespace: demo}
stringData: {kubeconfig: secret}
---
apiVersion: v1
kind: Secret
metadata: {name: by-cluster-name, namespace: demo, labels: {cluster.x-k8s.io/cluster-name: demo}}
stringData: {kubeconfig: secret}
---
apiVersion: v1
kind: Secret
metadata: {name: shared, namespace: caphv-system}
stringData: {kubeconfig: secret}
---
apiVersion: v1
kind: Secret
metadata: {name: shared-and-labeled, namespace: caphv-system, labels: {clusterctl.cluster.x-k8s.io/move: ""}}
stringData: {kubeconfig: secret}
`

// TestClusterctlMove moves a namespace between two API servers. What docs/install.md says of labels holds: pools go by their
// kind, Secrets by the move label and by no other; a Secret with that label in the provider's namespace goes, too.
func TestClusterctlMove(t *testing.T) { //nolint:tparallel // its steps follow one another
	t.Parallel()
	from, to := startServer(t), startServer(t)
	r := newRepository(t, "harvester")
	for _, s := range []*server{from, to} {
		s.initCluster(r, "harvester")
		// No webhook answers where no Pod runs.
		s.kubectl("delete", "validatingwebhookconfigurations,mutatingwebhookconfigurations", "--all")
	}
	objects := byName(parseObjects(t, []byte(moving)))
	from.makeMoving(objects)
	goes := []string{
		"demo/Cluster demo", "demo/HarvesterCluster demo", "demo/HarvesterIPPool pool", "demo/Secret identity", "caphv-system/Secret shared-and-labeled",
	}
	stays := []string{"demo/Secret unlabeled", "demo/Secret by-cluster-name", "caphv-system/Secret shared"}

	from.clusterctl(r, "move", "--namespace=demo", "--to-kubeconfig="+to.kubeconfig)
	for _, key := range goes {
		assert.NotNil(t, to.get(objects[key]), "%s arrives", key)
		from.eventually(func() bool { return from.get(objects[key]) == nil }, key+" leaves")
	}
	assert.Contains(t, to.get(objects["demo/Secret identity"]).GetFinalizers(), "infrastructure.cluster.x-k8s.io/identity-in-use")
	for _, key := range stays {
		assert.Nil(t, to.get(objects[key]), "%s does not arrive", key)
		assert.NotNil(t, from.get(objects[key]), "%s stays", key)
	}
	paused, _, err := unstructured.NestedBool(to.get(objects["demo/Cluster demo"]).Object, "spec", "paused")
	require.NoError(t, err)
	assert.False(t, paused, "it goes on there")

	t.Run("by way of files, and back", func(t *testing.T) {
		from, to := from.in(t), to.in(t)
		to.makeReady(objects["demo/Cluster demo"])
		files := t.TempDir()
		to.clusterctl(r, "move", "--namespace=demo", "--to-directory="+files)
		saved, err := filepath.Glob(filepath.Join(files, "*.yaml"))
		require.NoError(t, err)
		assert.Len(t, saved, len(goes))
		from.clusterctl(r, "move", "--from-directory="+files, "--to-kubeconfig="+from.kubeconfig)
		for _, key := range goes {
			assert.NotNil(t, from.get(objects[key]), "%s is back", key)
		}
	})
}

// makeMoving creates the objects, and does what Cluster API does with them: it makes the Cluster the owner of its
// infrastructure, and reports that the cluster runs.
func (s *server) makeMoving(objects map[string]*unstructured.Unstructured) {
	s.t.Helper()
	for _, object := range parseObjects(s.t, []byte(moving)) {
		if object.GetKind() == "HarvesterCluster" {
			cluster := s.get(objects["demo/Cluster demo"])
			owner := map[string]any{"apiVersion": cluster.GetAPIVersion(), "kind": cluster.GetKind(), "name": cluster.GetName(), "uid": string(cluster.GetUID())}
			require.NoError(s.t, unstructured.SetNestedSlice(object.Object, []any{owner}, "metadata", "ownerReferences"))
		}
		require.NoError(s.t, s.client.Create(s.t.Context(), object), name(object))
	}
	s.shell(strings.NewReplacer("SECRET", "identity", "NAMESPACE", "demo").Replace(labelSecret))
	s.makeReady(objects["demo/Cluster demo"])
}

// makeReady reports of a Cluster what clusterctl asks for before it moves it.
func (s *server) makeReady(cluster *unstructured.Unstructured) {
	s.t.Helper()
	stored := s.get(cluster)
	stored.Object["status"] = map[string]any{
		"initialization": map[string]any{"infrastructureProvisioned": true, "controlPlaneInitialized": true},
		"conditions": []any{map[string]any{
			"type": "ControlPlaneInitialized", "status": "True", "reason": "Initialized", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
		}},
	}
	require.NoError(s.t, s.client.Status().Update(s.t.Context(), stored))
}
