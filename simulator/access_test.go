package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/apiproxy"
)

// The provider's rights are those of package rights: enough, and no others.
func TestTheProvidersRights(t *testing.T) {
	c := outside(t, shared.stand)
	space := namespace(t, c)
	vm := newVM(t, admin(t, shared.stand), space, "one")
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	require.NoError(t, c.Create(t.Context(), vm))
	waitAddress(t, c, vm)
	require.NoError(t, c.List(t.Context(), &lbv1.IPPoolList{}))
	require.NoError(t, c.List(t.Context(), &corev1.NodeList{}))
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: hciv1.SettingServerVersion}, &hciv1.Setting{}))
	require.NoError(t, c.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "guest"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "harvesterhci.io:cloudprovider"},
	}), "it may give Harvester's own roles away")

	for what, err := range map[string]error{
		"write nodes":         c.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "x"}}),
		"write settings":      c.Create(t.Context(), &hciv1.Setting{ObjectMeta: metav1.ObjectMeta{Name: "x"}}),
		"delete instances":    c.Delete(t.Context(), &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "one"}}),
		"give any role away":  c.Create(t.Context(), &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "root"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}}),
		"make claims":         c.Create(t.Context(), &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "x"}}),
		"read others' claims": c.Get(t.Context(), client.ObjectKey{Namespace: "kube-system", Name: "x"}, &corev1.Pod{}),
	} {
		assert.True(t, apierrors.IsForbidden(err), "%s: %v", what, err)
	}
}

// Section 9, CRDs/apiserver, line 4: a token Secret is empty at first and filled in later.
func TestTokenSecretsAreFilledInLater(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "guest"}}
	require.NoError(t, c.Create(t.Context(), account))
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "guest-token", Annotations: map[string]string{corev1.ServiceAccountNameKey: "guest"}},
		Type:       corev1.SecretTypeServiceAccountToken,
	}
	require.NoError(t, c.Create(t.Context(), secret))
	assert.Empty(t, secret.Data)
	get(t, c, client.ObjectKeyFromObject(secret), secret, func(secret *corev1.Secret) error {
		return accept(len(secret.Data["token"]) > 0 && len(secret.Data["ca.crt"]) > 0, "not filled in yet")
	})
}

// Section 9, VM lifecycle, line 9: an expired or revoked token.
func TestRotatedTokensEndTheOldOnes(t *testing.T) {
	stand := own(t, simulator.Options{})
	former := outside(t, stand)
	require.NoError(t, former.List(t.Context(), &lbv1.IPPoolList{}))
	kubeconfig, err := stand.RotateToken(t.Context())
	require.NoError(t, err)
	assert.Equal(t, kubeconfig, stand.Kubeconfig())
	require.NoError(t, outside(t, stand).List(t.Context(), &lbv1.IPPoolList{}))
	eventually(t, func() error {
		return accept(apierrors.IsUnauthorized(former.List(t.Context(), &lbv1.IPPoolList{})), "the old token still works")
	})
}

// Section 9, VM lifecycle, line 9: webhook 500, conflict storms, 401, and the rest of what an API can do to a client.
func TestTheAPIBreaksOnDemand(t *testing.T) {
	stand := own(t, simulator.Options{})
	c := outside(t, stand)
	object := plant(t, admin(t, stand), newPool("broken"))
	update := func() error {
		return attempt(t, c, object.DeepCopy(), func(object *lbv1.IPPool) { object.Spec.Description = time.Now().String() })
	}
	require.NoError(t, update())
	faults := stand.Faults()
	for name, test := range map[string]struct {
		rule apiproxy.Rule
		is   func(error) bool
	}{
		"conflict":     {apiproxy.Rule{Status: http.StatusConflict}, apierrors.IsConflict},
		"throttled":    {apiproxy.Rule{Status: http.StatusTooManyRequests}, apierrors.IsTooManyRequests},
		"unauthorized": {apiproxy.Rule{Status: http.StatusUnauthorized}, apierrors.IsUnauthorized},
		"denied": {apiproxy.Rule{Denial: "validator.harvester-system.harvester-load-balancer-webhook", Message: "no"}, func(err error) bool {
			return apierrors.IsInternalError(err) && strings.Contains(err.Error(), "denied the request")
		}},
	} {
		test.rule.Name, test.rule.Verbs, test.rule.Resources = name, []string{"update"}, []string{"ippools"}
		require.NoError(t, faults.Add(test.rule))
		err := update()
		assert.True(t, test.is(err), "%s: %v", name, err)
		faults.Clear()
	}
	faults.Connections(apiproxy.Refused)
	require.ErrorContains(t, update(), "connection refused")
	faults.Clear()
	require.NoError(t, update())
	assert.Positive(t, stand.Requests().Sum("update", "ippools"))
}

// Section 9, CRDs/apiserver, line 3.
func TestTheAPIUnderAPathPrefix(t *testing.T) {
	stand := own(t, simulator.Options{PathPrefix: "/k8s/clusters/c-m-test"})
	config, err := clientcmd.RESTConfigFromKubeConfig(stand.Kubeconfig())
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(config.Host, "/k8s/clusters/c-m-test"))
	assert.NotEmpty(t, config.BearerToken)
	c := outside(t, stand)
	space := namespace(t, c)
	vm := newVM(t, admin(t, stand), space, "one")
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	require.NoError(t, c.Create(t.Context(), vm))
	waitAddress(t, c, vm)
	// A client that forgets the prefix reaches nothing.
	config.Host = strings.TrimSuffix(config.Host, "/k8s/clusters/c-m-test")
	lost, err := rest.RESTClientFor(withoutPrefix(config))
	require.NoError(t, err)
	require.Error(t, lost.Get().AbsPath("/version").Do(t.Context()).Error())
}

func withoutPrefix(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.GroupVersion = &corev1.SchemeGroupVersion
	config.NegotiatedSerializer = clientcodecs
	return config
}
