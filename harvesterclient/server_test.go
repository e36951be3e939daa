package harvesterclient

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// apiServer is a real kube-apiserver with etcd that stands for a Harvester. One serves all tests of the package; each
// test works in a namespace of its own.
type apiServer struct {
	environment *envtest.Environment
	config      *rest.Config
	admin       client.Client
	clientset   *kubernetes.Clientset
}

var startServer = sync.OnceValues(newAPIServer)

var startedServer *apiServer

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard()) // controller-runtime's, which informers use
	code := m.Run()
	if startedServer != nil {
		if err := startedServer.environment.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the API server:", err)
			code = 1
		}
	}
	os.Exit(code)
}

func serverFor(tb testing.TB) *apiServer {
	tb.Helper()
	server, err := startServer()
	require.NoError(tb, err)

	return server
}

func newAPIServer() (*apiServer, error) {
	assets, err := assetsDirectory()
	if err != nil {
		return nil, err
	}
	environment := &envtest.Environment{BinaryAssetsDirectory: assets, CRDs: testCRDs()}
	config, err := environment.Start()
	if err != nil {
		return nil, fmt.Errorf("start kube-apiserver and etcd from %s: %w", assets, err)
	}
	config.QPS, config.Burst = 500, 1000
	server := &apiServer{environment: environment, config: config}
	startedServer = server
	if server.admin, err = client.New(config, client.Options{Scheme: NewScheme()}); err != nil {
		return nil, err
	}
	server.clientset, err = kubernetes.NewForConfig(config)

	return server, err
}

// assetsDirectory is where kube-apiserver and etcd are: where the environment says, or in the workspace's bin/assets.
func assetsDirectory() (string, error) {
	if directory := os.Getenv("KUBEBUILDER_ASSETS"); directory != "" {
		return directory, nil
	}
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; directory != filepath.Dir(directory); directory = filepath.Dir(directory) {
		if _, err := os.Stat(filepath.Join(directory, "go.work")); err == nil {
			assets := filepath.Join(directory, "bin", "assets")
			if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil {
				return "", fmt.Errorf("no kube-apiserver in %s: run `make assets` in %s", assets, directory)
			}
			return assets, nil
		}
	}

	return "", errors.New("no kube-apiserver: run `make assets` in the repository, or set KUBEBUILDER_ASSETS")
}

// testCRDs define the kinds as loosely as can be, but with Harvester's scopes and its lack of status subresources.
func testCRDs() []*apiextensionsv1.CustomResourceDefinition {
	return []*apiextensionsv1.CustomResourceDefinition{
		testCRD(kubevirtv1.GroupVersion, "VirtualMachine", "virtualmachines", apiextensionsv1.NamespaceScoped, true),
		testCRD(kubevirtv1.GroupVersion, "VirtualMachineInstance", "virtualmachineinstances", apiextensionsv1.NamespaceScoped, true),
		testCRD(lbv1.GroupVersion, "LoadBalancer", "loadbalancers", apiextensionsv1.NamespaceScoped, false),
		testCRD(lbv1.GroupVersion, "IPPool", "ippools", apiextensionsv1.ClusterScoped, false),
		testCRD(hciv1.GroupVersion, "VirtualMachineImage", "virtualmachineimages", apiextensionsv1.NamespaceScoped, false),
		testCRD(hciv1.GroupVersion, "KeyPair", "keypairs", apiextensionsv1.NamespaceScoped, false),
		testCRD(hciv1.GroupVersion, "Setting", "settings", apiextensionsv1.ClusterScoped, false),
		testCRD(nadv1.GroupVersion, "NetworkAttachmentDefinition", nadv1.Resource.Resource, apiextensionsv1.NamespaceScoped, false),
	}
}

func testCRD(version schema.GroupVersion, kind, plural string, scope apiextensionsv1.ResourceScope, status bool) *apiextensionsv1.CustomResourceDefinition {
	keep := true
	served := apiextensionsv1.CustomResourceDefinitionVersion{
		Name: version.Version, Served: true, Storage: true,
		Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &keep}},
	}
	if status {
		served.Subresources = &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}}
	}

	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + "." + version.Group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: version.Group, Scope: scope,
			Names:    apiextensionsv1.CustomResourceDefinitionNames{Kind: kind, ListKind: kind + "List", Plural: plural},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{served},
		},
	}
}

// namespace makes a namespace for one test.
func (s *apiServer) namespace(tb testing.TB) string {
	tb.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	require.NoError(tb, s.admin.Create(context.Background(), namespace))

	return namespace.Name
}

// account is a service account with its token.
type account struct {
	server          *apiServer
	namespace, name string
	token           string
}

// account makes a service account. Without rules it may do everything.
func (s *apiServer) account(tb testing.TB, namespace, name string, rules ...rbacv1.PolicyRule) account {
	tb.Helper()
	ctx := context.Background()
	_, err := s.clientset.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	require.NoError(tb, err)
	role := "cluster-admin"
	if len(rules) > 0 {
		role = namespace + "-" + name
		require.NoError(tb, s.admin.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: role}, Rules: rules}))
	}
	require.NoError(tb, s.admin.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: name}},
	}))
	a := account{server: s, namespace: namespace, name: name}
	a.token = a.newToken(tb)

	return a
}

func (a account) newToken(tb testing.TB) string {
	tb.Helper()
	request, err := a.server.clientset.CoreV1().ServiceAccounts(a.namespace).CreateToken(context.Background(), a.name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(tb, err)

	return request.Status.Token
}

// revoke takes the account away; the server stops knowing its tokens within ten seconds.
func (a account) revoke(tb testing.TB) {
	tb.Helper()
	require.NoError(tb, a.server.clientset.CoreV1().ServiceAccounts(a.namespace).Delete(context.Background(), a.name, metav1.DeleteOptions{}))
}

// direct is a kubeconfig that leads to the server itself.
func (a account) direct(tb testing.TB) []byte {
	tb.Helper()

	return a.server.kubeconfig(tb, object{"token": a.token})
}

// kubeconfig leads a user to the server itself.
func (s *apiServer) kubeconfig(tb testing.TB, user object) []byte {
	tb.Helper()

	return kubeconfigOf(tb, object{
		"server":                     "https://" + s.environment.ControlPlane.APIServer.HostPort(),
		"certificate-authority-data": base64.StdEncoding.EncodeToString(s.config.CAData),
	}, user)
}

// eventually waits for a condition, for as long as any test should.
func eventually(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	require.Eventually(tb, condition, time.Minute, 10*time.Millisecond, what)
}
