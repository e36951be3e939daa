package integration

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/doctor"
)

// doctor runs the command as a shell would, as the administrator, about the world's cluster or its machine m-1.
func (w *world) doctor(kind string, args ...string) (code int, report doctor.Report, text string) {
	w.t.Helper()
	return w.doctorAs("", kind, args...)
}

// doctorAs runs it as another user of the management cluster.
func (w *world) doctorAs(user, kind string, args ...string) (code int, report doctor.Report, text string) {
	w.t.Helper()
	name := clusterName
	if kind == "Machine" {
		name = "m-1"
	}
	args = append([]string{strings.ToLower(kind), name, "-n", w.namespace, "--kubeconfig", w.managementKubeconfig(user)}, args...)
	var out, errs bytes.Buffer
	code = doctor.Execute(w.ctx, doctor.Streams{Out: &out, Err: &errs}, "test", "caphv-doctor", args)
	text = out.String() + errs.String()
	if json.Valid(out.Bytes()) {
		require.NoError(w.t, json.Unmarshal(out.Bytes(), &report))
	}
	return code, report, text
}

// managementKubeconfig is a file with the administrator's credentials, who acts as another user if one is given.
func (w *world) managementKubeconfig(user string) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "kubeconfig")
	content, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"c": {Server: management.Host, CertificateAuthorityData: management.CAData}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{"u": {
			ClientCertificateData: management.CertData, ClientKeyData: management.KeyData, Impersonate: user,
		}},
		Contexts: map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}}, CurrentContext: "x",
	})
	require.NoError(w.t, err)
	require.NoError(w.t, os.WriteFile(path, content, 0o600))
	return path
}

func TestDoctorOfAClusterThatIsWell(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.proxy.cutAfter(0)
	code, _, text := w.doctor("Machine")
	assert.Equal(t, doctor.ExitReady, code, text)
	assert.Equal(t, "Machine "+w.namespace+"/m-1 is ready.\n", text)
	code, _, text = w.doctor("Cluster")
	assert.Equal(t, doctor.ExitReady, code, text)
	assert.Empty(t, w.proxy.written(), "nothing is written")
}

// Who may read little is told what can be seen, and which rights were missing for the rest.
func TestDoctorWithFewRights(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	w.provisionCluster()
	w.provisionMachine("m-0", false)
	w.createMachine("m-1", false)
	w.settleFault("Machine", fault{condition: infrav1.AddressReadyCondition, reason: infrav1.PoolExhaustedReason})

	user := "reader-of-" + w.namespace
	code, _, text := w.doctorAs(user, "Cluster")
	assert.Equal(t, doctor.ExitUnreachable, code, "without any right: %s", text)
	w.allow(user)
	code, report, text := w.doctorAs(user, "Cluster", "-o", "json")
	require.Equal(t, doctor.ExitNotReady, code, text)
	assert.Equal(t, infrav1.PoolExhaustedReason, report.Findings[0].Reason)
	assert.Empty(t, report.Findings[0].Seen, "what only Harvester knows is not seen")
	var lacks []string
	for _, lack := range report.Lacks {
		assert.Equal(t, "the right to do this is missing", lack.Why)
		lacks = append(lacks, lack.Where+": "+lack.What)
	}
	assert.Equal(t, []string{
		"Harvester: connect with identity Secret " + w.namespace + "/harvester",
		"management cluster: list Deployments in all namespaces, to see whether the manager runs",
		"management cluster: list HarvesterIPPools",
		"management cluster: list Machines",
	}, lacks)
}

// fastest is the time of the fastest of three runs, or of the first that is fast enough: other tests run at the same time.
func fastest(enough time.Duration, run func()) time.Duration {
	best := time.Duration(0)
	for range 3 {
		started := time.Now()
		run()
		if took := time.Since(started); best == 0 || took < best {
			best = took
		}
		if best < enough {
			break
		}
	}
	return best
}

// allow lets a user read our kinds, the Cluster and events in the world's namespace, and nothing else.
func (w *world) allow(user string) {
	w.t.Helper()
	read := []string{"get", "list"}
	w.create(w.management, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "reader"},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"cluster.x-k8s.io"}, Resources: []string{"clusters"}, Verbs: read},
			{APIGroups: []string{infrav1.GroupVersion.Group}, Resources: []string{"harvesterclusters", "harvestermachines"}, Verbs: read},
			{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: read},
		},
	})
	w.create(w.management, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	})
	require.Eventually(w.t, func() bool { // The authorizer follows by a watch.
		code, _, _ := w.doctorAs(user, "Cluster")
		return code != doctor.ExitUnreachable
	}, 10*time.Second, 20*time.Millisecond)
}

// A Harvester that takes connections and never answers costs a second, and no answer.
func TestDoctorDoesNotWaitForHarvester(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	w.provisionCluster()
	w.provisionMachine("m-0", false)
	w.createMachine("m-1", false)
	w.settleFault("Machine", fault{condition: infrav1.AddressReadyCondition, reason: infrav1.PoolExhaustedReason})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	w.setIdentity(bytes.ReplaceAll(w.proxy.kubeconfig(t, secretMarker), []byte(w.proxy.server.URL), []byte("https://"+silent.Addr().String())))

	var code int
	var report doctor.Report
	var text string
	const most = 2 * time.Second
	assert.Less(t, fastest(most, func() { code, report, text = w.doctor("Cluster", "-o", "json") }), most)
	require.Equal(t, doctor.ExitNotReady, code, text)
	assert.Equal(t, infrav1.PoolExhaustedReason, report.Findings[0].Reason)
	assert.Contains(t, text, "no answer within 1s (--timeout)")
	assert.NotContains(t, text, secretMarker)
}

func TestDoctorIsAskedWrongly(t *testing.T) {
	w := newWorld(t)
	w.create(w.management, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "unrelated"}})
	for name, args := range map[string][]string{
		"no such output": {"-o", "xml"}, "no such flag": {"--force"}, "two names": {"another"}, "no such context": {"--context", "absent"},
	} {
		code, _, text := w.doctor("Cluster", args...)
		assert.Equal(t, doctor.ExitUsage, code, "%s: %s", name, text)
	}
	for _, kind := range []string{"Cluster", "Machine"} {
		code, _, text := w.doctor(kind)
		assert.Equal(t, doctor.ExitUsage, code, text)
		assert.Contains(t, text, "name the namespace with -n")
	}
	code, _, text := w.doctor("Cluster", "--kubeconfig", "/nonexistent")
	assert.Equal(t, doctor.ExitUsage, code, text)
}
