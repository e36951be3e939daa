package components

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestOverAnOlderDeployment does what docs/upgrading.md says: a dry run tells whether the Deployment of an older release
// stands in the way, before anything is changed; then that Deployment alone is deleted, and everything can be applied.
func TestOverAnOlderDeployment(t *testing.T) {
	ours := map[string]string{"control-plane": "controller-manager", "cluster.x-k8s.io/provider": "infrastructure-harvester"}
	for _, test := range []struct {
		name     string
		selector map[string]string
		refused  bool
	}{
		{name: "selected by the label of its scaffold", selector: map[string]string{"control-plane": "controller-manager"}, refused: true},
		{name: "selected by names of a chart", selector: map[string]string{"app.kubernetes.io/name": "caphv"}, refused: true},
		{name: "selected as now", selector: ours},
	} {
		t.Run(test.name, func(t *testing.T) {
			key := client.ObjectKey{Namespace: "caphv-system", Name: "caphv-controller-manager"}
			install(t)
			old := older(key, test.selector)
			require.NoError(t, client.IgnoreNotFound(cluster.Client.Delete(t.Context(), old.DeepCopy())))
			require.NoError(t, cluster.Client.Create(t.Context(), old.DeepCopy()))

			err := applyDeployment(t, client.DryRunAll)
			if !test.refused {
				require.NoError(t, err)
				require.NoError(t, applyDeployment(t))
				requireManagerFirst(t, key)
				return
			}
			require.Error(t, err)
			assert.True(t, apierrors.IsInvalid(err))
			require.ErrorContains(t, err, "spec.selector")
			require.ErrorContains(t, err, "field is immutable")
			stored := &appsv1.Deployment{}
			require.NoError(t, cluster.Client.Get(t.Context(), key, stored))
			assert.Equal(t, test.selector, stored.Spec.Selector.MatchLabels, "the dry run changed nothing")

			require.NoError(t, cluster.Client.Delete(t.Context(), stored))
			require.NoError(t, applyDeployment(t))
			requireManagerFirst(t, key)
		})
	}
}

// install applies what comes before the Deployment.
func install(t *testing.T) {
	t.Helper()
	for _, object := range rendered {
		if object.GetKind() == "Namespace" || object.GetKind() == "ServiceAccount" {
			require.NoError(t, cluster.Apply(t.Context(), object.DeepCopy()))
		}
	}
}

func applyDeployment(t *testing.T, options ...client.ApplyOption) error {
	t.Helper()
	options = append(options, client.FieldOwner("test"), client.ForceOwnership)
	deployment := find(t, rendered, "Deployment", "caphv-controller-manager").DeepCopy()
	return cluster.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(deployment), options...)
}

// requireManagerFirst: the guide reads the image of the first container.
func requireManagerFirst(t *testing.T, key client.ObjectKey) {
	t.Helper()
	stored := &unstructured.Unstructured{}
	stored.SetAPIVersion("apps/v1")
	stored.SetKind("Deployment")
	require.NoError(t, cluster.Client.Get(t.Context(), key, stored))
	containers, _, err := unstructured.NestedSlice(stored.Object, "spec", "template", "spec", "containers")
	require.NoError(t, err)
	assert.Equal(t, "manager", containers[0].(map[string]any)["name"])
}

// older is a Deployment as releases before this one had it.
func older(key client.ObjectKey, selector map[string]string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: selector},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "manager", Image: "example.org/manager:v0.10.1"}}},
			},
		},
	}
}
