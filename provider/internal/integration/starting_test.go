package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// A VM whose volume is never bound started for ever, in one sentence without a cause, a deadline or an event.
func TestAVMThatDoesNotStartNamesItsVolumeAndTheCause(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createMachine("m-1", false)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" })
	claim := w.pendingClaim("m-1-disk-0", w.target+"-class")
	w.setVMStatus("m-1", kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding)

	running := func(reason string) func(*infrav1.HarvesterMachine) bool {
		return func(m *infrav1.HarvesterMachine) bool {
			return w.condition(m.Status.Conditions, infrav1.VMRunningCondition) == "False/"+reason
		}
	}
	w.settleMachine("m-1", running(infrav1.VMStartingReason))
	result, err := w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.InDelta(t, 60, result.RequeueAfter.Seconds(), 30, "an ordinary start is left alone at first")

	// The class is not there.
	w.clock.SetTime(w.clock.Now().Add(2 * time.Minute))
	machine := w.settleMachine("m-1", running(infrav1.VMVolumeNotReadyReason))
	for _, part := range []string{"m-1-disk-0", w.target + `-class" does not exist`} {
		assert.Contains(t, conditions.GetMessage(machine, infrav1.VMRunningCondition), part)
	}
	result, err = w.reconcileMachine("m-1")
	require.NoError(t, err)
	assert.InDelta(t, 8*60, result.RequeueAfter.Seconds(), 60, "the only timer is the deadline")

	// It comes, and cannot be written by many.
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: w.target + "-class"}, Provisioner: "example.org/one-writer"}
	w.create(w.harvester, class)
	t.Cleanup(func() { _ = w.harvester.Delete(t.Context(), class) })
	w.create(w.harvester, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: w.target, Name: "refused"},
		InvolvedObject: corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: w.target, Name: claim.Name, UID: claim.UID},
		Type:           corev1.EventTypeWarning, Reason: "ProvisioningFailed", Message: "only ReadWriteOnce is supported",
	})
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return strings.Contains(conditions.GetMessage(m, infrav1.VMRunningCondition), "only ReadWriteOnce is supported")
	})

	w.clock.SetTime(w.clock.Now().Add(10 * time.Minute))
	machine = w.settleMachine("m-1", running(infrav1.VMStartTimedOutReason))
	assert.Contains(t, conditions.GetMessage(machine, infrav1.VMRunningCondition), "has not started within 10m0s: volume m-1-disk-0")
	for range 3 {
		result, err = w.reconcileMachine("m-1")
		require.NoError(t, err)
		assert.Zero(t, result.RequeueAfter)
	}
	text := w.eventsText()
	assert.Equal(t, 1, strings.Count(text, "Warning "+infrav1.VMVolumeNotReadyReason), text)
	assert.Equal(t, 1, strings.Count(text, "Warning "+infrav1.VMStartTimedOutReason), text)
	assert.Contains(t, text, "m-1-disk-0")

	// It is bound after all.
	base := client.MergeFrom(claim.DeepCopy())
	claim.Status.Phase = corev1.ClaimBound
	require.NoError(t, w.harvester.Status().Patch(w.ctx, claim, base))
	w.boot("m-1", w.subnet+".10")
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return conditions.IsTrue(m, infrav1.VMRunningCondition) })
}

// pendingClaim makes a claim of a class that no one binds.
func (w *world) pendingClaim(name, class string) *corev1.PersistentVolumeClaim {
	w.t.Helper()
	vm := get(w, w.harvester, w.target, strings.TrimSuffix(name, "-disk-0"), &kubevirtv1.VirtualMachine{})
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: name, Labels: vm.Labels},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}, StorageClassName: ptr.To(class),
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: quantity("1Gi")}},
		},
	}
	w.create(w.harvester, claim)

	return claim
}
