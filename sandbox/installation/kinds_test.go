package installation

import (
	"strings"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// define makes the API server serve kinds whose objects may hold anything, and waits until it does.
func (s *server) define(kinds ...schema.GroupVersionKind) {
	s.t.Helper()
	for _, of := range kinds {
		definition, err := runtime.DefaultUnstructuredConverter.ToUnstructured(anything(of))
		require.NoError(s.t, err)
		require.NoError(s.t, s.client.Create(s.t.Context(), &unstructured.Unstructured{Object: definition}), of.Kind)
	}
	for _, of := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(of)
		s.eventually(func() bool { return s.client.List(s.t.Context(), list, client.Limit(1)) == nil }, of.Kind+" is served")
	}
}

func (s *server) eventually(check func() bool, what string) {
	s.t.Helper()
	require.Eventually(s.t, check, patience, pollInterval, what)
}

func anything(of schema.GroupVersionKind) *apiextensionsv1.CustomResourceDefinition {
	singular := strings.ToLower(of.Kind)
	return &apiextensionsv1.CustomResourceDefinition{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
		ObjectMeta: metav1.ObjectMeta{Name: singular + "s." + of.Group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: of.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: of.Kind, Plural: singular + "s", Singular: singular, ListKind: of.Kind + "List"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: of.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: ptr.To(true),
				}},
			}},
		},
	}
}
