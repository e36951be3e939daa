package components

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestEverythingCanBeApplied applies the objects in the order of the file, twice: as an installation and as an upgrade.
// The API server knows every field of the kinds that are its own or ours, and refuses others.
func TestEverythingCanBeApplied(t *testing.T) {
	for _, round := range []string{"installation", "upgrade"} {
		for _, object := range rendered {
			if object.GetKind() == "ValidatingWebhookConfiguration" {
				// Nothing answers here: applied, it would refuse all that follows. A dry run checks it as well.
				require.NoError(t, cluster.Client.Create(t.Context(), object.DeepCopy(), client.DryRunAll), object.GetName())
				continue
			}
			require.NoError(t, cluster.Apply(t.Context(), object.DeepCopy()), "%s: %s %s", round, object.GetKind(), object.GetName())
		}
	}

	t.Run("the pod is as restricted as its namespace demands", func(t *testing.T) {
		deployment := &appsv1.Deployment{}
		key := client.ObjectKey{Namespace: "caphv-system", Name: "caphv-controller-manager"}
		require.NoError(t, cluster.Client.Get(t.Context(), key, deployment))
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: "probe"}, Spec: deployment.Spec.Template.Spec,
		}
		require.NoError(t, cluster.Client.Create(t.Context(), pod.DeepCopy(), client.DryRunAll))
		pod.Spec.SecurityContext = nil
		require.ErrorContains(t, cluster.Client.Create(t.Context(), pod, client.DryRunAll), "violates PodSecurity", "the namespace does demand it")
	})

	t.Run("the manager may do what it needs, and no more", func(t *testing.T) {
		const ours, core = "infrastructure.cluster.x-k8s.io", "cluster.x-k8s.io"
		for _, right := range []struct {
			allowed                               bool
			verb, group, resource, sub, namespace string
		}{
			{allowed: true, verb: "patch", group: ours, resource: "harvestermachines", namespace: "any"},
			{allowed: true, verb: "patch", group: ours, resource: "harvestermachines", sub: "status", namespace: "any"},
			{allowed: true, verb: "watch", group: core, resource: "machines", namespace: "any"},
			{allowed: true, verb: "patch", group: ours, resource: "harvesterippools", sub: "status", namespace: "any"},
			{allowed: true, verb: "create", group: "ipam.cluster.x-k8s.io", resource: "ipaddressclaims", namespace: "any"},
			{allowed: true, verb: "patch", group: "ipam.cluster.x-k8s.io", resource: "ipaddressclaims", sub: "status", namespace: "any"},
			{allowed: true, verb: "delete", group: "ipam.cluster.x-k8s.io", resource: "ipaddresses", namespace: "any"},
			{allowed: true, verb: "get", resource: "secrets", namespace: "any"},
			{allowed: true, verb: "create", resource: "events", namespace: "any"},
			{allowed: true, verb: "create", group: "authentication.k8s.io", resource: "tokenreviews"},
			{allowed: true, verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: "caphv-system"},
			{allowed: true, verb: "list", group: ours, resource: "harvesterclustertemplates", namespace: "any"},
			{allowed: true, verb: "patch", group: ours, resource: "harvesterclustertemplates", namespace: "any"},
			{allowed: true, verb: "patch", group: ours, resource: "harvestermachinetemplates", sub: "status", namespace: "any"},
			{allowed: true, verb: "watch", group: "apiextensions.k8s.io", resource: "customresourcedefinitions"},
			{allowed: true, verb: "create", group: "admissionregistration.k8s.io", resource: "validatingwebhookconfigurations"},
			{allowed: true, verb: "create", group: "monitoring.coreos.com", resource: "servicemonitors", namespace: "caphv-system"},
			{allowed: true, verb: "create", group: core, resource: "clusterclasses", namespace: "caphv-system"},
			{allowed: true, verb: "create", group: "controlplane.cluster.x-k8s.io", resource: "rke2controlplanetemplates", namespace: "caphv-system"},
			{allowed: true, verb: "create", group: "bootstrap.cluster.x-k8s.io", resource: "rke2configtemplates", namespace: "caphv-system"},
			{allowed: true, verb: "create", group: ours, resource: "harvestermachinetemplates", namespace: "caphv-system"},

			{verb: "create", group: core, resource: "clusterclasses", namespace: "any"},
			{verb: "patch", group: core, resource: "clusterclasses", namespace: "caphv-system"},
			{verb: "update", group: "monitoring.coreos.com", resource: "servicemonitors", namespace: "caphv-system"},
			{verb: "create", group: ours, resource: "harvestermachinetemplates", namespace: "any"},
			{verb: "update", group: "admissionregistration.k8s.io", resource: "validatingwebhookconfigurations"},
			{verb: "delete", group: ours, resource: "harvestermachines", namespace: "any"},
			{verb: "create", group: ours, resource: "harvestermachines", namespace: "any"},
			{verb: "delete", group: ours, resource: "harvesterippools", namespace: "any"},
			{verb: "patch", group: core, resource: "machines", namespace: "any"},
			{verb: "update", group: ours, resource: "harvestermachinetemplates", namespace: "any"},
			{verb: "patch", group: "apiextensions.k8s.io", resource: "customresourcedefinitions"},
			{verb: "create", resource: "secrets", namespace: "any"},
			{verb: "delete", resource: "secrets", namespace: "any"},
			{verb: "get", resource: "pods", namespace: "any"},
			{verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: "any"},
			{verb: "escalate", group: "rbac.authorization.k8s.io", resource: "clusterroles"},
		} {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: "system:serviceaccount:caphv-system:caphv-controller-manager",
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: right.verb, Group: right.group, Resource: right.resource, Subresource: right.sub,
					Namespace: right.namespace,
				},
			}}
			require.NoError(t, cluster.Client.Create(t.Context(), review))
			assert.Equal(t, right.allowed, review.Status.Allowed, "%+v", right)
		}
	})
}
