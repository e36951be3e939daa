package integration

import (
	"context"
	"fmt"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// ipPoolName is the name of the HarvesterIPPool in each test.
const ipPoolName = "production"

var (
	ourPool     = ipamv1.IPPoolReference{APIGroup: infrav1.GroupVersion.Group, Kind: "HarvesterIPPool", Name: ipPoolName}
	foreignPool = ipamv1.IPPoolReference{APIGroup: "ipam.cluster.x-k8s.io", Kind: "InClusterIPPool", Name: "foreign"}
)

// createIPPool creates a HarvesterIPPool over pools on Harvester, and reconciles it once.
func (w *world) createIPPool(pools ...string) *infrav1.HarvesterIPPool {
	w.t.Helper()
	pool := &infrav1.HarvesterIPPool{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: ipPoolName},
		Spec:       infrav1.HarvesterIPPoolSpec{IdentitySecret: infrav1.SecretReference{Namespace: w.namespace, Name: "harvester"}, IPPoolRefs: pools},
	}
	w.create(w.management, pool)
	return w.settleIPPool(func(pool *infrav1.HarvesterIPPool) bool { return len(pool.Finalizers) > 0 })
}

func (w *world) settleIPPool(check func(*infrav1.HarvesterIPPool) bool) *infrav1.HarvesterIPPool {
	w.t.Helper()
	pool := &infrav1.HarvesterIPPool{}
	w.settle(func() error {
		_, err := w.ipPools.Reconcile(w.ctx, w.request(ipPoolName))
		return err
	}, func() bool {
		return w.management.Get(w.ctx, objectKey(w.namespace, ipPoolName), pool) == nil && check(pool)
	})
	return pool
}

func (w *world) createAddressClaim(name string, change ...func(*ipamv1.IPAddressClaim)) *ipamv1.IPAddressClaim {
	w.t.Helper()
	claim := &ipamv1.IPAddressClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec:       ipamv1.IPAddressClaimSpec{PoolRef: ourPool},
	}
	for _, c := range change {
		c(claim)
	}
	w.create(w.management, claim)
	return claim
}

func (w *world) reconcileClaim(name string) error {
	_, err := w.ipClaims.Reconcile(w.ctx, w.request(name))
	return err
}

// settleClaim reconciles a claim until its Ready condition is as wanted.
func (w *world) settleClaim(name, ready string) *ipamv1.IPAddressClaim {
	w.t.Helper()
	w.settle(func() error { return w.reconcileClaim(name) }, func() bool { return w.claimIs(name, ready) })
	return get(w, w.management, w.namespace, name, &ipamv1.IPAddressClaim{})
}

func (w *world) claimIs(name, ready string) bool {
	claim := &ipamv1.IPAddressClaim{}
	return w.management.Get(w.ctx, objectKey(w.namespace, name), claim) == nil &&
		w.condition(claim.Status.Conditions, ipamv1.IPAddressClaimReadyCondition) == ready
}

func (w *world) claimIsGone(name string) bool {
	return !w.exists(w.management, w.namespace, name, &ipamv1.IPAddressClaim{})
}

func (w *world) deleteAddressClaim(name string, options ...client.DeleteOption) {
	w.t.Helper()
	require.NoError(w.t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, name, &ipamv1.IPAddressClaim{}), options...))
}

// addressOf is the IPAddress that a claim was given.
func (w *world) addressOf(claim string) *ipamv1.IPAddress {
	w.t.Helper()
	status := get(w, w.management, w.namespace, claim, &ipamv1.IPAddressClaim{}).Status
	require.NotEmpty(w.t, status.AddressRef.Name)
	return get(w, w.management, w.namespace, status.AddressRef.Name, &ipamv1.IPAddress{})
}

// requireServed checks that a claim holds exactly one address, and that claim, IPAddress and pool agree.
func (w *world) requireServed(name string) {
	w.t.Helper()
	claim := get(w, w.management, w.namespace, name, &ipamv1.IPAddressClaim{})
	address := w.addressOf(name)
	var held []string
	for addr, owner := range w.readPool(w.pool).Status.Allocated {
		if owner == claim.Annotations[infrav1.AddressOwnerAnnotation] {
			held = append(held, addr)
		}
	}
	assert.Equal(w.t, []string{address.Spec.Address}, held, name)
	assert.True(w.t, metav1.IsControlledBy(address, claim), name)
}

// answer does what an IPAM provider of somebody else does: it makes an IPAddress for a claim and names it there. The
// address is free again when the IPAddress is gone.
func (w *world) answer(claim, address, gateway string, prefix int32) {
	w.t.Helper()
	asked := get(w, w.management, w.namespace, claim, &ipamv1.IPAddressClaim{})
	w.create(w.management, &ipamv1.IPAddress{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: claim, Finalizers: []string{"ipam.example/protect"},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(asked, ipamv1.GroupVersion.WithKind("IPAddressClaim"))},
		},
		Spec: ipamv1.IPAddressSpec{
			ClaimRef: ipamv1.IPAddressClaimReference{Name: claim}, PoolRef: asked.Spec.PoolRef,
			Address: address, Prefix: ptr.To(prefix), Gateway: gateway,
		},
	})
	base := client.MergeFrom(asked.DeepCopy())
	asked.Finalizers = append(asked.Finalizers, "ipam.example/release")
	require.NoError(w.t, w.management.Patch(w.ctx, asked, base))
	base = client.MergeFrom(asked.DeepCopy())
	asked.Status.AddressRef.Name = claim
	require.NoError(w.t, w.management.Status().Patch(w.ctx, asked, base))
}

// takeBack does what such a provider does when a claim is deleted: its finalizers go at once, whoever else has some.
func (w *world) takeBack(claim string) {
	w.t.Helper()
	for _, object := range []client.Object{&ipamv1.IPAddress{}, &ipamv1.IPAddressClaim{}} {
		if !w.exists(w.management, w.namespace, claim, object) {
			continue
		}
		require.NoError(w.t, client.IgnoreNotFound(w.management.Delete(w.ctx, object)))
		get(w, w.management, w.namespace, claim, object)
		base, ok := object.DeepCopyObject().(client.Object)
		require.True(w.t, ok)
		var kept []string
		for _, finalizer := range object.GetFinalizers() {
			if finalizer == infrav1.AddressInUseFinalizer {
				kept = append(kept, finalizer)
			}
		}
		object.SetFinalizers(kept)
		require.NoError(w.t, w.management.Patch(w.ctx, object, client.MergeFrom(base)))
	}
}

// serveElsewhere does what another manager does at the same moment: it takes another address for the claim, and makes the
// IPAddress.
func (w *world) serveElsewhere(mine *ipamv1.IPAddress, pool, address, owner string) {
	w.t.Helper()
	object := w.readPool(pool)
	base := client.MergeFrom(object.DeepCopy())
	object.Status.Allocated = map[string]string{address: owner}
	object.Status.Available--
	require.NoError(w.t, w.harvester.Patch(w.ctx, object, base))
	theirs := mine.DeepCopy()
	theirs.Spec.Address = address
	w.create(w.management, theirs)
}

// forget makes objects vanish without anybody being asked, as when a management cluster is lost.
func (w *world) forget(objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		gone, ok := object.DeepCopyObject().(client.Object)
		require.True(w.t, ok)
		require.NoError(w.t, w.management.Delete(w.ctx, gone))
		require.NoError(w.t, w.management.Patch(w.ctx, gone, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
	}
}

// requireClaimsByEvents runs claims through the manager: one that waits gets what another gives back, and the pool stays
// until both are gone.
func (w *world) requireClaimsByEvents() {
	w.t.Helper()
	const pool = "claims-by-events"
	await := func(name, ready string) { w.eventually(func() bool { return w.claimIs(name, ready) }, name+" "+ready) }
	w.createAddressClaim("early")
	await("early", "False/"+ipamv1.IPAddressClaimReadyPoolNotReadyReason)
	w.create(w.management, &infrav1.HarvesterIPPool{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: ipPoolName},
		Spec:       infrav1.HarvesterIPPoolSpec{IdentitySecret: infrav1.SecretReference{Namespace: w.namespace, Name: "harvester"}, IPPoolRefs: []string{pool}},
	})
	await("early", "False/"+ipamv1.IPAddressClaimReadyPoolNotReadyReason)
	w.createPool(pool, "10.250.0", 1)
	await("early", "True/"+infrav1.ReadyReason)
	w.createAddressClaim("late", func(claim *ipamv1.IPAddressClaim) { claim.Spec.ClusterName = clusterName })
	await("late", "False/"+ipamv1.IPAddressClaimReadyPoolExhaustedReason)
	w.deleteAddressClaim("early")
	await("late", "True/"+infrav1.ReadyReason)
	assert.Equal(w.t, "10.250.0.10", w.addressOf("late").Spec.Address)
	require.NoError(w.t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, ipPoolName, &infrav1.HarvesterIPPool{})))
	w.eventually(func() bool {
		kept := &infrav1.HarvesterIPPool{}
		return w.management.Get(w.ctx, objectKey(w.namespace, ipPoolName), kept) == nil &&
			w.condition(kept.Status.Conditions, infrav1.DeletingCondition) == "True/"+infrav1.WaitingForClaimsReason
	}, "the pool waits for its claims")
	w.setIdentity([]byte("nonsense"))
	w.deleteAddressClaim("late")
	await("late", "False/"+infrav1.IdentitySecretInvalidReason)
	w.setIdentity(w.proxy.kubeconfig(w.t, "mended"))
	w.eventually(func() bool { return !w.exists(w.management, w.namespace, ipPoolName, &infrav1.HarvesterIPPool{}) }, "the pool is gone")
	assert.Empty(w.t, w.readPool(pool).Status.Allocated)
}

// pauseCluster sets or lifts the pause of the cluster.
func (w *world) pauseCluster(paused bool) {
	w.t.Helper()
	cluster := get(w, w.management, w.namespace, clusterName, &clusterv1.Cluster{})
	base := client.MergeFrom(cluster.DeepCopy())
	cluster.Spec.Paused = ptr.To(paused)
	require.NoError(w.t, w.management.Patch(context.Background(), cluster, base))
}

func claimNames(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("claim-%d", i)
	}
	return names
}
