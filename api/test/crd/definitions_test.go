package crd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var plurals = []string{"harvesterclusters", "harvesterclustertemplates", "harvesterippools", "harvestermachines", "harvestermachinetemplates"}

func TestDefinitionsAreServedAndStructural(t *testing.T) {
	for _, plural := range plurals {
		definition := &apiextensionsv1.CustomResourceDefinition{}
		key := client.ObjectKey{Name: plural + ".infrastructure.cluster.x-k8s.io"}
		require.NoError(t, cluster.Client.Get(t.Context(), key, definition))

		established := false
		for _, condition := range definition.Status.Conditions {
			assert.NotEqual(t, apiextensionsv1.NonStructuralSchema, condition.Type, "%s: %s", plural, condition.Message)
			if condition.Type == apiextensionsv1.Established {
				established = condition.Status == apiextensionsv1.ConditionTrue
			}
		}
		assert.True(t, established, plural)
		assert.Equal(t, apiextensionsv1.NamespaceScoped, definition.Spec.Scope)
		assert.Contains(t, definition.Spec.Names.Categories, "cluster-api")
	}
}

// Cluster API finds a kind's API version by the contract label of its CRD; it must name the version that is stored.
func TestContractLabelsNameTheStoredVersion(t *testing.T) {
	for _, plural := range plurals {
		definition := &apiextensionsv1.CustomResourceDefinition{}
		key := client.ObjectKey{Name: plural + ".infrastructure.cluster.x-k8s.io"}
		require.NoError(t, cluster.Client.Get(t.Context(), key, definition))
		for _, version := range definition.Spec.Versions {
			if version.Storage {
				assert.Equal(t, version.Name, definition.Labels["cluster.x-k8s.io/v1beta2"], plural)
				assert.Equal(t, version.Name, definition.Labels["cluster.x-k8s.io/v1beta1"], plural)
			}
		}
		assert.Contains(t, definition.Labels, "clusterctl.cluster.x-k8s.io", "clusterctl move finds kinds by it")
	}
}

func TestStatusIsASubresource(t *testing.T) {
	for plural, want := range map[string]bool{
		"harvesterclusters": true, "harvesterippools": true, "harvestermachines": true, "harvestermachinetemplates": true,
		"harvesterclustertemplates": false,
	} {
		definition := &apiextensionsv1.CustomResourceDefinition{}
		key := client.ObjectKey{Name: plural + ".infrastructure.cluster.x-k8s.io"}
		require.NoError(t, cluster.Client.Get(t.Context(), key, definition))
		for _, version := range definition.Spec.Versions {
			if version.Storage {
				assert.Equal(t, want, version.Subresources != nil && version.Subresources.Status != nil, plural)
			}
		}
	}
}
