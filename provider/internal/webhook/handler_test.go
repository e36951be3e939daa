package webhook

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

func newHandler(t *testing.T) *Handler {
	t.Helper()
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	return &Handler{Engine: engine}
}

func machine(change func(spec map[string]any)) map[string]any {
	spec := map[string]any{
		"cpu": int64(2), "memory": "4Gi", "sshUser": "rancher", "sshKeyPair": "default/key",
		"volumes":  []any{map[string]any{"volumeType": "image", "imageName": "default/image", "volumeSize": "40Gi"}},
		"networks": []any{"default/production"},
	}
	if change != nil {
		change(spec)
	}
	return map[string]any{
		"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "HarvesterMachine",
		"metadata": map[string]any{"name": "m", "namespace": "ns"}, "spec": spec,
	}
}

func request(t *testing.T, operation admissionv1.Operation, object, old map[string]any) admission.Request {
	t.Helper()
	raw := func(content map[string]any) runtime.RawExtension {
		if content == nil {
			return runtime.RawExtension{}
		}
		encoded, err := json.Marshal(content)
		require.NoError(t, err)
		return runtime.RawExtension{Raw: encoded}
	}
	return admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Operation: operation, Name: "m", Object: raw(object), OldObject: raw(old),
		Kind: metav1.GroupVersionKind{Group: "infrastructure.cluster.x-k8s.io", Version: "v1beta1", Kind: "HarvesterMachine"},
	}}
}

func TestGoodObjectPasses(t *testing.T) {
	response := newHandler(t).Handle(t.Context(), request(t, admissionv1.Create, machine(nil), nil))
	assert.True(t, response.Allowed, "%v", response.Result)
}

// Weak point 13: the findings were joined into one string. Here each is a field error of its own, with its rule.
func TestBadObjectGetsOneErrorForEachField(t *testing.T) {
	bad := machine(func(spec map[string]any) {
		spec["volumes"] = []any{}
		spec["memory"] = "lots"
	})
	response := newHandler(t).Handle(t.Context(), request(t, admissionv1.Create, bad, nil))
	require.False(t, response.Allowed)
	require.NotNil(t, response.Result.Details)
	assert.EqualValues(t, http.StatusUnprocessableEntity, response.Result.Code)
	assert.Equal(t, metav1.StatusReasonInvalid, response.Result.Reason)
	fields := map[string]string{}
	for _, cause := range response.Result.Details.Causes {
		fields[cause.Field] = cause.Message
	}
	require.Contains(t, fields, "spec.volumes")
	require.Contains(t, fields, "spec.memory")
	assert.Regexp(t, `\[HM\d{3}\]$`, fields["spec.volumes"])
}

func TestDeletionIsNeverValidated(t *testing.T) {
	response := newHandler(t).Handle(t.Context(), request(t, admissionv1.Delete, nil, machine(nil)))
	assert.True(t, response.Allowed)
}

// An object that was stored before a rule came must stay changeable.
func TestOldMistakeIsOnlyAWarning(t *testing.T) {
	old := machine(func(spec map[string]any) { spec["memory"] = "lots" })
	changed := machine(func(spec map[string]any) { spec["memory"] = "lots" })
	changed["metadata"].(map[string]any)["labels"] = map[string]any{"a": "b"}
	response := newHandler(t).Handle(t.Context(), request(t, admissionv1.Update, changed, old))
	assert.True(t, response.Allowed, "%v", response.Result)
	assert.NotEmpty(t, response.Warnings)
}

func TestNonsenseIsABadRequest(t *testing.T) {
	handler := newHandler(t)
	for _, raw := range []string{"", "[]", "{", "null and void"} {
		spoilt := request(t, admissionv1.Create, nil, nil)
		spoilt.Object.Raw = []byte(raw)
		response := handler.Handle(t.Context(), spoilt)
		assert.False(t, response.Allowed, raw)
		assert.EqualValues(t, http.StatusBadRequest, response.Result.Code, raw)
	}
}

func FuzzHandler(f *testing.F) {
	engine, err := validation.NewEngine()
	require.NoError(f, err)
	handler := &Handler{Engine: engine}
	good, err := json.Marshal(machine(nil))
	require.NoError(f, err)
	f.Add(good, good)
	f.Add([]byte(`{"spec":{"volumes":[null,{}]}}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, object, old []byte) {
		response := handler.Handle(t.Context(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
			Operation: admissionv1.Update, Object: runtime.RawExtension{Raw: object}, OldObject: runtime.RawExtension{Raw: old},
		}})
		if !response.Allowed && response.Result == nil {
			t.Fatal("refused without a reason")
		}
	})
}

// What the manager would put back is what the manifests install.
func TestConfigurationIsThatOfTheManifests(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "config", "webhook", "configuration.yaml"))
	require.NoError(t, err)
	shipped := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	require.NoError(t, yaml.UnmarshalStrict(content, shipped))
	ours := configuration("caphv-system")
	assert.Equal(t, shipped.ObjectMeta, ours.ObjectMeta)
	assert.Equal(t, byName(shipped), byName(ours))
}

func byName(configuration *admissionregistrationv1.ValidatingWebhookConfiguration) map[string]admissionregistrationv1.ValidatingWebhook {
	result := map[string]admissionregistrationv1.ValidatingWebhook{}
	for _, webhook := range configuration.Webhooks {
		result[webhook.Name] = webhook
	}
	return result
}

func TestEnsureConfigurationLeavesWhatIsThere(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).Build()
	require.NoError(t, EnsureConfiguration(t.Context(), c, c, "caphv-system"))
	stored := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: ConfigurationName}, stored))
	stored.Webhooks = stored.Webhooks[:1]
	require.NoError(t, c.Update(t.Context(), stored))
	require.NoError(t, EnsureConfiguration(t.Context(), c, c, "caphv-system"))
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: ConfigurationName}, stored))
	assert.Len(t, stored.Webhooks, 1, "whoever installed it owns it")
}

// Turtles lets Rancher issue the certificate: no Certificate is there that the registration could name.
func TestEnsureConfigurationNamesNoCertificateWhereRancherIssuesIt(t *testing.T) {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{
		Namespace: "caphv-system", Name: serviceName, Annotations: map[string]string{needACertAnnotation: "caphv-webhook-tls"},
	}}
	c := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(service).Build()
	require.NoError(t, EnsureConfiguration(t.Context(), c, c, "caphv-system"))
	stored := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: ConfigurationName}, stored))
	assert.NotContains(t, stored.Annotations, injectAnnotation)
	assert.Len(t, stored.Webhooks, len(resources))
}
