package optional

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestCopiesAreUpToDate(t *testing.T) {
	for path, copied := range map[string][]byte{
		"config/prometheus/servicemonitor.yaml":                              serviceMonitor,
		"config/prometheus/prometheusrule.yaml":                              prometheusRule,
		"templates/clusterclass/clusterclass-harvester-rke2.yaml":            clusterClass,
		"templates/clusterclass/rke2-v0.21/clusterclass-harvester-rke2.yaml": olderClusterClass,
	} {
		content, err := os.ReadFile(filepath.Join("../../..", path))
		require.NoError(t, err)
		assert.Equal(t, string(content), string(copied), "run `make generate`")
	}
}

func TestTheClassComesAfterItsTemplates(t *testing.T) {
	set, err := ClusterClass()
	require.NoError(t, err)
	require.Len(t, set.Objects, 6)
	assert.Equal(t, "ClusterClass", set.Objects[5].GetKind())
	assert.Len(t, set.kinds(), 5, "two machine templates are of one kind")
	assert.False(t, set.Owned, "clusters use it when the provider is gone")
}

// RKE2's providers v0.21 serve v1beta1 only; from v0.22 on Cluster API goes by v1beta2.
func TestTheClassHasAFormForOlderProviders(t *testing.T) {
	set, err := ClusterClass()
	require.NoError(t, err)
	forms := set.forms()
	require.Len(t, forms, 2)
	for i, version := range []string{"v1beta2", "v1beta1"} {
		require.Len(t, forms[i], 6)
		for _, object := range forms[i] {
			if group := object.GroupVersionKind().Group; group == "controlplane.cluster.x-k8s.io" || group == "bootstrap.cluster.x-k8s.io" {
				assert.Equal(t, version, object.GroupVersionKind().Version, object.GetKind())
			}
		}
	}
	monitor, err := ServiceMonitor()
	require.NoError(t, err)
	assert.Len(t, monitor.forms(), 1)
}

func TestDefinitionsAreFoundByKind(t *testing.T) {
	for kind, want := range map[string]string{
		"ServiceMonitor":           "servicemonitors.g",
		"ClusterClass":             "clusterclasses.g",
		"RKE2ControlPlaneTemplate": "rke2controlplanetemplates.g",
	} {
		assert.Equal(t, want, definition(schema.GroupVersionKind{Group: "g", Version: "v1", Kind: kind}))
	}
}

func TestAVersionIsServedWhenTheDefinitionIsEstablished(t *testing.T) {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	crd.Spec.Versions = []apiextensionsv1.CustomResourceDefinitionVersion{{Name: "v1", Served: true}, {Name: "v1alpha1"}}
	assert.False(t, serves(crd, "v1"))
	crd.Status.Conditions = []apiextensionsv1.CustomResourceDefinitionCondition{{Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionTrue}}
	assert.True(t, serves(crd, "v1"))
	assert.False(t, serves(crd, "v1alpha1"), "it is there, and not served")
	assert.False(t, serves(crd, "v2"))
}
