package main

import (
	"bufio"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/apply"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/grid"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

var machines = schema.GroupVersionResource{Group: "cluster.x-k8s.io", Version: "v1beta1", Resource: "machines"}

// validateGrid has a real API server validate, by Cluster API's schemas and ours, what is made of every case of the grid that is
// in the version of its schemas. With the webhooks, and in both versions, the sandbox's end-to-end tests do the same.
func validateGrid(t *testing.T, config *rest.Config) {
	t.Helper()
	applier, err := apply.New(config)
	require.NoError(t, err)
	applier.DryRun = true
	for name, s := range grid.Cases() {
		if s.ClusterAPIVersion != settings.V1Beta1 {
			continue
		}
		s.Namespace = "default" // The server validates nothing in a namespace that is not there.
		objects, err := manifest.Build(s, manifest.Contents{Kubeconfig: []byte("{}")})
		require.NoError(t, err, name)
		for _, object := range objects {
			if object.GetKind() == manifest.GitRepoKind {
				continue // Fleet's definitions are not there.
			}
			_, err := applier.Apply(t.Context(), object)
			assert.NoError(t, err, "%s: %s", name, manifest.Title(object))
		}
	}
}

// dryRunFirst has a cluster validated whose namespace is not there, and again when it is; neither leaves anything behind.
func dryRunFirst(t *testing.T, kubeconfig string, client dynamic.Interface) {
	t.Helper()
	arguments := flags(t, "rehearsed", "--apply", "--dry-run=server")
	code, stdout, stderr := run(t, kubeconfig, arguments...)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 10, strings.Count(stdout, "(dry run)\n"), stdout)
	_, err := client.Resource(clusters).Namespace("rehearsed").Get(t.Context(), "rehearsed", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), "%v", err)
	_, err = client.Resource(clusters).Namespace("default").Get(t.Context(), "rehearsed", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), "%v", err)
}

// showDifferences is asked before the first apply, right after it, and after a change.
func showDifferences(t *testing.T, kubeconfig string) {
	t.Helper()
	arguments := flags(t, "compared")
	code, stdout, stderr := run(t, kubeconfig, append([]string{"diff"}, arguments...)...)
	require.Equal(t, 5, code, stderr)
	assert.Equal(t, 10, strings.Count(stdout, "--- /dev/null\n"))
	assert.NotContains(t, stdout, "czNjcjN0", "no part of a Secret")
	assert.NotContains(t, stdout, "s3cr3t")
	code, _, stderr = run(t, kubeconfig, append(arguments, "--apply", "--preflight=false")...)
	require.Equal(t, 0, code, stderr)
	code, stdout, stderr = run(t, kubeconfig, append([]string{"diff"}, arguments...)...)
	assert.Equal(t, 0, code, stdout+stderr)
	assert.Empty(t, stdout)
	code, stdout, _ = run(t, kubeconfig, append([]string{"diff", "--worker-replicas", "9"}, arguments...)...)
	assert.Equal(t, 5, code)
	assert.Contains(t, stdout, "-        replicas: 2\n+        replicas: 9\n")
	assert.Equal(t, 1, strings.Count(stdout, "--- "), stdout)
	other := flags(t, "compared", "--harvester-kubeconfig", harvesterKubeconfig(t, "0th3r"))
	code, stdout, _ = run(t, kubeconfig, append([]string{"diff"}, other...)...)
	assert.Equal(t, 5, code)
	assert.Contains(t, stdout, "-  kubeconfig: (not shown) live\n+  kubeconfig: (not shown) generated\n")
}

// waitForIt plays the controllers' part: machines appear and come up while the program watches.
func waitForIt(t *testing.T, kubeconfig string, client dynamic.Interface) {
	t.Helper()
	arguments := flags(t, "awaited", "--apply", "--wait", "--cp-replicas", "1", "--worker-replicas", "0")
	code, _, stderr := run(t, kubeconfig, append(arguments, "--timeout", "1s")...)
	assert.Equal(t, 4, code)
	assert.Contains(t, stderr, "cluster awaited/awaited is not up: not in time; missing:\n")
	assert.Contains(t, stderr, "0 of 1 machines run")

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := program(ctx, kubeconfig, arguments...)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines := bufio.NewScanner(output)
	await := func(line string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == line {
				return
			}
		}
		require.Fail(t, "the program ended", "before it said %q", line)
	}
	await("Cluster awaited: Pending")
	newMachine(t, client, "awaited", "awaited-cp-1")
	await("Machine awaited-cp-1: Pending")
	setStatus(t, client, machines, "awaited", "awaited-cp-1", map[string]any{"phase": "Running", "nodeRef": map[string]any{"name": "n"}})
	await("Machine awaited-cp-1: Running")
	setStatus(t, client, clusters, "awaited", "awaited",
		map[string]any{"phase": "Provisioned", "infrastructureReady": true, "controlPlaneReady": true})
	await("cluster awaited/awaited is up")
	require.NoError(t, command.Wait())
}

// deleteIt shows the plan, wants a yes, and waits for the Cluster before it takes the identity away.
func deleteIt(t *testing.T, kubeconfig string, client dynamic.Interface) {
	t.Helper()
	code, _, stderr := run(t, kubeconfig, flags(t, "doomed", "--apply")...)
	require.Equal(t, 0, code, stderr)
	newMachine(t, client, "doomed", "doomed-cp-1")
	finalizers(t, client, "doomed", `["test/hold"]`)
	arguments := []string{"delete", "--name", "doomed"}
	code, stdout, stderr := run(t, kubeconfig, append(arguments, "--plan")...)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "  Cluster doomed/doomed\n    with Machine doomed/doomed-cp-1 and its VM, disks and address on Harvester\n")
	assert.Equal(t, 10, strings.Count(stdout, "\n  "), stdout)
	code, _, stderr = run(t, kubeconfig, arguments...)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "add --yes")
	code, _, stderr = run(t, kubeconfig, append(arguments, "--yes", "--timeout", "1s")...)
	assert.Equal(t, 4, code)
	assert.Contains(t, stderr, "0 of 9 objects are gone, Cluster doomed/doomed is not: not in time; missing:\n  Cluster doomed is still there")
	_, err := client.Resource(secrets).Namespace("doomed").Get(t.Context(), "doomed-harvester-identity", metav1.GetOptions{})
	require.NoError(t, err, "the identity stays as long as the Cluster does")

	finalizers(t, client, "doomed", "null")
	code, stdout, stderr = run(t, kubeconfig, append(arguments, "--yes")...)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "Secret doomed/doomed-harvester-identity: deleted\n")
	code, stdout, _ = run(t, kubeconfig, append(arguments, "--yes")...)
	assert.Equal(t, 0, code)
	assert.Equal(t, "nothing to delete: there is no cluster doomed/doomed\n", stdout)
}

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

func finalizers(t *testing.T, client dynamic.Interface, name, value string) {
	t.Helper()
	patch := []byte(`{"metadata":{"finalizers":` + value + `}}`)
	_, err := client.Resource(clusters).Namespace(name).Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{})
	require.NoError(t, err)
}

func newMachine(t *testing.T, client dynamic.Interface, cluster, name string) {
	t.Helper()
	machine := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine",
		"metadata": map[string]any{"name": name, "namespace": cluster, "labels": map[string]any{"cluster.x-k8s.io/cluster-name": cluster}},
		"spec": map[string]any{
			"clusterName": cluster, "bootstrap": map[string]any{"dataSecretName": "x"},
			"infrastructureRef": map[string]any{"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "HarvesterMachine", "name": name},
		},
	}}
	_, err := client.Resource(machines).Namespace(cluster).Create(t.Context(), machine, metav1.CreateOptions{})
	require.NoError(t, err)
}

func setStatus(t *testing.T, client dynamic.Interface, resource schema.GroupVersionResource, namespace, name string, status map[string]any) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"status": status})
	require.NoError(t, err)
	_, err = client.Resource(resource).Namespace(namespace).
		Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	require.NoError(t, err)
}
