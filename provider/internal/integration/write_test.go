package integration

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// counted is a client of the management cluster that lists what is written through it.
func (w *world) counted() (c client.Client, writes *[]string) {
	writes = &[]string{}
	return interceptor.NewClient(w.management, interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, options ...client.PatchOption) error {
			*writes = append(*writes, "object")
			return c.Patch(ctx, o, p, options...)
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, options ...client.SubResourcePatchOption) error {
			*writes = append(*writes, sub)
			return c.SubResource(sub).Patch(ctx, o, p, options...)
		},
	}), writes
}

func (w *world) storedMachine() *infrav1.HarvesterMachine {
	w.t.Helper()
	w.createCluster()
	w.createMachine("m-1", false)
	return get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{})
}

func TestOneWriteForTheObjectAndOneForItsStatus(t *testing.T) {
	w := newWorld(t)
	machine := w.storedMachine()
	c, writes := w.counted()
	helper, err := write.New(c, machine)
	require.NoError(t, err)
	require.NoError(t, helper.Patch(t.Context(), machine))
	assert.Empty(t, *writes, "nothing changed, nothing is sent")

	machine.Spec.ProviderID = "harvester://x"
	machine.Status.AllocatedIPAddress = "192.0.2.1"
	for _, kind := range []string{infrav1.ReadyCondition, infrav1.VMRunningCondition} {
		conditions.Set(machine, metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: "Test"})
	}
	require.NoError(t, helper.Patch(t.Context(), machine))
	assert.Equal(t, []string{"object", "status"}, *writes)
	stored := get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{})
	assert.Equal(t, "harvester://x", stored.Spec.ProviderID)
	assert.Equal(t, "192.0.2.1", stored.Status.AllocatedIPAddress)
	assert.Equal(t, stored.ResourceVersion, machine.ResourceVersion)
	require.Len(t, stored.Status.Conditions, 2)
	for _, condition := range stored.Status.Conditions {
		assert.Equal(t, stored.Generation, condition.ObservedGeneration, "the write of the spec must not cost another write of the conditions")
	}

	helper, err = write.New(c, stored)
	require.NoError(t, err)
	stored.Status.AllocatedIPAddress = ""
	require.NoError(t, helper.Patch(t.Context(), stored))
	assert.Equal(t, []string{"object", "status", "status"}, *writes)
	assert.Empty(t, get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{}).Status.AllocatedIPAddress, "what is empty is removed")
}

func TestNothingOfOthersIsOverwritten(t *testing.T) {
	for name, change := range map[string]func(*infrav1.HarvesterMachine){
		"the object": func(m *infrav1.HarvesterMachine) { m.Finalizers = append(m.Finalizers, "ours/late") },
		"the status": func(m *infrav1.HarvesterMachine) { m.Status.AllocatedIPAddress = "192.0.2.1" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			machine := w.storedMachine()
			c, _ := w.counted()
			helper, err := write.New(c, machine)
			require.NoError(t, err)
			theirs := machine.DeepCopy()
			theirs.Finalizers = append(theirs.Finalizers, "theirs/first")
			require.NoError(t, w.management.Update(t.Context(), theirs))
			change(machine)
			require.True(t, apierrors.IsConflict(helper.Patch(t.Context(), machine)))
			assert.Equal(t, []string{"theirs/first"}, get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{}).Finalizers)
		})
	}
}

func TestTheLastFinalizerIsTheLastWrite(t *testing.T) {
	w := newWorld(t)
	machine := w.storedMachine()
	machine.Finalizers = []string{infrav1.MachineFinalizer}
	require.NoError(t, w.management.Update(t.Context(), machine))
	require.NoError(t, w.management.Delete(t.Context(), machine))
	machine = get(w, w.management, w.namespace, "m-1", machine)
	c, writes := w.counted()
	helper, err := write.New(c, machine)
	require.NoError(t, err)
	machine.Finalizers = nil
	machine.Status.AllocatedIPAddress = "192.0.2.1"
	require.NoError(t, helper.Patch(t.Context(), machine))
	assert.Equal(t, []string{"object"}, *writes, "there is no status any more")
	assert.True(t, w.machineIsGone("m-1"))
}

func TestAReconcileWaitsForWhatItWrote(t *testing.T) {
	w := newWorld(t)
	before := w.storedMachine()
	machine := before.DeepCopy()
	helper, err := write.New(w.management, machine)
	require.NoError(t, err)
	versions := &write.Versions{}
	assert.False(t, versions.Behind(before), "nothing was written")
	machine.Status.AllocatedIPAddress = "192.0.2.1"
	require.NoError(t, helper.Patch(t.Context(), machine))
	versions.Note(machine)
	assert.True(t, versions.Behind(before))
	assert.True(t, versions.Behind(before), "and again, until the cache has it")
	assert.False(t, versions.Behind(get(w, w.management, w.namespace, "m-1", &infrav1.HarvesterMachine{})))

	versions.Note(machine)
	unreadable := before.DeepCopy()
	unreadable.ResourceVersion = "not-a-number"
	assert.False(t, versions.Behind(unreadable), "the write will tell")
}
