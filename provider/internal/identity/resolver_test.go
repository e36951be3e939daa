package identity

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// What an identity's connection holds is what those may have made who may use it, and no less.
func TestAnIdentitySelectsWhatItsUsersMade(t *testing.T) {
	const own, other, strange = "own", "other", "strange"
	for _, test := range []struct {
		annotation string
		want       []string
	}{
		{"", []string{own}},
		{" other , ", []string{own, other}},
		{"other,own", []string{own, other}},
		{"*", []string{own, other, strange}},
		{"other, *", []string{own, other, strange}},
		{"no name", []string{own, other, strange}},
	} {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: own, Annotations: map[string]string{infrav1.AllowedNamespacesAnnotation: test.annotation}}}
		selector := selectorFor(secret)
		var selected []string
		for _, namespace := range []string{own, other, strange} {
			made := labels.Set(names.MachineLabels(names.Machine{Cluster: names.Cluster{Namespace: namespace, Name: "c"}, Name: "m", VM: "m"}))
			if selector.Matches(made) {
				selected = append(selected, namespace)
			}
			assert.Equal(t, selector.Matches(made), selector.Matches(labels.Set(names.Cluster{Namespace: namespace, Name: "c"}.Labels())), namespace)
			if Allows(secret, namespace) {
				assert.True(t, selector.Matches(made), "%q allows %s", test.annotation, namespace)
			}
		}
		assert.Equal(t, test.want, selected, "%q", test.annotation)
		assert.False(t, selector.Matches(labels.Set{infrav1.ClusterNamespaceLabel: own}), "somebody else's")
	}
}
