package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
)

const restored = "restored"

// TestALostManagementClusterIsRestored loses the management cluster with everything in it, twice. The first time its dumps
// are applied as they are, so that the real garbage collector follows owner references that mean nothing any more: no VM
// may go. The second time they are applied without owner references and paused, as the documentation says: the VMs are
// adopted, with their addresses.
func TestALostManagementClusterIsRestored(t *testing.T) { //nolint:tparallel // its steps follow one another
	t.Parallel() // Most of it is waiting.
	options, _, err := fleet.Options(root, filepath.Join(root, ".cache", "e2e-restore"))
	require.NoError(t, err)
	options.Out, options.Report = os.Stderr, line.Up
	s, err := sandbox.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop(context.Background())) })
	f, err := fleet.New(t.Context(), s, "")
	require.NoError(t, err)
	require.NoError(t, f.Create(t.Context(), restored, 2))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	require.NoError(t, f.Await(ctx, restored, 2))
	before, err := f.VMs(t.Context(), restored)
	require.NoError(t, err)
	require.Len(t, before, 2)
	dump, err := f.Dump(t.Context(), restored)
	require.NoError(t, err)

	t.Run("carelessly", func(t *testing.T) {
		require.NoError(t, s.LoseManagement(t.Context()))
		f, err := fleet.New(t.Context(), s, "")
		require.NoError(t, err)
		require.NoError(t, f.Restore(t.Context(), restored, dump, func(*unstructured.Unstructured) {}))
		requireBlocked(t, f, restored, before)
	})
	t.Run("as documented", func(t *testing.T) {
		require.NoError(t, s.LoseManagement(t.Context()))
		f, err := fleet.New(t.Context(), s, "")
		require.NoError(t, err)
		require.NoError(t, f.Restore(t.Context(), restored, dump, func(object *unstructured.Unstructured) {
			object.SetOwnerReferences(nil)
		}))
		requireAdopted(t, f, before)
	})
}

// requireBlocked waits until the garbage collector has struck and CAPHV has said what to do, and sees that every VM stays.
func requireBlocked(t *testing.T, f *fleet.Fleet, namespace string, before map[string]string) {
	t.Helper()
	var last []string
	require.Eventually(t, func() bool {
		machines := &infrav1.HarvesterMachineList{}
		if f.Client().List(t.Context(), machines, client.InNamespace(namespace)) != nil || len(machines.Items) < len(before) {
			return false
		}
		last = nil
		for i := range machines.Items {
			if before[machines.Items[i].Name] == "" {
				continue // Cluster API made another one meanwhile.
			}
			deleting := apimeta.FindStatusCondition(machines.Items[i].Status.Conditions, infrav1.DeletingCondition)
			if deleting == nil || deleting.Reason != infrav1.OwnerNotDeletingReason {
				return false
			}
			last = append(last, deleting.Message)
		}
		return len(last) == len(before)
	}, patience, 200*time.Millisecond, "the garbage collector, or the guard, has not struck")
	for _, message := range last {
		assert.Contains(t, message, infrav1.ConfirmDeletionAnnotation, "it does not say what to do")
	}
	// Long enough for everybody to have done what they are up to.
	assert.Never(t, func() bool {
		now, err := f.VMs(t.Context(), namespace)
		for name, vm := range before {
			if err == nil && now[name] != vm {
				return true
			}
		}
		return false
	}, 10*time.Second, 500*time.Millisecond, "a VM was deleted or made anew")
	clusters := &infrav1.HarvesterClusterList{}
	require.NoError(t, f.Client().List(t.Context(), clusters, client.InNamespace(namespace)))
	assert.NotEmpty(t, clusters.Items, "the HarvesterCluster is gone")
}

// requireAdopted waits until CAPHV has taken the VMs on again.
func requireAdopted(t *testing.T, f *fleet.Fleet, before map[string]string) {
	t.Helper()
	require.Eventually(t, func() bool {
		machines := &infrav1.HarvesterMachineList{}
		if f.Client().List(t.Context(), machines, client.InNamespace(restored)) != nil || len(machines.Items) != len(before) {
			return false
		}
		for i := range machines.Items {
			machine := &machines.Items[i]
			if machine.Spec.ProviderID != infrav1.ProviderIDPrefix+before[machine.Name] || machine.Status.AllocatedIPAddress == "" ||
				!machine.Status.Initialization.IsProvisioned() || !machine.DeletionTimestamp.IsZero() {
				return false
			}
		}
		return true
	}, patience, 200*time.Millisecond, "the VMs are not adopted")
	now, err := f.VMs(t.Context(), restored)
	require.NoError(t, err)
	assert.Equal(t, before, now, "a VM was deleted or made anew")
}
