package served

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

func definition(label, value string, served ...string) *apiextensionsv1.CustomResourceDefinition {
	made := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{label: value}}}
	for _, name := range served {
		made.Spec.Versions = append(made.Spec.Versions, apiextensionsv1.CustomResourceDefinitionVersion{Name: name, Served: true})
	}
	return made
}

var (
	v021 = definition("cluster.x-k8s.io/v1beta1", "v1beta1", "v1alpha1", "v1beta1")
	v022 = definition("cluster.x-k8s.io/v1beta2", "v1beta1_v1beta2", "v1beta1", "v1beta2")
)

func TestVersions(t *testing.T) {
	both := definition("cluster.x-k8s.io/v1beta1", "v1alpha1_v1beta1", "v1alpha1", "v1beta1", "v1beta2")
	both.Labels["cluster.x-k8s.io/v1beta2"] = "v1beta2"
	unserved := definition("cluster.x-k8s.io/v1beta2", "v1beta1_v1beta2", "v1beta1")
	unserved.Spec.Versions = append(unserved.Spec.Versions, apiextensionsv1.CustomResourceDefinitionVersion{Name: "v1beta2"})
	for name, test := range map[string]struct {
		definition *apiextensionsv1.CustomResourceDefinition
		want       []string
	}{
		"v0.21":                         {v021, []string{"v1beta1"}},
		"v0.22":                         {v022, []string{"v1beta2"}},
		"the newer contract goes first": {both, []string{"v1beta2"}},
		"not served":                    {unserved, []string{"v1beta1"}},
		"no label":                      {definition("app", "rke2", "v1beta1", "v1beta2"), []string{"v1beta1", "v1beta2"}},
		"a label of nothing served":     {definition("cluster.x-k8s.io/v1beta2", "v1beta3", "v1beta1"), nil},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, Versions(test.definition)) })
	}
}

func TestRKE2(t *testing.T) {
	none := &apiextensionsv1.CustomResourceDefinition{}
	for name, test := range map[string]struct {
		controlPlane, bootstrap *apiextensionsv1.CustomResourceDefinition
		want, failure           string
	}{
		"v0.21":                    {v021, v021, "v1beta1", ""},
		"v0.22":                    {v022, v022, "v1beta2", ""},
		"no labels":                {definition("a", "b", "v1beta1", "v1beta2"), definition("a", "b", "v1beta1", "v1beta2"), "v1beta2", ""},
		"half-way":                 {v022, v021, "", "none of v1beta1, v1beta2 in common"},
		"of a version we have not": {definition("a", "b", "v1"), v022, "", "none of v1beta1, v1beta2 in common"},
		"missing":                  {nil, v022, "", "rke2controlplanetemplates.controlplane.cluster.x-k8s.io is missing"},
		"serves nothing":           {none, none, "", "none of v1beta1, v1beta2 in common"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := RKE2(t.Context(), serve(t, test.controlPlane, test.bootstrap), []string{"v1beta1", "v1beta2"})
			if test.failure != "" {
				require.ErrorContains(t, err, test.failure)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// Who may not read definitions still sees what is served.
func TestRKE2WithoutTheRightToReadDefinitions(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/apis" {
			_, _ = w.Write([]byte(`{"kind": "APIGroupList", "apiVersion": "v1", "groups": [
				{"name": "bootstrap.cluster.x-k8s.io", "versions": [{"version": "v1beta1"}, {"version": "v1beta2"}]},
				{"name": "controlplane.cluster.x-k8s.io", "versions": [{"version": "v1beta2"}, {"version": "v1beta1"}]}]}`))
			return
		}
		if r.URL.Path == "/api" {
			_, _ = w.Write([]byte(`{"kind": "APIVersions", "versions": ["v1"]}`))
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`))
	}))
	t.Cleanup(server.Close)
	got, err := RKE2(t.Context(), &rest.Config{Host: server.URL}, []string{"v1beta1", "v1beta2"})
	require.NoError(t, err)
	assert.Equal(t, "v1beta2", got)
}

// serve answers for the two definitions over HTTP, as an API server does; nil is not found.
func serve(t *testing.T, controlPlane, bootstrap *apiextensionsv1.CustomResourceDefinition) *rest.Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := map[string]*apiextensionsv1.CustomResourceDefinition{templates[0]: controlPlane, templates[1]: bootstrap}[path.Base(r.URL.Path)]
		w.Header().Set("Content-Type", "application/json")
		if found == nil {
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(metav1.Status{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound,
			})
			return
		}
		answer := found.DeepCopy()
		answer.TypeMeta = metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return &rest.Config{Host: server.URL}
}
