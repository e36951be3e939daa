package webhook

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

const (
	openSchema     = "open"
	releasedSchema = "released"
)

// plane is a real API server with the provider's CRDs.
type plane struct {
	client   client.Client
	config   *rest.Config
	warnings *recorder
}

// recorder keeps the warnings of the requests since they were taken last.
type recorder struct {
	mu    sync.Mutex
	texts []string
}

func (r *recorder) HandleWarningHeader(_ int, _, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts = append(r.texts, text)
}

func (r *recorder) peek() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.texts)
}

func (r *recorder) take() []string {
	texts := r.peek()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts = nil
	return texts
}

func startPlane(t *testing.T, schema string) *plane {
	t.Helper()
	directory := os.Getenv("KUBEBUILDER_ASSETS")
	if directory == "" {
		directory = "../../../bin/assets"
	}
	environment := &envtest.Environment{BinaryAssetsDirectory: directory, CRDs: definitions(t, schema)}
	config, err := environment.Start()
	require.NoError(t, err)
	t.Cleanup(func() { _ = environment.Stop() })
	p := &plane{warnings: &recorder{}, config: config}
	config.QPS, config.Burst, config.WarningHandler = -1, 0, p.warnings
	scheme := runtime.NewScheme()
	require.NoError(t, admissionregistrationv1.AddToScheme(scheme))
	p.client, err = client.New(config, client.Options{Scheme: scheme})
	require.NoError(t, err)
	p.namespace(t, "prod-ns")
	return p
}

// definitions are the released CRDs, of which only the validated version is served. The open schema takes everything.
func definitions(t *testing.T, schema string) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	names, err := filepath.Glob("../../../config/crd/bases/*.yaml")
	require.NoError(t, err)
	var all []*apiextensionsv1.CustomResourceDefinition
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		definition := &apiextensionsv1.CustomResourceDefinition{}
		require.NoError(t, yaml.Unmarshal(text, definition))
		if !slices.Contains(resources, definition.Spec.Names.Plural) {
			continue
		}
		definition.Spec.Conversion = nil
		definition.Spec.Versions = slices.DeleteFunc(definition.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
			return v.Name != "v1beta1"
		})
		require.Len(t, definition.Spec.Versions, 1)
		if schema == openSchema {
			definition.Spec.Versions[0].Schema.OpenAPIV3Schema = &apiextensionsv1.JSONSchemaProps{
				Type: "object", XPreserveUnknownFields: ptr.To(true),
			}
		}
		all = append(all, definition)
	}
	require.Len(t, all, len(resources))
	return all
}

// installSchemas puts the released schemas in the place of those that take everything, and waits until they validate.
func (p *plane) installSchemas(t *testing.T) {
	t.Helper()
	_, err := envtest.InstallCRDs(p.config, envtest.CRDInstallOptions{CRDs: definitions(t, releasedSchema)})
	require.NoError(t, err)
	for _, resource := range resources {
		object := map[string]any{}
		readYAML(t, filepath.Join(fixtureDirectory, "base", singular(resource)+".yaml"), &object)
		object["spec"] = "not an object"
		require.Eventually(t, func() bool {
			return p.client.Create(t.Context(), &unstructured.Unstructured{Object: runtime.DeepCopyJSON(object)}, client.DryRunAll) != nil
		}, time.Minute, 100*time.Millisecond, resource)
	}
}

func (p *plane) namespace(t *testing.T, name string) {
	t.Helper()
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	}}
	require.NoError(t, p.client.Create(t.Context(), namespace))
}

// storeOldObjects puts the objects as they were before the change, each in a namespace of its own.
func (p *plane) storeOldObjects(t *testing.T, cases []*fixtureCase) {
	t.Helper()
	for i, c := range cases {
		if c.old == nil {
			continue
		}
		name := fmt.Sprintf("changed-%d", i)
		p.namespace(t, name)
		for _, object := range []map[string]any{c.object, c.old} {
			object["metadata"].(map[string]any)["namespace"] = name
		}
		require.NoError(t, p.client.Create(t.Context(), &unstructured.Unstructured{Object: runtime.DeepCopyJSON(c.old)}), c.name)
	}
}

// installWebhook serves the webhooks as Register does and registers them by the configuration that the provider uses.
// It returns what takes the registration away again.
func (p *plane) installWebhook(t *testing.T) func() {
	t.Helper()
	registration := configuration("caphv-system")
	install := envtest.WebhookInstallOptions{ValidatingWebhooks: []*admissionregistrationv1.ValidatingWebhookConfiguration{registration}}
	require.NoError(t, install.PrepWithoutInstalling())
	t.Cleanup(func() { _ = install.Cleanup() })
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	server := webhook.NewServer(webhook.Options{
		Host: install.LocalServingHost, Port: install.LocalServingPort, CertDir: install.LocalServingCertDir,
	})
	for _, resource := range resources {
		server.Register(path(resource), &webhook.Admission{Handler: &Handler{Engine: engine}})
	}
	served := make(chan error, 1)
	go func() { served <- server.Start(t.Context()) }()
	t.Cleanup(func() { require.NoError(t, <-served) })
	require.NoError(t, p.client.Create(t.Context(), registration))
	return func() { require.NoError(t, p.client.Delete(t.Context(), registration)) }
}

// installPolicies applies what "caphv-lint policy" writes; a golden file of that command holds it. The denying
// policies are bound a second time, to warn.
func (p *plane) installPolicies(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile("../../../validation/internal/cli/testdata/policy.yaml")
	require.NoError(t, err)
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		data, err := yaml.YAMLToJSON([]byte(document))
		require.NoError(t, err)
		object := &unstructured.Unstructured{}
		require.NoError(t, json.Unmarshal(data, &object.Object))
		require.NoError(t, p.client.Create(t.Context(), object.DeepCopy()), object.GetName())
		if object.GetKind() == "ValidatingAdmissionPolicyBinding" && strings.HasSuffix(object.GetName(), "-deny") {
			object.SetName(object.GetName() + "-all")
			require.NoError(t, unstructured.SetNestedStringSlice(object.Object, []string{"Warn"}, "spec", "validationActions"))
			require.NoError(t, p.client.Create(t.Context(), object))
		}
	}
}
