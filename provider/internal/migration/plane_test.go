package migration_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/convert"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager"
)

const (
	root   = "../../.."
	suffix = ".infrastructure.cluster.x-k8s.io"
)

// converted are the kinds of v0.2.x.
var converted = []string{"harvesterclusters", "harvesterclustertemplates", "harvestermachines", "harvestermachinetemplates"}

// plane is a real API server, with the etcd behind it.
type plane struct {
	t      *testing.T
	config *rest.Config
	admin  client.Client
	etcd   *clientv3.Client
	hooks  *envtest.WebhookInstallOptions
}

func startPlane(t *testing.T) *plane {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = filepath.Join(root, "bin/assets")
	}
	core, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/cluster-api").Output()
	require.NoError(t, err)
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{filepath.Join(strings.TrimSpace(string(core)), "core/config/crd/bases")},
		ErrorIfCRDPathMissing: true,
	}
	config, err := environment.Start()
	require.NoError(t, err)
	t.Cleanup(func() { _ = environment.Stop() })
	config.QPS, config.Burst, config.WarningHandler = -1, 0, rest.NoWarnings{}
	scheme := manager.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	p := &plane{t: t, config: config, hooks: &envtest.WebhookInstallOptions{Paths: []string{filepath.Join(root, "config/webhook/configuration.yaml")}}}
	p.admin, err = client.New(config, client.Options{Scheme: scheme})
	require.NoError(t, err)
	p.etcd, err = clientv3.New(clientv3.Config{Endpoints: []string{environment.ControlPlane.Etcd.URL.String()}, DialTimeout: patience})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.etcd.Close() })
	require.NoError(t, p.hooks.PrepWithoutInstalling())
	t.Cleanup(func() { _ = p.hooks.Cleanup() })
	for _, name := range []string{"prod-ns", "caphv-system"} {
		p.create(&unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}})
	}
	return p
}

// installOldRelease installs CRDs that know nothing but v1alpha1.
func (p *plane) installOldRelease() {
	p.t.Helper()
	var definitions []*apiextensionsv1.CustomResourceDefinition
	for _, name := range converted {
		definition := p.shipped(name)
		definition.Spec.Versions = slices.DeleteFunc(definition.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
			return v.Name != "v1alpha1"
		})
		require.Len(p.t, definition.Spec.Versions, 1)
		definition.Spec.Versions[0].Storage, definition.Spec.Versions[0].Deprecated, definition.Spec.Versions[0].DeprecationWarning = true, false, nil
		definitions = append(definitions, definition)
	}
	_, err := envtest.InstallCRDs(p.config, envtest.CRDInstallOptions{CRDs: definitions})
	require.NoError(p.t, err)
}

// shipped is a CRD of this release.
func (p *plane) shipped(name string) *apiextensionsv1.CustomResourceDefinition {
	p.t.Helper()
	definition := &apiextensionsv1.CustomResourceDefinition{}
	into(p.t, readObjects(p.t, filepath.Join(root, "config/crd/bases/infrastructure.cluster.x-k8s.io_"+name+".yaml"))[0], definition)
	return definition
}

// upgradeCRDs applies the CRDs of this release over the old ones, with the conversion webhook that they ship with; a URL
// stands for its Service.
func (p *plane) upgradeCRDs() {
	p.t.Helper()
	patch := &apiextensionsv1.CustomResourceDefinition{}
	into(p.t, readObjects(p.t, filepath.Join(root, "config/crd/patches/conversion.yaml"))[0], patch)
	target := patch.Spec.Conversion.Webhook.ClientConfig
	address := net.JoinHostPort(p.hooks.LocalServingHost, strconv.Itoa(p.hooks.LocalServingPort))
	target.URL, target.Service, target.CABundle = ptr.To("https://"+address+*target.Service.Path), nil, p.hooks.LocalServingCAData
	for _, name := range converted {
		definition := p.definition(name)
		definition.Spec = p.shipped(name).Spec
		definition.Spec.Conversion = patch.Spec.Conversion
		require.NoError(p.t, p.admin.Update(p.t.Context(), definition))
	}
	_, err := envtest.InstallCRDs(p.config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{p.shipped("harvesterippools")}})
	require.NoError(p.t, err)
}

// serveConversion serves the webhook alone, so that no reconciler changes what is compared.
func (p *plane) serveConversion() (stop func()) {
	p.t.Helper()
	handler, err := convert.NewHandler()
	require.NoError(p.t, err)
	server := webhook.NewServer(webhook.Options{Host: p.hooks.LocalServingHost, Port: p.hooks.LocalServingPort, CertDir: p.hooks.LocalServingCertDir})
	server.Register(convert.Path, handler)
	ctx, cancel := context.WithCancel(p.t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Start(ctx) }()
	p.eventually(func(ctx context.Context) bool {
		list := &infrav1.HarvesterMachineList{}
		return p.admin.List(ctx, list) == nil && len(list.Items) == 1
	}, "what is stored in v1alpha1 can be listed in v1beta1")
	return func() {
		cancel()
		require.NoError(p.t, <-served)
	}
}

// installRights installs what config/rbac grants.
func (p *plane) installRights() {
	p.t.Helper()
	for _, file := range []string{"service_account", "role", "leader_election", "metrics"} {
		for _, object := range readObjects(p.t, filepath.Join(root, "config/rbac", file+".yaml")) {
			p.create(object)
		}
	}
}

// runManager runs the whole manager, as the service account that it ships with, with its validating webhooks registered.
func (p *plane) runManager() {
	p.t.Helper()
	for _, configuration := range p.hooks.ValidatingWebhooks {
		p.create(configuration)
	}
	config := rest.CopyConfig(p.config)
	config.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:caphv-system:caphv-controller-manager",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:caphv-system", "system:authenticated"},
	}
	options := manager.DefaultOptions()
	options.MetricsAddress, options.HealthAddress = "0", "0"
	options.WebhookPort, options.WebhookCertDir = p.hooks.LocalServingPort, p.hooks.LocalServingCertDir
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- manager.Run(ctx, config, options) }()
	p.t.Cleanup(func() {
		cancel()
		assert.NoError(p.t, <-done)
	})
}

// store creates an object with its status.
func (p *plane) store(object *unstructured.Unstructured) {
	p.t.Helper()
	created := object.DeepCopy()
	p.create(created)
	if status, has := object.Object["status"]; has {
		created.Object["status"] = status
		require.NoError(p.t, p.admin.Status().Update(p.t.Context(), created))
	}
}

func (p *plane) create(object client.Object) {
	p.t.Helper()
	require.NoError(p.t, p.admin.Create(p.t.Context(), object), object.GetName())
}

func (p *plane) read(object *unstructured.Unstructured, version string) *unstructured.Unstructured {
	p.t.Helper()
	found := &unstructured.Unstructured{}
	found.SetGroupVersionKind(infrav1.GroupVersion.WithKind(object.GetKind()).GroupKind().WithVersion(version))
	require.NoError(p.t, p.admin.Get(p.t.Context(), client.ObjectKeyFromObject(object), found))
	return found
}

// typed is an object as our types have it.
func (p *plane) typed(object *unstructured.Unstructured) client.Object {
	p.t.Helper()
	typed, err := p.admin.Scheme().New(object.GroupVersionKind())
	require.NoError(p.t, err)
	into(p.t, object, typed)
	return typed.(client.Object)
}

// storedVersion is the apiVersion of an object in etcd.
func (p *plane) storedVersion(object *unstructured.Unstructured) string {
	p.t.Helper()
	key := strings.Join([]string{"/registry", infrav1.GroupVersion.Group, plural(object), object.GetNamespace(), object.GetName()}, "/")
	answer, err := p.etcd.Get(p.t.Context(), key)
	require.NoError(p.t, err)
	require.Len(p.t, answer.Kvs, 1, key)
	var stored struct{ APIVersion string }
	require.NoError(p.t, json.Unmarshal(answer.Kvs[0].Value, &stored))
	return stored.APIVersion
}

func (p *plane) definition(name string) *apiextensionsv1.CustomResourceDefinition {
	p.t.Helper()
	definition := &apiextensionsv1.CustomResourceDefinition{}
	require.NoError(p.t, p.admin.Get(p.t.Context(), client.ObjectKey{Name: name + suffix}, definition))
	return definition
}

func (p *plane) storedVersions(name string) []string {
	p.t.Helper()
	return p.definition(name).Status.StoredVersions
}

func (p *plane) eventually(check func(ctx context.Context) bool, what string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return check(p.t.Context()) }, patience, 100*time.Millisecond, what)
}

func into(t *testing.T, object *unstructured.Unstructured, typed any) {
	t.Helper()
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed))
}

func readObjects(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var objects []*unstructured.Unstructured
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		object := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal([]byte(document), &object.Object))
		objects = append(objects, object)
	}
	return objects
}

// requireSame compares what a user wrote and what was observed, and the metadata that is a user's.
func requireSame(t *testing.T, want, got *unstructured.Unstructured, message ...any) {
	t.Helper()
	for _, part := range []string{"apiVersion", "kind", "spec", "status"} {
		require.Equal(t, want.Object[part], got.Object[part], message...)
	}
	require.Equal(t, want.GetLabels(), got.GetLabels(), message...)
	require.Equal(t, want.GetFinalizers(), got.GetFinalizers(), message...)
}
