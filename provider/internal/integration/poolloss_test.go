package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// changePool changes a pool as an administrator, GitOps or a tool of Harvester would.
func (w *world) changePool(name string, change func(*lbv1.IPPool)) {
	w.t.Helper()
	pool := w.readPool(name)
	change(pool)
	require.NoError(w.t, w.harvester.Update(w.ctx, pool))
}

func withoutStatus(pool *lbv1.IPPool) { pool.Status = lbv1.IPPoolStatus{} }

// GitOps restores or replaces pools without their status, which is no subresource. Nobody's address is given to another.
func TestAPoolThatLostItsStatusLosesNoAddress(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(5)
	w.provisionCluster()
	w.createIPPool(w.pool)
	w.createAddressClaim("c-1")
	w.settleClaim("c-1", servedReason)
	w.provisionMachine("m-1", false)
	held := w.readPool(w.pool).Status.Allocated
	require.Len(t, held, 2)
	w.create(w.harvester, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
	balancer := &lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "front"}}
	balancer.Spec = lbv1.LoadBalancerSpec{IPAM: lbv1.Pool, WorkloadType: lbv1.VM}
	balancer.Status.AllocatedAddress = lbv1.AllocatedAddress{IPPool: w.pool, IP: w.subnet + ".12"}
	w.create(w.harvester, balancer)
	held[w.subnet+".12"] = names.LoadBalancerOwner(w.namespace, "front")

	w.changePool(w.pool, withoutStatus)
	machine := w.provisionMachine("m-2", false)
	assert.Equal(t, w.subnet+".13", machine.Status.AllocatedIPAddress)
	held[w.subnet+".13"] = names.AddressOwner(w.target, "m-2")
	assert.Equal(t, held, w.readPool(w.pool).Status.Allocated)

	w.changePool(w.pool, withoutStatus)
	w.createAddressClaim("c-2")
	w.settleClaim("c-2", servedReason)
	assert.Equal(t, w.subnet+".14", w.addressOf("c-2").Spec.Address)
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 5)
	assert.True(t, w.sawEvent(infrav1.AddressRestoredEvent))
}

// sawEvent tells whether there was an event with the reason, among those that nobody has read.
func (w *world) sawEvent(reason string) bool {
	w.t.Helper()
	for {
		select {
		case event := <-w.recorder.Events:
			if strings.Contains(event, reason) {
				return true
			}
		default:
			return false
		}
	}
}

// The addresses of a machine that runs are entered again, each for itself: that one is another owner's by now takes none
// of the others away.
func TestAddressesInUseAreNotGivenBack(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(3)
	second := w.pool + "-storage"
	w.createPool(second, w.subnet[:len(w.subnet)-1]+"1", 1)
	w.provisionCluster()
	machine := w.provisionMachine("m-1", false, withCard(1, infrav1.NetworkInterface{IPPoolRefs: []string{second}}))
	taken := machine.Status.AllocatedAddresses[0].Address
	w.changePool(w.pool, withoutStatus)
	w.changePool(second, func(pool *lbv1.IPPool) { pool.Status.Allocated = map[string]string{taken: "others/vm"} })

	machine = w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.addressCondition(m) == "False/"+infrav1.AddressAllocationFailedReason
	})
	assert.Contains(t, conditionMessage(machine), "others/vm")
	assert.Equal(t, w.subnet+".10", machine.Status.AllocatedIPAddress)
	assert.Equal(t, map[string]string{w.subnet + ".10": names.AddressOwner(w.target, "m-1")}, w.readPool(w.pool).Status.Allocated)
	assert.Equal(t, "True/"+infrav1.VMRunningReason, w.condition(machine.Status.Conditions, infrav1.VMRunningCondition), "the VM is still followed")
	assert.True(t, w.sawEvent("AddressLost"))

	w.changePool(second, func(pool *lbv1.IPPool) { pool.Status.Allocated = nil })
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
		return w.addressCondition(m) == "True/"+infrav1.AddressAllocatedReason
	})
	assert.Equal(t, map[string]string{taken: names.CardAddressOwner(w.target, "m-1", 1)}, w.readPool(second).Status.Allocated)
}

// Harvester's tool for releasing an address by hand is used on a machine that runs.
func TestAnAddressReleasedByHandIsTakenAgain(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	w.provisionCluster()
	w.provisionMachine("m-1", false)
	w.changePool(w.pool, func(pool *lbv1.IPPool) {
		pool.Status.AllocatedHistory, pool.Status.Allocated = pool.Status.Allocated, nil
		pool.Status.Available++
	})
	w.createMachine("m-2", false)
	machine := w.settleMachine("m-2", hasProviderID)
	assert.Equal(t, w.subnet+".11", machine.Status.AllocatedIPAddress)
	assert.Equal(t, map[string]string{
		w.subnet + ".10": names.AddressOwner(w.target, "m-1"), w.subnet + ".11": names.AddressOwner(w.target, "m-2"),
	}, w.readPool(w.pool).Status.Allocated)
	assert.Empty(t, w.readPool(w.pool).Status.AllocatedHistory)
}

// v0.2.x wrote ids in the form that Harvester writes for load balancers.
func TestTheAddressOfALoadBalancerIsNotTheMachines(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(3)
	w.provisionCluster()
	w.create(w.harvester, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
	w.create(w.harvester, &lbv1.LoadBalancer{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "m-1"}, Spec: lbv1.LoadBalancerSpec{IPAM: lbv1.Pool, WorkloadType: lbv1.VM},
	})
	balancers := map[string]string{w.subnet + ".10": names.LoadBalancerOwner(w.namespace, "m-1")}
	w.changePool(w.pool, func(pool *lbv1.IPPool) { pool.Status.Allocated, pool.Status.LastAllocated = balancers, w.subnet+".10" })
	machine := w.provisionMachine("m-1", false)
	assert.Equal(t, w.subnet+".11", machine.Status.AllocatedIPAddress)

	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	w.finishVMDeletion("m-1")
	w.finishMachine("m-1")
	assert.Equal(t, balancers, w.readPool(w.pool).Status.Allocated)
}
