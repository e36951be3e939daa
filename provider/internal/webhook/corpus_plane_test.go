package webhook

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// installClusters serves Cluster API's Cluster in both versions, with a schema that takes everything.
func (p *plane) installClusters(t *testing.T) {
	t.Helper()
	open := &apiextensionsv1.CustomResourceValidation{
		OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: ptr.To(true)},
	}
	definition := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "clusters.cluster.x-k8s.io"}}
	definition.Spec = apiextensionsv1.CustomResourceDefinitionSpec{
		Group: "cluster.x-k8s.io", Scope: apiextensionsv1.NamespaceScoped,
		Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "clusters", Singular: "cluster", Kind: "Cluster", ListKind: "ClusterList"},
		Versions: []apiextensionsv1.CustomResourceDefinitionVersion{
			{Name: "v1beta1", Served: true, Schema: open}, {Name: "v1beta2", Served: true, Storage: true, Schema: open},
		},
	}
	_, err := envtest.InstallCRDs(p.config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{definition}})
	require.NoError(t, err)
}

// removePolicies takes away what installPolicies applied.
func (p *plane) removePolicies(t *testing.T) {
	t.Helper()
	require.NoError(t, p.client.DeleteAllOf(t.Context(), &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}))
	require.NoError(t, p.client.DeleteAllOf(t.Context(), &admissionregistrationv1.ValidatingAdmissionPolicy{}))
}

// waitUntilTaken waits until no validate is left: one object of each kind that must not get in gets in.
func (p *plane) waitUntilTaken(t *testing.T, cases []*fixtureCase) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range cases {
		if c.refused() && !seen[c.Kind] {
			seen[c.Kind] = true
			require.Eventually(t, func() bool { return p.send(t, c) == nil }, time.Minute, 100*time.Millisecond, c.name)
		}
	}
}

// waitForWebhook waits until an object is refused that only the webhook refuses.
func (p *plane) waitForWebhook(t *testing.T) {
	t.Helper()
	cases := loadFixtures(t)
	bad := slices.IndexFunc(cases, func(c *fixtureCase) bool { return c.Rule == "HM015" && c.refused() })
	require.Eventually(t, func() bool { return p.send(t, cases[bad]) != nil }, time.Minute, 100*time.Millisecond)
}
