package guest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
)

// runbook removes a stale member as an operator does: by the command, with what the management cluster keeps about the
// cluster. What is tried first must change nothing.
func (l *leaving) runbook(t *testing.T, dead, next string) {
	t.Helper()
	program := buildCaphvEtcd(t)
	management := l.managementCluster(t)
	l.recordSnapshots(t)
	run := func(answer string, want int, words ...string) string {
		command := exec.CommandContext(t.Context(), program, append(words, "--kubeconfig="+management)...)
		command.Stdin = strings.NewReader(answer)
		text, err := command.CombinedOutput()
		require.Equal(t, want, command.ProcessState.ExitCode(), "%v: %v: %s", words, err, text)
		assert.NotContains(t, string(text), "PRIVATE KEY")
		return string(text)
	}
	const healthy = "2 of 3 voters are healthy, quorum is 2; seen by "
	for namespace, way := range map[string]string{"rke2": "PortForward", "kubeadm": "PortForward", "no-authority": "Exec"} {
		status := run("", 0, "status", "-n", namespace, "--cluster="+l.name)
		assert.Contains(t, status, healthy+way, "Secrets as in %s", namespace)
		assert.Contains(t, status, "last snapshot: etcd-snapshot-new on cp-1 at 2026-01-02T00:00:00Z")
	}
	assert.Contains(t, run("", 1, "status", "-n", "rke2", "--cluster=another"), "rke2/another")
	workload := filepath.Join(t.TempDir(), "kubeconfig")
	config, err := l.manager.Kubeconfig(l.name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(workload, config, 0o600))
	assert.Contains(t, run("", 0, "status", "--workload-kubeconfig="+workload), healthy+"Exec")

	cluster := []string{"-n", "rke2", "--cluster=" + l.name}
	in := func(words ...string) []string { return append(words, cluster...) }
	data := run("", 0, in("status", "-o", "json")...)
	for _, wanted := range []string{`"healthyVoters": 2`, `"way": "PortForward"`, `"name": "etcd-snapshot-new"`} {
		assert.Contains(t, data, wanted)
	}
	assert.Contains(t, run("", 3, in("plan", "--leaving", next)...), "Refuse: ")
	assert.Contains(t, run("", 3, in("remove", next, "--yes")...), "Refuse: ")
	assert.Contains(t, run("", 0, in("plan", "--leaving", dead)...), "RemoveMember: ")
	declined := run("no\n", 3, in("remove", dead)...)
	assert.Contains(t, declined, "RemoveMember: ", "the plan is shown first")
	assert.Contains(t, declined, "not confirmed")
	members, err := l.manager.Members(t.Context(), l.name)
	require.NoError(t, err)
	assert.Len(t, members, 3, "nothing has changed yet")

	done := run("yes\n", 0, in("remove", dead)...)
	before, after, shown := strings.Cut(done, "Go on?")
	assert.True(t, shown)
	assert.Contains(t, before, "RemoveMember: ")
	assert.Contains(t, after, "None: no etcd member belongs to node "+dead)
}

func buildCaphvEtcd(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "caphv-etcd")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "./cmd/caphv-etcd")
	build.Dir, build.Env = filepath.Join("..", "..", "etcdops"), append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	text, err := build.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return program
}

// managementCluster is an API server of its own that keeps, in a namespace per layout, what Cluster API's providers
// keep about the cluster. It returns the path of its kubeconfig.
func (l *leaving) managementCluster(t *testing.T) string {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{
		Name: "management", Dir: t.TempDir(), AssetsDir: assetsDir(t),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, plane.Stop(context.Background())) })
	client, err := kubernetes.NewForConfig(plane.Config())
	require.NoError(t, err)
	kubeconfig, err := l.manager.Kubeconfig(l.name)
	require.NoError(t, err)
	guest := l.guest()
	for namespace, key := range map[string][]byte{"rke2": guest.CAKey, "kubeadm": asPKCS8(t, guest.CACert, guest.CAKey), "no-authority": nil} {
		_, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
		require.NoError(t, err)
		secrets := map[string]map[string][]byte{l.name + "-kubeconfig": {"value": kubeconfig}}
		if key != nil {
			secrets[l.name+"-etcd"] = map[string][]byte{corev1.TLSCertKey: guest.CACert, corev1.TLSPrivateKeyKey: key}
		}
		for name, data := range secrets {
			_, err := client.CoreV1().Secrets(namespace).Create(t.Context(), &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"cluster.x-k8s.io/cluster-name": l.name}},
				Type:       "cluster.x-k8s.io/secret", Data: data,
			}, metav1.CreateOptions{})
			require.NoError(t, err)
		}
	}
	return plane.AdminKubeconfig()
}

// asPKCS8 writes the key in the other form that keys of authorities come in.
func asPKCS8(t *testing.T, certificate, key []byte) []byte {
	t.Helper()
	pair, err := tls.X509KeyPair(certificate, key)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// recordSnapshots lists snapshots in the cluster as RKE2 does (k3s, pkg/apis/k3s.cattle.io/v1, ETCDSnapshotFile).
func (l *leaving) recordSnapshots(t *testing.T) {
	t.Helper()
	client, err := dynamic.NewForConfig(l.config())
	require.NoError(t, err)
	text := map[string]any{"type": "string"}
	object := func(properties map[string]any) map[string]any {
		return map[string]any{"type": "object", "properties": properties}
	}
	_, err = client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}).
		Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
			"metadata": map[string]any{"name": "etcdsnapshotfiles.k3s.cattle.io"},
			"spec": map[string]any{
				"group": "k3s.cattle.io", "scope": "Cluster",
				"names": map[string]any{"kind": "ETCDSnapshotFile", "plural": "etcdsnapshotfiles", "singular": "etcdsnapshotfile"},
				"versions": []any{map[string]any{
					"name": "v1", "served": true, "storage": true,
					"schema": map[string]any{"openAPIV3Schema": object(map[string]any{
						"spec": object(map[string]any{"snapshotName": text, "nodeName": text, "location": text}),
						"status": object(map[string]any{
							"creationTime": map[string]any{"type": "string", "format": "date-time", "nullable": true},
							"readyToUse":   map[string]any{"type": "boolean", "nullable": true},
						}),
					})},
				}},
			},
		}}, metav1.CreateOptions{})
	require.NoError(t, err)
	files := client.Resource(schema.GroupVersionResource{Group: "k3s.cattle.io", Version: "v1", Resource: "etcdsnapshotfiles"})
	for name, status := range map[string]map[string]any{
		"etcd-snapshot-old":    {"creationTime": "2026-01-01T00:00:00Z", "readyToUse": true},
		"etcd-snapshot-new":    {"creationTime": "2026-01-02T00:00:00Z", "readyToUse": true},
		"etcd-snapshot-failed": {"creationTime": "2026-01-03T00:00:00Z", "readyToUse": false},
		"etcd-snapshot-begun":  {},
	} {
		snapshot := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "k3s.cattle.io/v1", "kind": "ETCDSnapshotFile", "metadata": map[string]any{"name": name},
			"spec":   map[string]any{"snapshotName": name, "nodeName": "cp-1", "location": "file:///var/lib/rancher/rke2/server/db/snapshots/" + name},
			"status": status,
		}}
		require.Eventually(t, func() bool {
			_, err := files.Create(t.Context(), snapshot, metav1.CreateOptions{})
			return err == nil
		}, timeout, 200*time.Millisecond, "the API server should serve the new kind")
	}
}
