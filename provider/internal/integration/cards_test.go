package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// withCard adds a card to a machine, and the network that it is on.
func withCard(index int32, card infrav1.NetworkInterface) func(*infrav1.HarvesterMachine) {
	return func(machine *infrav1.HarvesterMachine) {
		card.Index = ptrTo(index)
		for len(machine.Spec.Networks) <= int(index) {
			machine.Spec.Networks = append(machine.Spec.Networks, "default/production")
		}
		machine.Spec.NetworkInterfaces = append(machine.Spec.NetworkInterfaces, card)
	}
}

func hasProviderID(machine *infrav1.HarvesterMachine) bool { return machine.Spec.ProviderID != "" }

func (w *world) networkData(machine string) string {
	w.t.Helper()
	return string(get(w, w.harvester, w.target, machine+"-cloud-init", &corev1.Secret{}).Data["networkdata"])
}

func (w *world) addressCondition(machine *infrav1.HarvesterMachine) string {
	return w.condition(machine.Status.Conditions, infrav1.AddressReadyCondition)
}

// finishMachine reconciles a machine that is being deleted to its end, with the claims that we serve ourselves.
func (w *world) finishMachine(name string, claims ...string) {
	w.t.Helper()
	w.settle(func() error {
		_, err := w.reconcileMachine(name)
		for _, claim := range claims {
			if claimErr := w.reconcileClaim(claim); err == nil {
				err = claimErr
			}
		}
		return err
	}, func() bool { return w.machineIsGone(name) })
}

// All cards of a machine get their addresses from pools on Harvester, or none does.
func TestCardsGetAllTheirAddressesOrNone(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(3)
	second := w.pool + "-storage"
	w.createPool(second, "10.230.0", 1)
	w.provisionCluster()
	card := withCard(1, infrav1.NetworkInterface{IPPoolRefs: []string{second}, DNSServers: []string{"10.230.0.53"}})
	w.createMachine("m-1", false, card)
	machine := w.settleMachine("m-1", hasProviderID)
	assert.Equal(t, names.CardAddressOwner(w.target, "m-1", 1), w.readPool(second).Status.Allocated["10.230.0.10"])
	assert.Equal(t, w.subnet+".10", machine.Status.AllocatedIPAddress)
	assert.Equal(t, []infrav1.AllocatedAddress{{Index: ptrTo(int32(1)), Address: "10.230.0.10", PoolRef: second}}, machine.Status.AllocatedAddresses)
	data := w.networkData("m-1")
	assert.Contains(t, data, w.subnet+".10/24")
	assert.Contains(t, data, "10.230.0.10/24")
	assert.Contains(t, data, "10.230.0.53")
	assert.Equal(t, 1, strings.Count(data, "gateway"), "one default route: %s", data)
	assert.Contains(t, data, `gateway4: "`+w.subnet+`.1"`)
	assert.NotContains(t, data, "dhcp4: true")

	w.createMachine("m-2", false, card)
	waiting := w.settleMachine("m-2", func(m *infrav1.HarvesterMachine) bool {
		return w.addressCondition(m) == "False/"+infrav1.PoolExhaustedReason
	})
	assert.Empty(t, waiting.Status.AllocatedIPAddress)
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 1, "the first card of a machine that lacks an address holds none either")
	before := w.readPool(w.pool).ResourceVersion
	for range 3 {
		_, err := w.reconcileMachine("m-2")
		require.NoError(t, err)
	}
	assert.Equal(t, before, w.readPool(w.pool).ResourceVersion, "a write would be an event for everyone who waits, itself included")

	w.deleteMachine("m-1")
	w.finishMachine("m-1")
	assert.Empty(t, w.readPool(second).Status.Allocated)
	w.settleMachine("m-2", hasProviderID)
	assert.Equal(t, map[string]string{"10.230.0.10": names.CardAddressOwner(w.target, "m-2", 1)}, w.readPool(second).Status.Allocated)
}

func TestCreationWithCardsSurvivesACrashAfterEveryWrite(t *testing.T) {
	forEveryWrite(t, func(t *testing.T, w *world, crash func()) {
		t.Helper()
		w.seedHarvester(5)
		w.provisionCluster()
		w.createIPPool(w.pool)
		crash()
		w.createMachine("m-1", false,
			withCard(0, infrav1.NetworkInterface{AddressesFromPools: []ipamv1.IPPoolReference{ourPool}}),
			withCard(1, infrav1.NetworkInterface{IPPoolRefs: []string{w.pool}}))
		claim := names.AddressClaim("m-1", 0, 0)
		both := func() error {
			_, err := w.reconcileMachine("m-1")
			if claimErr := w.reconcileClaim(claim); err == nil {
				err = claimErr
			}
			return err
		}
		w.untilCrash(both, func() bool { return w.machineIs("m-1", hasProviderID) })
		w.settle(both, func() bool { return w.machineIs("m-1", hasProviderID) })
		w.requireServed(claim)
		assert.Len(t, w.readPool(w.pool).Status.Allocated, 2)
	})
}

func TestDeletionWithCardsSurvivesACrashAfterEveryWrite(t *testing.T) {
	forEveryWrite(t, func(t *testing.T, w *world, crash func()) {
		t.Helper()
		w.seedHarvester(5)
		w.provisionCluster()
		w.createIPPool(w.pool)
		w.createMachine("m-1", false,
			withCard(0, infrav1.NetworkInterface{AddressesFromPools: []ipamv1.IPPoolReference{ourPool}}),
			withCard(1, infrav1.NetworkInterface{IPPoolRefs: []string{w.pool}}))
		claim := names.AddressClaim("m-1", 0, 0)
		both := func() error {
			_, err := w.reconcileMachine("m-1")
			if claimErr := w.reconcileClaim(claim); err == nil {
				err = claimErr
			}
			return err
		}
		w.settle(both, func() bool { return w.machineIs("m-1", hasProviderID) })
		w.deleteMachine("m-1")
		crash()
		gone := func() bool { return w.machineIsGone("m-1") && w.claimIsGone(claim) }
		w.untilCrash(both, gone)
		w.settle(both, gone)
		w.requireNothingLeft("m-1")
		assert.False(t, w.exists(w.management, w.namespace, claim, &ipamv1.IPAddress{}))
		assert.Empty(t, w.readPool(w.pool).Status.Allocated)
	})
}

// A machine's address comes from somebody else's IPAM provider; it goes back only when the VM is gone, though such a
// provider takes an address back as soon as its IPAddress is gone.
func TestMachineWithAddressesOfAForeignProvider(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	w.provisionCluster()
	foreignV6 := foreignPool
	foreignV6.Name = "foreign-v6"
	w.createMachine("m-1", false, withCard(0, infrav1.NetworkInterface{AddressesFromPools: []ipamv1.IPPoolReference{foreignPool, foreignV6}}))
	four, six := names.AddressClaim("m-1", 0, 0), names.AddressClaim("m-1", 0, 1)
	waiting := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.addressCondition(m) == "False/"+infrav1.WaitingForAddressClaimReason && !w.claimIsGone(six)
	})
	claim := get(w, w.management, w.namespace, four, &ipamv1.IPAddressClaim{})
	assert.Equal(t, ipamv1.IPAddressClaimSpec{ClusterName: clusterName, PoolRef: foreignPool}, claim.Spec)
	assert.Equal(t, clusterName, claim.Labels[clusterv1.ClusterNameLabel])
	assert.Equal(t, []metav1.OwnerReference{{
		APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterMachine", Name: "m-1", UID: waiting.UID, Controller: ptrTo(true), BlockOwnerDeletion: ptrTo(true),
	}}, claim.OwnerReferences)

	w.answer(four, "192.0.2.77", "192.0.2.1", 26)
	said := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return strings.Contains(conditionMessage(m), six) })
	assert.NotContains(t, conditionMessage(said), four, "it says what it waits for, and only that")
	w.answer(six, "2001:db8::77", "2001:db8::1", 64)
	machine := w.settleMachine("m-1", hasProviderID)
	data := w.networkData("m-1")
	for _, part := range []string{"192.0.2.77/26", "192.0.2.1", "2001:db8::77/64", "2001:db8::1"} {
		assert.Contains(t, data, part)
	}
	assert.Empty(t, w.readPool(w.pool).Status.Allocated, "the cluster's own pool is not asked")
	assert.Len(t, machine.Status.AllocatedAddresses, 2)
	w.boot("m-1")
	machine = w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return len(m.Status.Addresses) == 3 })
	assert.Equal(t, "192.0.2.77", machine.Status.Addresses[1].Address)

	for range 2 {
		_, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
	}
	before := w.managementWrites.Load()
	for range 3 {
		_, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
	}
	assert.Equal(t, before, w.managementWrites.Load(), "at rest nothing is written")

	// Somebody deletes a claim by mistake, and its provider lets go at once. The address stays while the VM is there.
	w.takeBack(four)
	for range 3 {
		_, err := w.reconcileMachine("m-1")
		require.NoError(t, err)
	}
	assert.True(t, w.exists(w.management, w.namespace, four, &ipamv1.IPAddress{}))
	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	assert.True(t, w.exists(w.management, w.namespace, four, &ipamv1.IPAddress{}))
	assert.True(t, get(w, w.management, w.namespace, six, &ipamv1.IPAddressClaim{}).DeletionTimestamp.IsZero(), "claims go last")

	w.finishVMDeletion("m-1")
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.condition(m.Status.Conditions, infrav1.DeletingCondition) == "True/"+infrav1.ReleasingAddressReason
	})
	assert.False(t, w.exists(w.management, w.namespace, four, &ipamv1.IPAddress{}))
	w.takeBack(six)
	w.finishMachine("m-1")
	assert.True(t, w.claimIsGone(four) && w.claimIsGone(six))
}

func conditionMessage(machine *infrav1.HarvesterMachine) string {
	for _, condition := range machine.Status.Conditions {
		if condition.Type == infrav1.AddressReadyCondition {
			return condition.Message
		}
	}
	return ""
}

// A restored backup has claims without status and with owners of other UIDs, so that the garbage collector deletes them.
// The machine keeps its address, and takes its claims along when it goes.
func TestMachineSurvivesTheRestoreOfItsClaims(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	w.provisionCluster()
	w.createIPPool(w.pool)
	w.createMachine("m-1", false, withCard(0, infrav1.NetworkInterface{AddressesFromPools: []ipamv1.IPPoolReference{ourPool}}))
	claim := names.AddressClaim("m-1", 0, 0)
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return !w.claimIsGone(claim) })
	w.settleClaim(claim, servedReason)
	w.settleMachine("m-1", hasProviderID)
	w.boot("m-1")
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return len(m.Status.Addresses) == 2 })

	restored := get(w, w.management, w.namespace, claim, &ipamv1.IPAddressClaim{})
	base := client.MergeFrom(restored.DeepCopy())
	restored.OwnerReferences[0].UID = "of-another-cluster"
	require.NoError(t, w.management.Patch(w.ctx, restored, base))
	base = client.MergeFrom(restored.DeepCopy())
	restored.Status = ipamv1.IPAddressClaimStatus{Conditions: restored.Status.Conditions}
	require.NoError(t, w.management.Status().Patch(w.ctx, restored, base))
	w.deleteAddressClaim(claim)
	w.patchMachineStatus("m-1", func(status *infrav1.HarvesterMachineStatus) { *status = infrav1.HarvesterMachineStatus{} })
	for range 3 {
		require.NoError(t, w.reconcileClaim(claim))
	}
	machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return len(m.Status.AllocatedAddresses) == 1 })
	assert.Equal(t, w.subnet+".10", machine.Status.AllocatedAddresses[0].Address)
	assert.Equal(t, "True/"+infrav1.AddressAllocatedReason, w.addressCondition(machine))
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 1)

	w.deleteMachine("m-1")
	w.finishMachine("m-1", claim)
	assert.True(t, w.claimIsGone(claim))
	assert.Empty(t, w.readPool(w.pool).Status.Allocated)
}

// A backup may be restored without owner references, or without claims. With the first, the machine takes its claim on
// again; without claims it makes none, as another address would not be the VM's.
func TestMachineTakesOnItsOwnerlessClaimAndMakesNoneForAVM(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(3)
	w.provisionCluster()
	w.createIPPool(w.pool)
	w.createMachine("m-1", false, withCard(0, infrav1.NetworkInterface{AddressesFromPools: []ipamv1.IPPoolReference{ourPool}}))
	claim := names.AddressClaim("m-1", 0, 0)
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return !w.claimIsGone(claim) })
	w.settleClaim(claim, servedReason)
	machine := w.settleMachine("m-1", hasProviderID)
	lost := get(w, w.management, w.namespace, claim, &ipamv1.IPAddressClaim{})

	w.forget(lost, w.addressOf(claim))
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.addressCondition(m) == "False/"+infrav1.WaitingForAddressClaimReason && strings.Contains(conditionMessage(m), "restore it")
	})
	assert.True(t, w.claimIsGone(claim))

	w.create(w.management, &ipamv1.IPAddressClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: claim, Labels: lost.Labels, Annotations: lost.Annotations, Finalizers: lost.Finalizers},
		Spec:       lost.Spec,
	})
	w.settleClaim(claim, servedReason)
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.addressCondition(m) == "True/"+infrav1.AddressAllocatedReason
	})
	restored := get(w, w.management, w.namespace, claim, &ipamv1.IPAddressClaim{})
	assert.True(t, metav1.IsControlledBy(restored, machine))
	assert.Equal(t, w.subnet+".10", w.addressOf(claim).Spec.Address)
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 1)
}

// A claim that is somebody else's is not taken over, and one whose address changes under a running VM is told of.
func TestClaimsThatDoNotFitAreToldOf(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	w.provisionCluster()
	claim := names.AddressClaim("m-1", 0, 0)
	w.createAddressClaim(claim, func(claim *ipamv1.IPAddressClaim) { claim.Spec.PoolRef = foreignPool })
	w.createMachine("m-1", false, withCard(0, infrav1.NetworkInterface{AddressesFromPools: []ipamv1.IPPoolReference{foreignPool}}))
	machine := w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.addressCondition(m) == "False/"+infrav1.AddressAllocationFailedReason
	})
	assert.Contains(t, conditionMessage(machine), claim)
	w.deleteAddressClaim(claim)
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return !w.claimIsGone(claim) })
	w.answer(claim, "192.0.2.77", "", 24)
	w.settleMachine("m-1", hasProviderID)

	w.patchMachineStatus("m-1", func(status *infrav1.HarvesterMachineStatus) { status.AllocatedAddresses[0].Address = "192.0.2.78" })
	machine = w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.addressCondition(m) == "False/"+infrav1.AddressAllocationFailedReason
	})
	assert.Contains(t, conditionMessage(machine), "192.0.2.78")
}
