package crd

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/manifests"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// TestObjectsOfTheFieldAreAccepted creates each sample, writes its status, and then does what a controller does with
// it: reads it into our types, writes it back, drops its finalizers and deletes it.
func TestObjectsOfTheFieldAreAccepted(t *testing.T) {
	files, err := filepath.Glob("testdata/accepted/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			objects, err := manifests.Read(file)
			require.NoError(t, err)
			sample := objects[0]
			sample.SetNamespace("default")
			stored := sample.DeepCopy()
			require.NoError(t, cluster.Client.Create(t.Context(), stored))

			if status, has := sample.Object["status"]; has {
				stored.Object["status"] = status
				require.NoError(t, cluster.Client.Status().Update(t.Context(), stored))
				assert.Equal(t, status, stored.Object["status"], "the API server keeps the whole status")
			}
			assert.Equal(t, sample.Object["spec"], stored.Object["spec"], "the API server keeps the whole spec")

			typed := typedObject(t, sample.GetKind())
			require.NoError(t, cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(stored), typed))
			read := typed.DeepCopyObject().(client.Object)
			require.NoError(t, cluster.Client.Update(t.Context(), typed), "what was read can be written back")
			assert.True(t, apiequality.Semantic.DeepEqual(specAndStatus(t, read), specAndStatus(t, typed)), "nothing changes by it")

			typed.SetFinalizers(nil)
			require.NoError(t, cluster.Client.Update(t.Context(), typed), "finalizers can be dropped")
			require.NoError(t, cluster.Client.Delete(t.Context(), typed))
		})
	}
}

func typedObject(t *testing.T, kind string) client.Object {
	t.Helper()
	object, err := cluster.Client.Scheme().New(infrav1.GroupVersion.WithKind(kind))
	require.NoError(t, err)
	return object.(client.Object)
}

// specAndStatus strips what the API server writes on its own account.
func specAndStatus(t *testing.T, object client.Object) client.Object {
	t.Helper()
	stripped := object.DeepCopyObject().(client.Object)
	stripped.SetManagedFields(nil)
	stripped.SetResourceVersion("")
	stripped.SetGeneration(0)
	return stripped
}

func TestProtocolOfAListenerDefaultsToTCP(t *testing.T) {
	object := &infrav1.HarvesterCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "defaults", Namespace: "default"},
		Spec: infrav1.HarvesterClusterSpec{
			TargetNamespace: "default",
			IdentitySecret:  infrav1.SecretReference{Namespace: "default", Name: "harvester"},
			LoadBalancerConfig: infrav1.LoadBalancerConfig{
				IPAMType:  infrav1.IPAMTypeDHCP,
				Listeners: []infrav1.Listener{{Name: "web", Port: 443, BackendPort: 30443}},
			},
		},
	}
	require.NoError(t, cluster.Client.Create(t.Context(), object, client.DryRunAll))
	assert.Equal(t, infrav1.ListenerTCP, object.Spec.LoadBalancerConfig.Listeners[0].Protocol)
}

// A rule that came after an object must not keep its finalizer from being dropped, or it could never be deleted.
func TestObjectsOlderThanARuleCanStillBeReleased(t *testing.T) {
	definitions, err := manifests.Render("config/crd")
	require.NoError(t, err)
	withoutRules := make([]*unstructured.Unstructured, len(definitions))
	for i := range definitions {
		withoutRules[i] = definitions[i].DeepCopy()
		dropRules(withoutRules[i].Object)
	}
	require.NoError(t, cluster.InstallCRDs(withoutRules))

	old := refusedMachine("older-than-the-rules", func(spec map[string]any) {
		spec["volumes"] = []any{}
		spec["memory"] = "much"
	})
	old.SetFinalizers([]string{infrav1.LegacyMachineFinalizer})
	require.Eventually(t, func() bool { return cluster.Client.Create(t.Context(), old.DeepCopy()) == nil }, waitForRules, pollRules)

	require.NoError(t, cluster.InstallCRDs(definitions))
	require.Eventually(t, func() bool {
		probe := refusedMachine("probe", func(spec map[string]any) { spec["volumes"] = []any{} })
		return cluster.Client.Create(t.Context(), probe, client.DryRunAll) != nil
	}, waitForRules, pollRules, "the rules are back")

	machine := &infrav1.HarvesterMachine{}
	require.NoError(t, cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(old), machine))
	machine.Labels = map[string]string{"changed": "yes"}
	require.NoError(t, cluster.Client.Update(t.Context(), machine), "its metadata can be changed")
	machine.Spec.SSHUser = "changed"
	require.NoError(t, cluster.Client.Update(t.Context(), machine), "so can what is right in its spec")
	machine.Spec.Memory = "even more"
	require.ErrorContains(t, cluster.Client.Update(t.Context(), machine), "HM003", "what is wrong cannot become wrong in another way")
	require.NoError(t, cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(old), machine))
	machine.Finalizers = nil
	require.NoError(t, cluster.Client.Update(t.Context(), machine), "it can be released")
	require.NoError(t, cluster.Client.Delete(t.Context(), machine))
}

// dropRules removes every CEL rule from a CRD.
func dropRules(node any) {
	switch node := node.(type) {
	case map[string]any:
		delete(node, "x-kubernetes-validations")
		for _, child := range node {
			dropRules(child)
		}
	case []any:
		for _, child := range node {
			dropRules(child)
		}
	}
}
