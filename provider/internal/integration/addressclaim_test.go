package integration

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/addressclaim"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

const servedReason = "True/" + infrav1.ReadyReason

// The whole life of a claim: every point of Cluster API's IPAM contract.
func TestLifeOfAClaim(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	w.createIPPool(w.pool)
	pool := w.settleIPPool(func(pool *infrav1.HarvesterIPPool) bool {
		return w.condition(pool.Status.Conditions, infrav1.ReadyCondition) == "True/"+infrav1.PoolsAvailableReason
	})
	w.createCluster()
	w.createAddressClaim("c-1", func(claim *ipamv1.IPAddressClaim) {
		claim.Spec.ClusterName = clusterName
		claim.Labels = map[string]string{clusterv1.ClusterNameLabel: clusterName}
	})
	claim := w.settleClaim("c-1", servedReason)

	address := w.addressOf("c-1")
	assert.Equal(t, "c-1", address.Name, "it has the name of the claim")
	assert.Equal(t, ipamv1.IPAddressSpec{
		ClaimRef: ipamv1.IPAddressClaimReference{Name: "c-1"}, PoolRef: ourPool,
		Address: w.subnet + ".10", Prefix: ptrTo(int32(24)), Gateway: w.subnet + ".1",
	}, address.Spec)
	assert.Equal(t, []metav1.OwnerReference{
		{APIVersion: ipamv1.GroupVersion.String(), Kind: "IPAddressClaim", Name: "c-1", UID: claim.UID, Controller: ptrTo(true), BlockOwnerDeletion: ptrTo(true)},
		{APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterIPPool", Name: ipPoolName, UID: pool.UID, Controller: ptrTo(false), BlockOwnerDeletion: ptrTo(true)},
	}, address.OwnerReferences)
	assert.Equal(t, []string{infrav1.ProtectAddressFinalizer}, address.Finalizers)
	assert.Equal(t, clusterName, address.Labels[clusterv1.ClusterNameLabel], "so that clusterctl moves it")
	assert.Equal(t, map[string]string{w.subnet + ".10": names.ClaimAddressOwner(w.namespace, "c-1", string(claim.UID))}, w.readPool(w.pool).Status.Allocated)

	w.deleteAddressClaim("c-1")
	w.settle(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIsGone("c-1") })
	assert.False(t, w.exists(w.management, w.namespace, "c-1", &ipamv1.IPAddress{}))
	after := w.readPool(w.pool).Status
	assert.Empty(t, after.Allocated)
	assert.EqualValues(t, 2, after.Available)
}

func TestClaimAtRestWritesNothingAndAsksNothing(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	w.createIPPool(w.pool)
	w.createAddressClaim("served")
	w.createAddressClaim("waiting")
	w.settleClaim("served", servedReason)
	w.settleClaim("waiting", "False/"+ipamv1.IPAddressClaimReadyPoolExhaustedReason)
	for range 2 { // The cache may lag behind for one.
		require.NoError(t, w.reconcileClaim("served"))
	}
	w.settleIPPool(func(*infrav1.HarvesterIPPool) bool { return true })
	w.eventually(func() bool {
		w.proxy.requests()
		require.NoError(t, w.reconcileClaim("served"))
		return len(w.proxy.requests()) == 0
	}, "a served claim asks Harvester nothing")
	w.proxy.cutAfter(0)
	before := w.managementWrites.Load()
	for range 5 {
		require.NoError(t, w.reconcileClaim("served"))
		result, err := w.ipClaims.Reconcile(w.ctx, w.request("waiting"))
		require.NoError(t, err)
		assert.Zero(t, result, "a claim that waits is woken by the pool, not by a timer")
		_, err = w.ipPools.Reconcile(w.ctx, w.request(ipPoolName))
		require.NoError(t, err)
	}
	assert.Empty(t, w.proxy.written())
	assert.Equal(t, before, w.managementWrites.Load())
}

// The controller is killed right after its n-th write, on either side, for every n.
func TestClaimSurvivesACrashAfterEveryWrite(t *testing.T) {
	forEveryWrite(t, func(t *testing.T, w *world, crash func()) {
		t.Helper()
		w.seedHarvester(3)
		w.createIPPool(w.pool)
		w.createAddressClaim("c-1")
		crash()
		w.untilCrash(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIs("c-1", servedReason) })
		w.settleClaim("c-1", servedReason)
		w.requireServed("c-1")
		assert.EqualValues(t, 2, w.readPool(w.pool).Status.Available)
	})
}

func TestReleaseOfAClaimSurvivesACrashAfterEveryWrite(t *testing.T) {
	forEveryWrite(t, func(t *testing.T, w *world, crash func()) {
		t.Helper()
		w.seedHarvester(3)
		w.createIPPool(w.pool)
		w.createAddressClaim("c-1")
		w.settleClaim("c-1", servedReason)
		w.deleteAddressClaim("c-1")
		crash()
		w.untilCrash(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIsGone("c-1") })
		w.settle(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIsGone("c-1") })
		assert.False(t, w.exists(w.management, w.namespace, "c-1", &ipamv1.IPAddress{}))
		assert.Empty(t, w.readPool(w.pool).Status.Allocated)
	})
}

// Two managers work on the same claims at once, as when a lease was lost and the loser does not know it yet. The claims
// may take from two pools, so that both managers can take different addresses for one claim.
func TestTwoManagersServeEachClaimOnce(t *testing.T) {
	w := newWorld(t)
	const count = 12
	w.seedHarvester(count / 2)
	w.createPool(w.pool+"-b", "10.240.0", count)
	w.createIPPool(w.pool, w.pool+"-b")
	for _, name := range claimNames(count) {
		w.createAddressClaim(name)
	}
	managers := []*addressclaim.ClaimReconciler{w.ipClaims}
	w.startReconcilers()
	managers = append(managers, w.ipClaims)
	var working sync.WaitGroup
	for _, manager := range managers {
		for _, name := range claimNames(count) {
			working.Go(func() {
				for range 6 { // Conflicts between the two are expected, and are no failure.
					_, _ = manager.Reconcile(w.ctx, w.request(name))
				}
			})
		}
	}
	working.Wait()
	owners, given := map[string]string{}, map[string]bool{}
	for _, name := range claimNames(count) {
		claim := w.settleClaim(name, servedReason)
		address := w.addressOf(name).Spec.Address
		assert.False(t, given[address], "%s was given twice", address)
		given[address] = true
		owners[claim.Annotations[infrav1.AddressOwnerAnnotation]] = address
	}
	for _, pool := range []string{w.pool, w.pool + "-b"} {
		for addr, owner := range w.readPool(pool).Status.Allocated {
			assert.Equal(t, owners[owner], addr, "%s holds an address beside its IPAddress", owner)
		}
	}
}

// Of two managers that took an address each, from two pools, the one that comes second gives its own back.
func TestAddressTakenTwiceForOneClaimIsGivenBack(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	second := w.pool + "-b"
	w.createPool(second, "10.241.0", 2)
	w.createIPPool(w.pool, second)
	claim := w.createAddressClaim("c-1")
	owner := names.ClaimAddressOwner(w.namespace, "c-1", string(claim.UID))
	var first sync.Once
	w.ipClaims.Client = interceptor.NewClient(w.management, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.CreateOption) error {
			if mine, ok := object.(*ipamv1.IPAddress); ok {
				first.Do(func() { w.serveElsewhere(mine, second, "10.241.0.11", owner) })
			}
			return c.Create(ctx, object, options...)
		},
	})
	w.settleClaim("c-1", servedReason)
	assert.Equal(t, "10.241.0.11", w.addressOf("c-1").Spec.Address)
	assert.Empty(t, w.readPool(w.pool).Status.Allocated)
	assert.Equal(t, map[string]string{"10.241.0.11": owner}, w.readPool(second).Status.Allocated)
}

func TestClaimOfAPausedOrMissingClusterIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	w.createIPPool(w.pool)
	w.createAddressClaim("c-1", func(claim *ipamv1.IPAddressClaim) { claim.Spec.ClusterName = clusterName })
	untouched := func() {
		t.Helper()
		for range 3 {
			require.NoError(t, w.reconcileClaim("c-1"))
		}
		assert.Empty(t, w.readPool(w.pool).Status.Allocated)
		assert.Empty(t, get(w, w.management, w.namespace, "c-1", &ipamv1.IPAddressClaim{}).Finalizers)
	}
	untouched()
	w.createCluster()
	w.pauseCluster(true)
	untouched()
	w.pauseCluster(false)
	w.settleClaim("c-1", servedReason)

	w.pauseCluster(true)
	w.deleteAddressClaim("c-1")
	for range 3 {
		require.NoError(t, w.reconcileClaim("c-1"))
	}
	w.requireServed("c-1")
	w.pauseCluster(false)
	w.settle(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIsGone("c-1") })
}

// A claim carries its id, so that another UID after a move or a restore does not cost a second address. An id that could
// be somebody else's is not believed.
func TestClaimKeepsItsIDAndTakesNobodyElses(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(3)
	w.createIPPool(w.pool)
	moved := names.ClaimAddressOwner(w.namespace, "moved", "01234567-89ab")
	pool := w.readPool(w.pool)
	base := client.MergeFrom(pool.DeepCopy())
	pool.Status.Allocated = map[string]string{w.subnet + ".12": moved, w.subnet + ".11": names.AddressOwner(w.target, "m-1")}
	pool.Status.Available = 1
	require.NoError(t, w.harvester.Patch(w.ctx, pool, base))
	withID := func(id string) func(*ipamv1.IPAddressClaim) {
		return func(claim *ipamv1.IPAddressClaim) {
			claim.Annotations = map[string]string{infrav1.AddressOwnerAnnotation: id}
		}
	}
	w.createAddressClaim("moved", withID(moved))
	w.settleClaim("moved", servedReason)
	assert.Equal(t, w.subnet+".12", w.addressOf("moved").Spec.Address)

	w.createAddressClaim("forged", withID(names.AddressOwner(w.target, "m-1")))
	w.settleClaim("forged", servedReason)
	assert.Equal(t, w.subnet+".10", w.addressOf("forged").Spec.Address)
	for _, name := range []string{"forged", "moved"} {
		w.deleteAddressClaim(name)
		w.settle(func() error { return w.reconcileClaim(name) }, func() bool { return w.claimIsGone(name) })
	}
	assert.Equal(t, map[string]string{w.subnet + ".11": names.AddressOwner(w.target, "m-1")}, w.readPool(w.pool).Status.Allocated)
}

func TestAddressIsHeldWhileAMachineUsesIt(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	w.createIPPool(w.pool)
	w.createAddressClaim("c-1", func(claim *ipamv1.IPAddressClaim) { claim.Finalizers = []string{infrav1.AddressInUseFinalizer} })
	w.settleClaim("c-1", servedReason)
	w.deleteAddressClaim("c-1", client.PropagationPolicy(metav1.DeletePropagationForeground))
	w.settleClaim("c-1", "False/"+clusterv1.DeletingReason)
	w.requireServed("c-1")

	claim := get(w, w.management, w.namespace, "c-1", &ipamv1.IPAddressClaim{})
	base := client.MergeFrom(claim.DeepCopy())
	claim.Finalizers = []string{infrav1.ReleaseAddressFinalizer}
	require.NoError(t, w.management.Patch(w.ctx, claim, base))
	w.settle(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIsGone("c-1") })
	assert.Empty(t, w.readPool(w.pool).Status.Allocated)
}

// What holds an address must be able to give it back, so the pool outlives its claims. A claim without an address may go.
func TestPoolOutlivesItsClaims(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	w.createAddressClaim("early")
	w.settleClaim("early", "False/"+ipamv1.IPAddressClaimReadyPoolNotReadyReason)
	w.deleteAddressClaim("early")
	assert.True(t, w.claimIsGone("early"), "a claim that holds nothing goes at once")

	w.createIPPool(w.pool, "missing")
	w.settleIPPool(func(pool *infrav1.HarvesterIPPool) bool {
		return w.condition(pool.Status.Conditions, infrav1.ReadyCondition) == "False/"+infrav1.PoolNotFoundReason
	})
	w.createAddressClaim("c-1")
	w.settleClaim("c-1", servedReason)
	require.NoError(t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, ipPoolName, &infrav1.HarvesterIPPool{})))
	w.settleIPPool(func(pool *infrav1.HarvesterIPPool) bool {
		return w.condition(pool.Status.Conditions, infrav1.DeletingCondition) == "True/"+infrav1.WaitingForClaimsReason
	})
	w.createAddressClaim("late")
	w.settleClaim("late", "False/"+ipamv1.IPAddressClaimReadyPoolNotReadyReason)
	require.NoError(t, w.reconcileClaim("c-1"))
	w.requireServed("c-1")
	w.deleteAddressClaim("c-1")
	w.settle(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIsGone("c-1") })
	w.settle(func() error { _, err := w.ipPools.Reconcile(w.ctx, w.request(ipPoolName)); return err },
		func() bool { return !w.exists(w.management, w.namespace, ipPoolName, &infrav1.HarvesterIPPool{}) })
}

// An IPAddress that somebody else made under the claim's name is not touched, and the claim says so.
func TestForeignIPAddressIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(2)
	w.createIPPool(w.pool)
	foreign := &ipamv1.IPAddress{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "c-1"},
		Spec:       ipamv1.IPAddressSpec{ClaimRef: ipamv1.IPAddressClaimReference{Name: "c-1"}, PoolRef: foreignPool, Address: "192.0.2.9", Prefix: ptrTo(int32(24))},
	}
	w.create(w.management, foreign)
	w.createAddressClaim("c-1")
	w.settleClaim("c-1", "False/"+ipamv1.IPAddressClaimReadyAllocationFailedReason)
	w.deleteAddressClaim("c-1")
	w.settle(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIsGone("c-1") })
	assert.Equal(t, foreign.ResourceVersion, get(w, w.management, w.namespace, "c-1", &ipamv1.IPAddress{}).ResourceVersion)
	assert.Empty(t, w.readPool(w.pool).Status.Allocated)
}

// A Harvester that is gone for good does not hold claims back, if the user says so.
func TestClaimOfAnAbandonedHarvester(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	w.createIPPool(w.pool)
	w.createAddressClaim("c-1")
	w.settleClaim("c-1", servedReason)
	w.setIdentity([]byte("nonsense"))
	w.deleteAddressClaim("c-1")
	w.settle(func() error { return w.reconcileClaim("c-1") }, func() bool {
		claim := get(w, w.management, w.namespace, "c-1", &ipamv1.IPAddressClaim{})
		return w.condition(claim.Status.Conditions, ipamv1.IPAddressClaimReadyCondition) == "False/"+infrav1.IdentitySecretInvalidReason
	})
	pool := get(w, w.management, w.namespace, ipPoolName, &infrav1.HarvesterIPPool{})
	base := client.MergeFrom(pool.DeepCopy())
	pool.Annotations = map[string]string{infrav1.AbandonHarvesterAnnotation: "true"}
	require.NoError(t, w.management.Patch(w.ctx, pool, base))
	w.settle(func() error { return w.reconcileClaim("c-1") }, func() bool { return w.claimIsGone("c-1") })
}
