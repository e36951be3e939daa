package v1beta1_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// kinds are the kinds of the package, one object and one list each.
var kinds = map[string]struct{ object, list runtime.Object }{
	"HarvesterCluster":         {&infrav1.HarvesterCluster{}, &infrav1.HarvesterClusterList{}},
	"HarvesterClusterTemplate": {&infrav1.HarvesterClusterTemplate{}, &infrav1.HarvesterClusterTemplateList{}},
	"HarvesterMachine":         {&infrav1.HarvesterMachine{}, &infrav1.HarvesterMachineList{}},
	"HarvesterMachineTemplate": {&infrav1.HarvesterMachineTemplate{}, &infrav1.HarvesterMachineTemplateList{}},
}

func newScheme(tb testing.TB) *runtime.Scheme {
	tb.Helper()
	scheme := runtime.NewScheme()
	require.NoError(tb, infrav1.AddToScheme(scheme))
	return scheme
}

func TestSchemeKnowsEveryKindAndItsList(t *testing.T) {
	scheme := newScheme(t)
	for kind, types := range kinds {
		for name, object := range map[string]runtime.Object{kind: types.object, kind + "List": types.list} {
			got, _, err := scheme.ObjectKinds(object)
			require.NoError(t, err, name)
			assert.Equal(t, infrav1.GroupVersion.WithKind(name), got[0])
		}
	}
	assert.True(t, scheme.Recognizes(infrav1.GroupVersion.WithKind("ListOptions")), "meta types belong to the group version")
}

func TestConditionsCanBeReadAndReplaced(t *testing.T) {
	want := []metav1.Condition{{Type: infrav1.ReadyCondition, Status: metav1.ConditionTrue, Reason: infrav1.ReadyReason}}
	for name, object := range map[string]interface {
		GetConditions() []metav1.Condition
		SetConditions([]metav1.Condition)
	}{"HarvesterCluster": &infrav1.HarvesterCluster{}, "HarvesterMachine": &infrav1.HarvesterMachine{}} {
		assert.Empty(t, object.GetConditions(), name)
		object.SetConditions(want)
		assert.Equal(t, want, object.GetConditions(), name)
	}
}
