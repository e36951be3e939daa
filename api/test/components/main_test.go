// Package components tries what config/ renders: whether it can be installed, and whether it says what it must.
package components

import (
	"fmt"
	"os"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/apiserver"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/manifests"
)

var (
	cluster *apiserver.Cluster
	// rendered is infrastructure-components.yaml.
	rendered []*unstructured.Unstructured
)

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(started *apiserver.Cluster) (err error) {
		cluster = started
		if rendered, err = manifests.Render("config/default"); err != nil {
			return err
		}
		return cluster.InstallCRDs(append(foreignKinds(), rendered...))
	}))
}

// foreignKinds are definitions of the kinds that cert-manager brings. They take anything.
func foreignKinds() []*unstructured.Unstructured {
	var definitions []*unstructured.Unstructured
	for _, kind := range []schema.GroupVersionKind{
		{Group: "cert-manager.io", Version: "v1", Kind: "Issuer"},
		{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"},
	} {
		definitions = append(definitions, anything(kind))
	}
	return definitions
}

func anything(kind schema.GroupVersionKind) *unstructured.Unstructured {
	singular := strings.ToLower(kind.Kind)
	plural := singular + "s"
	preserve := true
	definition := &apiextensionsv1.CustomResourceDefinition{
		TypeMeta: metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
		ObjectMeta: metav1.ObjectMeta{Name: plural + "." + kind.Group, Annotations: map[string]string{
			// Groups below k8s.io are protected; this says that the definition is not of the project.
			"api-approved.kubernetes.io": "unapproved, test-only",
		}},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: kind.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: kind.Kind, Plural: plural, Singular: singular, ListKind: kind.Kind + "List"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: kind.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: &preserve,
				}},
			}},
		},
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(definition)
	if err != nil {
		panic(fmt.Sprintf("definition of %s: %v", kind, err))
	}
	return &unstructured.Unstructured{Object: object}
}
