package poolcommand_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolcommand"
)

// run is the command as a shell would run it.
func run(t *testing.T, answer string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	streams := poolcommand.Streams{In: strings.NewReader(answer), Out: &stdout, Err: &stderr, Terminal: answer != ""}
	code = poolcommand.Execute(t.Context(), streams, "test", args)
	return code, stdout.String(), stderr.String()
}

// server is a real API server that is Harvester and management cluster at once.
func server(t *testing.T) (c client.Client, kubeconfig string) {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = "../../../bin/assets"
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{"../../../simulator/internal/crds", "../../../config/crd/bases"}, ErrorIfCRDPathMissing: true,
	}
	config, err := environment.Start()
	require.NoError(t, err)
	t.Cleanup(func() { _ = environment.Stop() })
	scheme := harvesterclient.NewScheme()
	require.NoError(t, infrav1.AddToScheme(scheme))
	c, err = client.New(config, client.Options{Scheme: scheme})
	require.NoError(t, err)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, environment.KubeConfig, 0o600))
	return c, kubeconfig
}

func create(t *testing.T, c client.Client, object client.Object) {
	t.Helper()
	require.NoError(t, c.Create(t.Context(), object))
}

// inhabit makes a pool with a load balancer, a VM, a machine that waits for its VM, an owner of two addresses, and two
// addresses whose owners are gone.
func inhabit(t *testing.T, c client.Client) {
	t.Helper()
	for _, namespace := range []string{"vms", "capi"} {
		create(t, c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	}
	create(t, c, &lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{Namespace: "vms", Name: "front"}})
	create(t, c, &kubevirtv1.VirtualMachine{
		ObjectMeta: metav1.ObjectMeta{Namespace: "vms", Name: "cp-0"},
		Spec:       kubevirtv1.VirtualMachineSpec{Template: &kubevirtv1.VirtualMachineInstanceTemplateSpec{}},
	})
	create(t, c, &infrav1.HarvesterCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: "capi", Name: "c"},
		Spec: infrav1.HarvesterClusterSpec{
			TargetNamespace: "vms", IdentitySecret: infrav1.SecretReference{Namespace: "capi", Name: "s"}, LoadBalancerConfig: infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypeDHCP},
		},
	})
	create(t, c, &infrav1.HarvesterMachine{
		ObjectMeta: metav1.ObjectMeta{Namespace: "capi", Name: "new-0"},
		Spec: infrav1.HarvesterMachineSpec{
			CPU: 1, Memory: "1Gi", SSHUser: "u", SSHKeyPair: "k", Networks: []string{"n"},
			Volumes: []infrav1.Volume{{VolumeType: "image", ImageName: "i"}},
		},
	})
	create(t, c, &lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: "lan"},
		Spec:       lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "10.5.0.0/24", RangeStart: "10.5.0.10", RangeEnd: "10.5.0.19"}}},
		Status: lbv1.IPPoolStatus{Total: 10, Available: 7, LastAllocated: "10.5.0.15", Allocated: map[string]string{
			"10.5.0.10": "vms/front", "10.5.0.11": "vms/cp-0.caphv", "10.5.0.12": "vms/new-0.caphv", "10.5.0.13": "vms/gone.caphv", "10.5.0.15": "capi/gone-too",
		}},
	})
	create(t, c, &lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: "other"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "10.6.0.0/24"}}},
		Status: lbv1.IPPoolStatus{Total: 253, Available: 252, LastAllocated: "10.6.0.2", Allocated: map[string]string{"10.6.0.2": "vms/front"}},
	})
}

func TestShowVerifyRepair(t *testing.T) {
	c, kubeconfig := server(t)
	inhabit(t, c)
	clusters := []string{"--kubeconfig", kubeconfig, "--management-kubeconfig", kubeconfig}
	with := func(args ...string) []string { return append(args, clusters...) }

	code, out, _ := run(t, "", with("show", "lan")...)
	require.Equal(t, poolcommand.ExitOK, code)
	assert.Regexp(t, `lan +- +10 +7 +5 +0 +10\.5\.0\.15`, out)
	assert.Regexp(t, `10\.5\.0\.12 +vms/new-0\.caphv +HarvesterMachine capi/new-0`, out)
	assert.Regexp(t, `10\.5\.0\.13 +vms/gone\.caphv +-`, out)
	assert.NotContains(t, out, "other")

	code, out, _ = run(t, "", with("verify", "-o", "json")...)
	require.Equal(t, poolcommand.ExitFindings, code)
	var verdict struct{ Findings []poolaudit.Finding }
	require.NoError(t, json.Unmarshal([]byte(out), &verdict))
	kinds := map[poolaudit.Kind]int{}
	for _, finding := range verdict.Findings {
		kinds[finding.Kind]++
	}
	assert.Equal(t, map[poolaudit.Kind]int{poolaudit.Leak: 2, poolaudit.Drift: 1, poolaudit.Double: 2}, kinds)

	for name, refused := range map[string]struct {
		answer string
		args   []string
		code   int
	}{
		"only shown":           {args: with("repair", "--dry-run"), code: poolcommand.ExitFindings},
		"nobody to ask":        {args: with("repair"), code: poolcommand.ExitUsage},
		"the answer is no":     {answer: "y\n", args: with("repair"), code: poolcommand.ExitUsage},
		"a guess":              {args: []string{"repair", "--yes", "--kubeconfig", kubeconfig}, code: poolcommand.ExitUsage},
		"no such pool":         {args: with("repair", "--yes", "absent"), code: poolcommand.ExitUsage},
		"no such flag":         {args: with("repair", "--force"), code: poolcommand.ExitUsage},
		"no such output":       {args: with("show", "-o", "xml"), code: poolcommand.ExitUsage},
		"no such kubeconfig":   {args: []string{"show", "--kubeconfig", "/nonexistent"}, code: poolcommand.ExitUsage},
		"nobody listens there": {args: []string{"show", "--kubeconfig", unreachable(t)}, code: poolcommand.ExitUnreachable},
	} {
		code, out, errs := run(t, refused.answer, refused.args...)
		assert.Equal(t, refused.code, code, "%s: %s%s", name, out, errs)
	}
	require.Len(t, allocated(t, c, "lan").Allocated, 5, "nothing was changed so far")

	code, out, errs := run(t, "yes\n", with("repair", "lan")...)
	require.Equal(t, poolcommand.ExitFindings, code, "the owner of two addresses is left to a person: %s", errs)
	assert.Regexp(t, `release +lan +10\.5\.0\.13`, out)
	assert.Regexp(t, `leave +lan +10\.5\.0\.10 +double`, out)
	status := allocated(t, c, "lan")
	assert.Equal(t, map[string]string{"10.5.0.10": "vms/front", "10.5.0.11": "vms/cp-0.caphv", "10.5.0.12": "vms/new-0.caphv"}, status.Allocated)
	assert.Equal(t, map[string]string{"10.5.0.13": "vms/gone.caphv", "10.5.0.15": "capi/gone-too"}, status.AllocatedHistory)
	assert.EqualValues(t, 10, status.Total)
	assert.EqualValues(t, 7, status.Available)

	require.NoError(t, c.Delete(t.Context(), &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: "other"}}))
	code, out, _ = run(t, "", with("verify")...)
	assert.Equal(t, poolcommand.ExitOK, code, out)
	code, _, errs = run(t, "", "verify", "--kubeconfig", kubeconfig)
	assert.Equal(t, poolcommand.ExitFindings, code, "without its management cluster, a machine without a VM looks like a leak")
	assert.Contains(t, errs, "--management-kubeconfig")
}

func allocated(t *testing.T, c client.Client, name string) lbv1.IPPoolStatus {
	t.Helper()
	pool := &lbv1.IPPool{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: name}, pool))
	return pool.Status
}

func unreachable(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{"clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1"}}],"contexts":[{"name":"c","context":{"cluster":"c"}}],"current-context":"c"}`
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestHelpAndCompletionNeedNoCluster(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"repair", "--help"}, {"completion", "bash"}, {"--version"}} {
		var out bytes.Buffer
		require.Equal(t, poolcommand.ExitOK, poolcommand.Execute(t.Context(), poolcommand.Streams{Out: &out, Err: &out}, "v9", args))
		assert.NotEmpty(t, out.String())
	}
}
