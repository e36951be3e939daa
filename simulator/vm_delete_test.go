package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/hostvm"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/storage"
)

// Section 9, VM lifecycle, line 6.
func TestVMIsDeletedInTwoSteps(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	off := holdOn(t, space+"/one")
	vm := launch(t, c, space, "one")
	vm = get(t, c, client.ObjectKeyFromObject(vm), vm, func(vm *kubevirtv1.VirtualMachine) error {
		return accept(len(vm.Finalizers) == 3, "finalizers: %v", vm.Finalizers)
	})
	assert.ElementsMatch(t, []string{kubevirtv1.VirtualMachineControllerFinalizer, hostvm.CleanupFinalizer, hostvm.BalancerFinalizer}, vm.Finalizers)
	require.NoError(t, c.Delete(t.Context(), vm, client.PropagationPolicy(metav1.DeletePropagationForeground)))
	get(t, c, client.ObjectKeyFromObject(vm), vm, hasStatus(kubevirtv1.VirtualMachineStatusTerminating))
	vmi := get(t, c, client.ObjectKeyFromObject(vm), &kubevirtv1.VirtualMachineInstance{}, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		return accept(vmi.DeletionTimestamp != nil, "the instance does not stop while the VM waits")
	})
	// Whoever lets machines go has had its turn when one that was deleted later is gone.
	later := launch(t, c, space, "two")
	require.NoError(t, c.Delete(t.Context(), later))
	gone(t, c, later)
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(vm), vm))
	assert.Contains(t, vm.Finalizers, kubevirtv1.VirtualMachineControllerFinalizer)
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(vm), vmi))
	off()
	gone(t, c, vm)
	require.True(t, apierrors.IsNotFound(c.Get(t.Context(), client.ObjectKeyFromObject(vm), vmi)), "the VM is gone after its instance only")
}

// Section 9, VM lifecycle, line 6.
func TestVMTakesExactlyTheListedClaimsAlong(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	claim := func(name string) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: name}}
	}
	for _, name := range []string{"listed-elsewhere", "bystander", "one-disk-01"} {
		object := claim(name)
		class := storage.DefaultClass
		object.Spec = corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: *newGibibyte()}},
		}
		require.NoError(t, c.Create(t.Context(), object))
	}
	attached := claim("one-disk-0")
	err := c.Delete(t.Context(), attached)
	require.ErrorContains(t, err, "currently attached to VM: "+space+"/one")
	assert.True(t, apierrors.IsConflict(err), "a 409 that is no optimistic lock: %v", err)

	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) {
		vm.Annotations["harvesterhci.io/removedPersistentVolumeClaims"] = "one-disk-0, listed-elsewhere,never-existed"
	})
	require.NoError(t, c.Delete(t.Context(), vm, client.PropagationPolicy(metav1.DeletePropagationForeground)))
	gone(t, c, vm)
	gone(t, c, claim("one-disk-0"))
	gone(t, c, claim("listed-elsewhere"))
	for _, name := range []string{"bystander", "one-disk-01"} {
		left := claim(name)
		require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(left), left))
		assert.Nil(t, left.DeletionTimestamp)
	}
	eventually(t, func() error {
		volumes := &corev1.PersistentVolumeList{}
		if err := c.List(t.Context(), volumes); err != nil {
			return err
		}
		for _, volume := range volumes.Items {
			if of := volume.Spec.ClaimRef; of != nil && of.Namespace == space && of.Name == "one-disk-0" {
				return accept(false, "volume %s was left behind", volume.Name)
			}
		}
		return nil
	})
}

// Section 9, VM lifecycle, line 6: a claim in use lingers until the machine is off.
func TestClaimsLingerUntilTheMachineIsOff(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	off := holdOn(t, space+"/one")
	vm := launch(t, c, space, "one")
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) {
		vm.Annotations["harvesterhci.io/removedPersistentVolumeClaims"] = "one-disk-0"
	})
	require.NoError(t, c.Delete(t.Context(), vm))
	claim := &corev1.PersistentVolumeClaim{}
	key := client.ObjectKey{Namespace: space, Name: "one-disk-0"}
	get(t, c, key, claim, func(claim *corev1.PersistentVolumeClaim) error {
		return accept(claim.DeletionTimestamp != nil, "the claim is not being deleted")
	})
	vmi := &kubevirtv1.VirtualMachineInstance{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(vm), vmi), "the machine still runs")
	off()
	gone(t, c, claim)
	err := c.Get(t.Context(), client.ObjectKeyFromObject(vm), vmi)
	assert.True(t, apierrors.IsNotFound(err) || err == nil && vmi.IsFinal(), "the machine still runs: %v", err)
}

// Section 9, VM lifecycle, line 6 (8 of the facts): with orphan propagation the instance runs on.
func TestOrphanPropagationLeavesTheInstanceRunning(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	require.NoError(t, c.Delete(t.Context(), vm, client.PropagationPolicy(metav1.DeletePropagationOrphan)))
	gone(t, c, vm)
	vmi := waitAddress(t, c, &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "one"}})
	assert.Nil(t, vmi.DeletionTimestamp)
	require.NoError(t, c.Delete(t.Context(), vmi))
	gone(t, c, vmi)
}
