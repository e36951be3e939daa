package optional_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/optional"
)

const (
	namespace = "caphv-system"
	patience  = 30 * time.Second
)

// The manager starts in a cluster that knows none of the kinds. Each set comes when its kinds do, once, and what exists is
// left as it is: an upgrade must not change a class that clusters use.
func TestSetsAreCreatedWhenTheirKindsAreServed(t *testing.T) {
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = filepath.Join("../../..", "bin/assets")
	}
	environment := &envtest.Environment{BinaryAssetsDirectory: assets}
	config, err := environment.Start()
	require.NoError(t, err)
	t.Cleanup(func() { _ = environment.Stop() })
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, apiextensionsv1.AddToScheme(scheme))
	c, err := client.New(config, client.Options{Scheme: scheme})
	require.NoError(t, err)
	require.NoError(t, c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))
	deployment := deployed()
	require.NoError(t, c.Create(t.Context(), deployment))

	monitor, err := optional.ServiceMonitor()
	require.NoError(t, err)
	rule, err := optional.PrometheusRule()
	require.NoError(t, err)
	class, err := optional.ClusterClass()
	require.NoError(t, err)
	mgr, err := ctrl.NewManager(config, ctrl.Options{Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"}})
	require.NoError(t, err)
	reconciler := &optional.Reconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Namespace: namespace, Sets: []optional.Set{monitor, rule, class}}
	require.NoError(t, reconciler.SetupWithManager(mgr, controller.Options{}))
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-stopped)
	})

	// The class is there already, as an older release left it; its templates are not.
	install(t, environment, class.Objects[5].GroupVersionKind())
	older := class.Objects[5].DeepCopy()
	older.SetNamespace(namespace)
	older.Object["spec"] = map[string]any{"older": true}
	require.NoError(t, c.Create(t.Context(), older))
	for _, object := range class.Objects[:5] {
		install(t, environment, object.GroupVersionKind())
	}
	monitoring := slices.Concat(monitor.Objects, rule.Objects)
	for _, object := range monitoring {
		install(t, environment, object.GroupVersionKind())
	}

	for _, object := range append(class.Objects, monitoring...) {
		created := &unstructured.Unstructured{}
		created.SetGroupVersionKind(object.GroupVersionKind())
		require.EventuallyWithT(t, func(t *assert.CollectT) {
			assert.NoError(t, c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: object.GetName()}, created))
		}, patience, 50*time.Millisecond, "%s %s", object.GetKind(), object.GetName())
		switch object.GetKind() {
		case "ServiceMonitor", "PrometheusRule":
			require.Len(t, created.GetOwnerReferences(), 1, "it goes with the Deployment")
			assert.Equal(t, deployment.UID, created.GetOwnerReferences()[0].UID)
		case "ClusterClass":
			assert.Equal(t, map[string]any{"older": true}, created.Object["spec"], "what exists is not changed")
		default:
			assert.Empty(t, created.GetOwnerReferences())
		}
	}
}

func deployed() *appsv1.Deployment {
	pod := map[string]string{"control-plane": "controller-manager"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "caphv-controller-manager"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: pod},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: pod},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "manager", Image: "manager:v1"}}},
			},
		},
	}
}

// install makes the API server serve a kind; its objects may be anything.
func install(t *testing.T, environment *envtest.Environment, kind schema.GroupVersionKind) {
	t.Helper()
	plural := map[string]string{"ClusterClass": "clusterclasses"}[kind.Kind]
	if plural == "" {
		plural = strings.ToLower(kind.Kind) + "s"
	}
	_, err := envtest.InstallCRDs(environment.Config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{{
		ObjectMeta: metav1.ObjectMeta{Name: plural + "." + kind.Group, Annotations: map[string]string{"api-approved.kubernetes.io": "unapproved, test-only"}},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: kind.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: kind.Kind, ListKind: kind.Kind + "List", Plural: plural, Singular: strings.ToLower(kind.Kind)},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: kind.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: ptr.To(true),
				}},
			}},
		},
	}}})
	require.NoError(t, err)
}
