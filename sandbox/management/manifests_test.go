package management

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const shipped = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  conversion:
    strategy: Webhook
    webhook:
      clientConfig: {service: {name: s, namespace: n, path: /convert}}
      conversionReviewVersions: [v1]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: plain.example.org}
spec: {group: example.org}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: checks}
webhooks:
- name: a.example.org
  clientConfig: {service: {name: s, namespace: n, path: /validate-a}}
- name: b.example.org
  clientConfig: {service: {name: s, namespace: n, path: /validate-b}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: manager}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: cert}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: monitor}
---
apiVersion: v1
kind: Namespace
metadata: {name: system}
`

func kinds(objects []*unstructured.Unstructured) (all []string) {
	for _, object := range objects {
		all = append(all, object.GetKind()+"/"+object.GetName())
	}
	return all
}

func TestSplitLeavesOutWhatNeedsARealCluster(t *testing.T) {
	objects, err := Parse([]byte(shipped))
	require.NoError(t, err)
	crds, rest := Split(objects)
	assert.Equal(t, []string{"CustomResourceDefinition/things.example.org", "CustomResourceDefinition/plain.example.org"}, kinds(crds))
	assert.Equal(t, []string{"ValidatingWebhookConfiguration/checks", "Namespace/system"}, kinds(rest))
	assert.Equal(t, []string{"Namespace/system", "ValidatingWebhookConfiguration/checks"}, kinds(namespacesFirst(rest)))
}

func TestRedirectCallsLoopbackAndTrustsTheCA(t *testing.T) {
	objects, err := Parse([]byte(shipped))
	require.NoError(t, err)
	require.NoError(t, Redirect(objects, 1234, []byte("pem")))

	conversion, _, _ := unstructured.NestedMap(objects[0].Object, "spec", "conversion", "webhook", "clientConfig")
	assert.Equal(t, map[string]any{"url": "https://127.0.0.1:1234/convert", "caBundle": "cGVt"}, conversion)
	assert.NotContains(t, objects[1].Object["spec"], "conversion")
	webhooks, _, _ := unstructured.NestedSlice(objects[2].Object, "webhooks")
	require.Len(t, webhooks, 2)
	for i, path := range []string{"/validate-a", "/validate-b"} {
		config := webhooks[i].(map[string]any)["clientConfig"]
		assert.Equal(t, map[string]any{"url": "https://127.0.0.1:1234" + path, "caBundle": "cGVt"}, config)
	}
}

func TestRedirectNamesTheObjectItCannotRead(t *testing.T) {
	objects, err := Parse([]byte(`{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration","metadata":{"name":"odd"},"webhooks":[{"clientConfig":{"url":"https://x"}}]}`))
	require.NoError(t, err)
	assert.ErrorContains(t, Redirect(objects, 1, nil), "MutatingWebhookConfiguration odd")
}

func TestParseNamesTheBrokenDocument(t *testing.T) {
	_, err := Parse([]byte("kind: A\n---\nkind: [\n"))
	assert.ErrorContains(t, err, "manifest 2")
}
