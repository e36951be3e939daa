package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/grid"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func pool(name string, available int64, holders ...string) *lbv1.IPPool {
	pool := &lbv1.IPPool{ObjectMeta: meta("", name)}
	pool.Status = lbv1.IPPoolStatus{Total: 20, Available: available, Allocated: map[string]string{}}
	for i, holder := range holders {
		pool.Status.Allocated["172.16.3."+string(rune('1'+i))] = holder
	}
	return pool
}

// everything is what the guide's example needs.
func everything(version string, pools ...*lbv1.IPPool) []client.Object {
	image := &hciv1.VirtualMachineImage{ObjectMeta: meta("default", "image-abcde")}
	image.Spec.DisplayName = strings.TrimPrefix(grid.Guide().Image, "default/")
	image.Status.Progress = 100
	image.Status.StorageClassName = "longhorn-image-abcde"
	image.Status.Conditions = []hciv1.Condition{{Type: "Imported", Status: "True"}, {Type: "Initialized", Status: "True"}}
	keyPair := &hciv1.KeyPair{ObjectMeta: meta("default", "capi-ssh-key")}
	keyPair.Spec.PublicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN9oQVTmWZQYMnbDYxGvrVFMlJ5mVnJBIZvzVoCi9Hzq test"
	keyPair.Status.Conditions = []hciv1.Condition{{Type: "validated", Status: "True"}}
	objects := []client.Object{
		&hciv1.Setting{ObjectMeta: meta("", hciv1.SettingServerVersion), Value: version},
		image, keyPair,
		&nadv1.NetworkAttachmentDefinition{ObjectMeta: meta("default", "production")},
		&storagev1.StorageClass{ObjectMeta: meta("", "harvester-longhorn")},
	}
	for _, pool := range pools {
		objects = append(objects, pool)
	}
	return objects
}

// harvester holds objects, and allows everything but what it is told.
func harvester(t *testing.T, forbidden string, objects ...client.Object) client.Client {
	t.Helper()
	scheme := harvesterclient.NewScheme()
	require.NoError(t, authorizationv1.AddToScheme(scheme))
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(_ context.Context, _ client.WithWatch, object client.Object, _ ...client.CreateOption) error {
			review, ok := object.(*authorizationv1.SelfSubjectAccessReview)
			if !ok {
				return errors.New("nothing else is to be created")
			}
			asked := review.Spec.ResourceAttributes
			review.Status.Allowed = asked.Verb+" "+asked.Resource != forbidden
			return nil
		},
	}).Build()
}

func failures(findings []Finding) []string {
	var texts []string
	for _, finding := range findings {
		if !finding.OK {
			texts = append(texts, finding.String())
		}
	}
	return texts
}

func TestAllIsThere(t *testing.T) {
	s := grid.Guide()
	s.ExtraDisks = []string{"harvester-longhorn:1Gi"}
	findings := Run(t.Context(), s, harvester(t, "", everything("v1.6.0", pool("prod-ip-pool", 6))...))
	assert.Empty(t, failures(findings))
	assert.False(t, Failed(findings))
	var checks []string
	for _, finding := range findings {
		checks = append(checks, finding.Check)
	}
	assert.Equal(t, []string{"Harvester", "image", "key pair", "network", "storage class", "pool", "addresses", "rights"}, checks)
}

func TestAllThatLacksIsReportedTogether(t *testing.T) {
	s := grid.Guide()
	s.ExtraDisks, s.LoadBalancerPool = []string{"absent:1Gi"}, "vips"
	only := &hciv1.Setting{ObjectMeta: meta("", hciv1.SettingServerVersion), Value: "v1.2.2"}
	findings := failures(Run(t.Context(), s, harvester(t, "delete virtualmachines", only)))
	for i, want := range []string{
		"Harvester: --harvester-kubeconfig: version v1.2.2 is too old", "image: --image: ", "key pair: --ssh-keypair: ",
		"network: --network: ", "storage class: --extra-disk: ", "pool: --ip-pool: ", "pool: --lb-ip-pool: ",
		"rights: --harvester-kubeconfig: the account may not delete virtualmachines.kubevirt.io in namespace \"default\"",
	} {
		require.Greater(t, len(findings), i, findings)
		assert.Contains(t, findings[i], want)
	}
	assert.Len(t, findings, 8)
}

func TestAddresses(t *testing.T) {
	const own, other = "default/production-cluster-md-0-x.harvester", "default/other-1"
	for name, test := range map[string]struct {
		pools []*lbv1.IPPool
		want  string
	}{
		"just enough":         {[]*lbv1.IPPool{pool("a", 6)}, ""},
		"one too few":         {[]*lbv1.IPPool{pool("a", 5)}, "5 are free in a, 6 are needed: one for each machine and one to replace one; extend"},
		"together enough":     {[]*lbv1.IPPool{pool("a", 2), pool("b", 4)}, ""},
		"exhausted":           {[]*lbv1.IPPool{pool("a", 0), pool("b", 0)}, "0 are free in a, b, 6 are needed"},
		"the cluster is up":   {[]*lbv1.IPPool{pool("a", 4, own, own)}, ""},
		"others hold them":    {[]*lbv1.IPPool{pool("a", 4, other, other)}, "4 are free in a, 6 are needed"},
		"not counted at all":  {[]*lbv1.IPPool{{ObjectMeta: meta("", "a")}}, `pool "a" is not counted by Harvester yet, or empty`},
		"the second one lags": {[]*lbv1.IPPool{pool("a", 9), {ObjectMeta: meta("", "b")}}, `pool "b" is not counted`},
	} {
		t.Run(name, func(t *testing.T) {
			s := grid.Guide()
			s.IPPool, s.IPPoolRefs = "", nil
			for _, pool := range test.pools {
				s.IPPoolRefs = append(s.IPPoolRefs, pool.Name)
			}
			found := strings.Join(failures(Run(t.Context(), s, harvester(t, "", everything("v1.6.0", test.pools...)...))), "\n")
			if test.want == "" {
				assert.Empty(t, found)
				return
			}
			assert.Contains(t, found, "--ip-pool-refs: "+test.want)
		})
	}
}

// What is no Harvester, or does not answer, is one finding, whatever else was asked for.
func TestNoHarvester(t *testing.T) {
	const token = "s3cr3t"
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer refuses.Close()
	for name, server := range map[string]string{"away": away.URL, "unauthorized": refuses.URL} {
		t.Run(name, func(t *testing.T) {
			c, err := Connect(kubeconfigFor(t, server, token))
			require.NoError(t, err)
			findings := Run(t.Context(), grid.Guide(), c)
			require.Len(t, findings, 1)
			assert.False(t, findings[0].OK)
			assert.Equal(t, "harvester-kubeconfig", findings[0].Flag)
			assert.NotContains(t, findings[0].String(), token)
		})
	}
	findings := Run(t.Context(), grid.Guide(), harvester(t, ""))
	require.Len(t, findings, 1)
	assert.Contains(t, findings[0].String(), "no Harvester")
}

func kubeconfigFor(t *testing.T, server, token string) []byte {
	t.Helper()
	content, err := json.Marshal(map[string]any{
		"clusters":        []any{map[string]any{"name": "h", "cluster": map[string]any{"server": server}}},
		"users":           []any{map[string]any{"name": "h", "user": map[string]any{"token": token}}},
		"contexts":        []any{map[string]any{"name": "h", "context": map[string]any{"cluster": "h", "user": "h"}}},
		"current-context": "h",
	})
	require.NoError(t, err)
	return content
}
