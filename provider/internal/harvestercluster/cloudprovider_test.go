package harvestercluster

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

var target = &infrav1.UpdateCloudProviderConfig{
	ManifestsConfigMapNamespace: "ns", ManifestsConfigMapName: "c-ccm", ManifestsConfigMapKey: "cloud-config.yaml",
	CloudConfigCredentialsSecretName: "cloud-config", CloudConfigCredentialsSecretKey: "kubeconfig",
}

const credentials = "the-new-kubeconfig"

func TestCredentialsGoIntoTheSecretOnly(t *testing.T) {
	const before = "# kept\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: cloud-config}\n---\n"
	const after = "---\n# kept as well\nkind:   ConfigMap\nmetadata: {name: other}\n"
	for name, document := range map[string]string{
		"no data":            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cloud-config\n",
		"data of another":    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cloud-config\ndata:\n  other: eA==\n",
		"older data":         "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cloud-config\ndata:\n  kubeconfig: eA==\n",
		"a placeholder text": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cloud-config\nstringData:\n  kubeconfig: \"\"\n  note: kept\n",
	} {
		t.Run(name, func(t *testing.T) {
			written, err := withCredentials(before+document+after, target, []byte(credentials))
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(written, before), written)
			require.True(t, strings.HasSuffix(written, after), written)
			secret := parse(t, strings.TrimSuffix(strings.TrimPrefix(written, before), after))
			assert.Equal(t, base64.StdEncoding.EncodeToString([]byte(credentials)), secret["data"].(map[string]any)["kubeconfig"])
			if name == "data of another" {
				assert.Equal(t, "eA==", secret["data"].(map[string]any)["other"])
			}
			if name == "a placeholder text" {
				assert.Equal(t, map[string]any{"note": "kept"}, secret["stringData"])
			}
			again, err := withCredentials(written, target, []byte(credentials))
			require.NoError(t, err)
			assert.Equal(t, written, again, "what is right stays, byte by byte")
		})
	}
}

func TestAnEmptyManifestGetsTheSecret(t *testing.T) {
	for _, empty := range []string{"", "\n  \n"} {
		written, err := withCredentials(empty, target, []byte(credentials))
		require.NoError(t, err)
		secret := parse(t, written)
		assert.Equal(t, map[string]any{"name": "cloud-config", "namespace": "kube-system"}, secret["metadata"])
		assert.Equal(t, base64.StdEncoding.EncodeToString([]byte(credentials)), secret["data"].(map[string]any)["kubeconfig"])
		again, err := withCredentials(written, target, []byte(credentials))
		require.NoError(t, err)
		assert.Equal(t, written, again)
	}
}

func TestAManifestWithoutTheSecretIsRefused(t *testing.T) {
	for name, manifest := range map[string]string{
		"another Secret": "kind: Secret\nmetadata: {name: other}\n",
		"another kind":   "kind: ConfigMap\nmetadata: {name: cloud-config}\n",
		"not YAML":       "a: b: " + credentials + "\n",
		"a list":         "- " + credentials + "\n",
		"no metadata":    "kind: Secret\nmetadata: 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := withCredentials(manifest, target, []byte(credentials))
			require.Error(t, err)
			assert.NotContains(t, err.Error(), credentials)
		})
	}
}

// FuzzWithCredentials: any text is refused or takes the credentials, and taking them twice changes nothing.
func FuzzWithCredentials(f *testing.F) {
	f.Add("kind: Secret\nmetadata: {name: cloud-config}\n")
	f.Add("---\n---\nkind: Secret\nmetadata: {name: cloud-config}\ndata: {kubeconfig: 1}\n---\n")
	f.Add("kind: Secret\nmetadata: {name: cloud-config}\nstringData: 3\ndata: []\n")
	f.Fuzz(func(t *testing.T, manifest string) {
		written, err := withCredentials(manifest, target, []byte(credentials))
		if err != nil {
			return
		}
		require.Contains(t, written, base64.StdEncoding.EncodeToString([]byte(credentials)))
		again, err := withCredentials(written, target, []byte(credentials))
		require.NoError(t, err)
		require.Equal(t, written, again)
	})
}

func TestGuestKubeconfig(t *testing.T) {
	written, err := guestKubeconfig("https://192.0.2.1:6443", "vms", "a-token", []byte("an-authority"))
	require.NoError(t, err)
	config, err := clientcmd.Load(written)
	require.NoError(t, err)
	current := config.Contexts[config.CurrentContext]
	assert.Equal(t, "vms", current.Namespace)
	assert.Equal(t, "https://192.0.2.1:6443", config.Clusters[current.Cluster].Server)
	assert.Equal(t, []byte("an-authority"), config.Clusters[current.Cluster].CertificateAuthorityData)
	assert.Equal(t, "a-token", config.AuthInfos[current.AuthInfo].Token)
}

func TestJudgeCredentials(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		left    time.Duration
		unknown bool
		reason  string
		status  string
		again   time.Duration
	}{
		"silent":       {unknown: true, reason: infrav1.CredentialsExpirySilentReason, status: "True"},
		"long":         {left: 30 * day, reason: infrav1.CredentialsLastReason, status: "True", again: 23 * day},
		"soon":         {left: 7 * day, reason: infrav1.CredentialsExpireSoonReason, status: "False", again: 7 * day},
		"very soon":    {left: time.Second, reason: infrav1.CredentialsExpireSoonReason, status: "False", again: time.Second},
		"at this time": {left: 0, reason: infrav1.CredentialsExpiredReason, status: "False"},
		"over":         {left: -day, reason: infrav1.CredentialsExpiredReason, status: "False"},
	} {
		t.Run(name, func(t *testing.T) {
			outcome := judgeCredentials(now.Add(test.left), !test.unknown, now, 7*day)
			assert.Equal(t, test.reason, outcome.Reason)
			assert.EqualValues(t, test.status, outcome.Status)
			assert.Equal(t, test.again, outcome.RequeueAfter, "it comes back when the answer changes, and not before")
		})
	}
}

func parse(t *testing.T, document string) map[string]any {
	t.Helper()
	content := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(document), &content))
	return content
}

// Two clusters that name one manifest by mistake would write it in turn for ever.
func TestAManifestIsWrittenByOneCluster(t *testing.T) {
	target := infrav1.UpdateCloudProviderConfig{ManifestsConfigMapNamespace: "ns", ManifestsConfigMapName: "addons", ManifestsConfigMapKey: "a"}
	cluster := func(name string, age int64, target infrav1.UpdateCloudProviderConfig) infrav1.HarvesterCluster {
		infra := infrav1.HarvesterCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, CreationTimestamp: metav1.Unix(1000-age, 0)}}
		infra.Spec.UpdateCloudProviderConfig = &target
		return infra
	}
	another := target
	another.ManifestsConfigMapKey = "b"
	all := []infrav1.HarvesterCluster{cluster("young", 1, target), cluster("old", 5, target), cluster("twin", 5, target), cluster("oldest", 9, another), {}}
	for name, owner := range map[int]string{0: "old", 1: "old", 2: "old", 3: "oldest"} {
		assert.Equal(t, owner, manifestOwner(&all[name], all).Name)
	}
}
