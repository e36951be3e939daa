package migration_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// patience is how long anything may take on a busy machine.
const patience = 2 * time.Minute

// A management cluster of v0.2.x is upgraded: its CRDs hold v1alpha1 alone, and so does etcd. The CRDs of this release are
// applied, and the manager is started with the rights that it ships with. Nothing is lost on the way, and in the end
// v1alpha1 can be dropped.
func TestUpgradeFromV02(t *testing.T) {
	p := startPlane(t)
	p.installOldRelease()
	stored := readObjects(t, "testdata/v0.2.yaml")
	for _, object := range stored {
		p.store(object)
		require.Equal(t, v1alpha1.GroupVersion.String(), p.storedVersion(object), "what etcd holds")
	}
	require.Equal(t, []string{"v1alpha1"}, p.storedVersions("harvestermachines"))

	p.upgradeCRDs()
	stop := p.serveConversion()
	for _, object := range stored {
		requireSame(t, object, p.read(object, v1alpha1.GroupVersion.Version), "read in the version that it is stored in")
		p.requireRoundTrip(object)
	}
	p.requireChangesHold()
	require.Equal(t, []string{"v1alpha1", "v1beta1"}, p.storedVersions("harvestermachines"))
	stop()

	p.installRights()
	p.runManager()
	for _, object := range stored {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			assert.Equal(c, []string{"v1beta1"}, p.storedVersions(plural(object)), object.GetKind())
		}, patience, 100*time.Millisecond)
		assert.Equal(t, infrav1.GroupVersion.String(), p.storedVersion(object), "%s: what etcd holds", object.GetKind())
	}
	p.requireOldViewStays(stored)
	p.requireOldVersionCanBeDropped(stored)
}

// requireRoundTrip writes an object in v1beta1 as it is, which stores it in that version, and reads it in v1alpha1.
func (p *plane) requireRoundTrip(object *unstructured.Unstructured) {
	p.t.Helper()
	hub := p.read(object, infrav1.GroupVersion.Version)
	typed := p.typed(hub)
	require.NoError(p.t, p.admin.Update(p.t.Context(), typed), "%s: what was read can be written", object.GetKind())
	if hub.Object["status"] != nil {
		require.NoError(p.t, p.admin.Status().Update(p.t.Context(), typed), "%s: its status too", object.GetKind())
	}
	hub.SetAnnotations(map[string]string{"touched": "yes"})
	require.NoError(p.t, p.admin.Patch(p.t.Context(), hub, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"touched":"yes"}}}`))))
	require.Equal(p.t, infrav1.GroupVersion.String(), p.storedVersion(object), "%s: what etcd holds", object.GetKind())
	requireSame(p.t, object, p.read(object, v1alpha1.GroupVersion.Version), "%s: nothing is lost", object.GetKind())
}

// requireChangesHold changes a machine in each version; the other one sees it, and neither loses what is its own.
func (p *plane) requireChangesHold() {
	p.t.Helper()
	key := client.ObjectKey{Namespace: "prod-ns", Name: "prod-cp-abcde"}
	machine := &infrav1.HarvesterMachine{}
	require.NoError(p.t, p.admin.Get(p.t.Context(), key, machine))
	original := machine.DeepCopy()
	machine.Spec.CPUModel = "host-model"
	require.NoError(p.t, p.admin.Update(p.t.Context(), machine))

	old := &v1alpha1.HarvesterMachine{}
	require.NoError(p.t, p.admin.Get(p.t.Context(), key, old))
	old.Spec.CPU = 8
	require.NoError(p.t, p.admin.Update(p.t.Context(), old), "a client of v1alpha1 writes what it read")
	require.NoError(p.t, p.admin.Get(p.t.Context(), key, machine))
	assert.Equal(p.t, int32(8), machine.Spec.CPU)
	assert.Equal(p.t, "host-model", machine.Spec.CPUModel)
	assert.NotContains(p.t, machine.Annotations, v1alpha1.HubDataAnnotation)

	machine.Spec = original.Spec
	require.NoError(p.t, p.admin.Update(p.t.Context(), machine))
	require.NoError(p.t, p.admin.Get(p.t.Context(), key, old))
	assert.Equal(p.t, "UpdateError", old.Status.FailureReason)
}

// requireOldViewStays reads in v1alpha1 what the manager has been working on meanwhile.
func (p *plane) requireOldViewStays(stored []*unstructured.Unstructured) {
	p.t.Helper()
	for _, object := range stored {
		now := p.read(object, v1alpha1.GroupVersion.Version)
		assert.Equal(p.t, object.Object["spec"], now.Object["spec"], object.GetKind())
		assert.Subset(p.t, now.GetLabels(), object.GetLabels(), object.GetKind())
		assert.Subset(p.t, now.GetFinalizers(), object.GetFinalizers(), object.GetKind())
		for _, field := range []string{"failureReason", "failureMessage", "allocatedIPAddress", "allocatedPoolRef"} {
			was, present, _ := unstructured.NestedString(object.Object, "status", field)
			if present {
				is, _, _ := unstructured.NestedString(now.Object, "status", field)
				assert.Equal(p.t, was, is, "%s: %s", object.GetKind(), field)
			}
		}
	}
}

// requireOldVersionCanBeDropped does what a later release will do.
func (p *plane) requireOldVersionCanBeDropped(stored []*unstructured.Unstructured) {
	p.t.Helper()
	for _, object := range stored {
		definition := p.definition(plural(object))
		for _, version := range definition.Spec.Versions {
			if version.Storage {
				definition.Spec.Versions = []apiextensionsv1.CustomResourceDefinitionVersion{version}
			}
		}
		definition.Spec.Conversion = nil
		require.NoError(p.t, p.admin.Update(p.t.Context(), definition), "the API server lets %s go", definition.Name)
		p.eventually(func(ctx context.Context) bool {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(infrav1.GroupVersion.WithKind(object.GetKind() + "List"))
			return p.admin.List(ctx, list) == nil && len(list.Items) == 1
		}, "every object can still be read")
	}
}

func plural(object *unstructured.Unstructured) string { return strings.ToLower(object.GetKind()) + "s" }
