package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/testserver"
)

// asProgram makes the test binary behave as the program, so that tests can start and kill a real process.
const asProgram = "CAPHV_GENERATE_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is a process of caphv-generate.
func program(ctx context.Context, kubeconfig string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, os.Args[0], arguments...)
	command.Env = append(os.Environ(), asProgram+"=1", "KUBECONFIG="+kubeconfig)
	return command
}

func run(t *testing.T, kubeconfig string, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	command := program(t.Context(), kubeconfig, arguments...)
	command.Stdout, command.Stderr = &out, &errs
	_ = command.Run()
	return command.ProcessState.ExitCode(), out.String(), errs.String()
}

// kubeconfigFor writes a kubeconfig for an API server.
func kubeconfigFor(t *testing.T, config *rest.Config) string {
	t.Helper()
	file := clientcmdapi.NewConfig()
	file.Clusters["test"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos["test"] = &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData}
	file.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	file.Contexts["elsewhere"] = &clientcmdapi.Context{Cluster: "absent", AuthInfo: "test"}
	file.CurrentContext = "test"
	path := filepath.Join(t.TempDir(), "management.yaml")
	require.NoError(t, clientcmd.WriteToFile(*file, path))
	return path
}

// flags are those of a cluster in a namespace of its own.
func flags(t *testing.T, name string, more ...string) []string {
	t.Helper()
	harvester := harvesterKubeconfig(t, "s3cr3t")
	if slices.Contains(more, "--apply") {
		more = append(more, "--preflight=false") // That Harvester is in no one's reach.
	}
	return append([]string{
		"--name", name, "--image", "default/sles", "--ssh-keypair", "default/key", "--network", "default/production",
		"--ip-pool", "pool", "--gateway", "172.16.0.1", "--subnet-mask", "255.255.0.0", "--harvester-kubeconfig", harvester,
	}, more...)
}

func harvesterKubeconfig(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "harvester.yaml")
	content := `{"clusters":[{"name":"h","cluster":{"server":"https://harvester.example:6443"}}],"current-context":"h",` +
		`"users":[{"name":"h","user":{"token":"` + token + `"}}],"contexts":[{"name":"h","context":{"cluster":"h","user":"h"}}]}`
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestApply(t *testing.T) {
	config := testserver.Start(t)
	kubeconfig := kubeconfigFor(t, config)
	client, err := dynamic.NewForConfig(config)
	require.NoError(t, err)

	t.Run("FirstTimeAndAgain", func(t *testing.T) { applyTwice(t, kubeconfig, client) })
	t.Run("Grid", func(t *testing.T) { validateGrid(t, config) })
	t.Run("ClusterClass", func(t *testing.T) { applyClass(t, kubeconfig) })
	t.Run("Conflict", func(t *testing.T) { applyOverOthers(t, kubeconfig, client) })
	t.Run("DryRun", func(t *testing.T) { dryRunFirst(t, kubeconfig, client) })
	t.Run("Diff", func(t *testing.T) { showDifferences(t, kubeconfig) })
	t.Run("Wait", func(t *testing.T) { waitForIt(t, kubeconfig, client) })
	t.Run("Delete", func(t *testing.T) { deleteIt(t, kubeconfig, client) })
	t.Run("KilledHalfWay", func(t *testing.T) { killHalfWay(t, config) })
	t.Run("InterruptedHalfWay", func(t *testing.T) { interruptHalfWay(t, config) })
	t.Run("RefusedHalfWay", func(t *testing.T) { refuseHalfWay(t, config) })
	t.Run("Interactive", func(t *testing.T) { answerQuestions(t, kubeconfig) })
	t.Run("InteractiveInterrupted", func(t *testing.T) { interruptQuestions(t, kubeconfig) })
	t.Run("Context", func(t *testing.T) {
		code, _, stderr := run(t, kubeconfig, flags(t, "context", "--apply", "--context", "elsewhere")...)
		assert.Equal(t, 2, code)
		assert.Contains(t, stderr, "choose a --context that has one")
		code, _, stderr = run(t, kubeconfig, flags(t, "context", "--apply", "--context", "absent")...)
		assert.Equal(t, 2, code)
		assert.Contains(t, stderr, "--kubeconfig or --context: ")
	})
}

func applyTwice(t *testing.T, kubeconfig string, client dynamic.Interface) {
	t.Helper()
	arguments := flags(t, "twice", "--apply", "--k8s-version", "v1.31.14")
	code, stdout, stderr := run(t, kubeconfig, arguments...)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 10, strings.Count(stdout, ": created\n"), stdout)
	assert.Contains(t, stdout, "[ 3/10] Cluster twice/twice: created\n")
	assert.Contains(t, stderr, "warning: ClusterClass twice/harvester-rke2 is missing")
	assert.NotContains(t, stdout+stderr, "s3cr3t")
	assert.NotContains(t, stderr, "deprecated")

	cluster, err := client.Resource(clusters).Namespace("twice").Get(t.Context(), "twice", metav1.GetOptions{})
	require.NoError(t, err)
	version, _, _ := unstructured.NestedString(cluster.Object, "spec", "topology", "version")
	assert.Equal(t, "v1.31.14+rke2r1", version)

	config := []byte(`{"data":{"cloud-config.yaml":"put here by someone else"}}`)
	_, err = client.Resource(configMaps).Namespace("twice").Patch(t.Context(), "twice-ccm", types.MergePatchType, config, metav1.PatchOptions{})
	require.NoError(t, err)
	code, stdout, stderr = run(t, kubeconfig, arguments...)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 10, strings.Count(stdout, ": unchanged\n"), stdout)
	addon, err := client.Resource(configMaps).Namespace("twice").Get(t.Context(), "twice-ccm", metav1.GetOptions{})
	require.NoError(t, err)
	kept, _, _ := unstructured.NestedString(addon.Object, "data", "cloud-config.yaml")
	assert.Equal(t, "put here by someone else", kept, "applying again leaves that key alone")

	code, stdout, stderr = run(t, kubeconfig, append(arguments, "--worker-replicas", "5")...)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 1, strings.Count(stdout, ": configured\n"), stdout)
}

func applyClass(t *testing.T, kubeconfig string) {
	t.Helper()
	code, _, stderr := run(t, kubeconfig, flags(t, "classy", "--apply")...)
	require.Equal(t, 0, code, stderr)
	for _, want := range []string{": created\n", ": unchanged\n"} {
		code, stdout, stderr := run(t, kubeconfig, "clusterclass", "--namespace", "classy", "--apply")
		require.Equal(t, 0, code, stderr)
		assert.Equal(t, strings.Count(stdout, "\n"), strings.Count(stdout, want), stdout)
		assert.Contains(t, stdout, "ClusterClass classy/harvester-rke2")
	}
	_, _, stderr = run(t, kubeconfig, flags(t, "classy", "--apply")...)
	assert.NotContains(t, stderr, "is missing")
}

var (
	clusters   = schema.GroupVersionResource{Group: "cluster.x-k8s.io", Version: "v1beta1", Resource: "clusters"}
	configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
)

// applyOverOthers changes a field by another hand: it is not taken over silently.
func applyOverOthers(t *testing.T, kubeconfig string, client dynamic.Interface) {
	t.Helper()
	arguments := flags(t, "contested", "--apply")
	code, _, stderr := run(t, kubeconfig, arguments...)
	require.Equal(t, 0, code, stderr)
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"topology": map[string]any{"version": "v1.32.2+rke2r1"}}})
	require.NoError(t, err)
	_, err = client.Resource(clusters).Namespace("contested").Patch(t.Context(), "contested", types.MergePatchType, patch,
		metav1.PatchOptions{FieldManager: "kubectl-patch"})
	require.NoError(t, err)

	code, stdout, stderr := run(t, kubeconfig, arguments...)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "2 of 10 objects are applied, Cluster contested/contested is not")
	assert.Contains(t, stderr, ".spec.topology.version")
	assert.Contains(t, stderr, "--force-conflicts")
	assert.Equal(t, 2, strings.Count(stdout, "\n"))

	code, stdout, stderr = run(t, kubeconfig, append(arguments, "--force-conflicts")...)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "Cluster contested/contested: configured")
}
