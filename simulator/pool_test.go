package simulator_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/iprange"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/pool"
)

var subnets atomic.Int64

// newPool is a pool of ten addresses in a subnet that no other test uses.
func newPool(name string) *lbv1.IPPool {
	third := subnets.Add(1)
	at := func(last int) string { return fmt.Sprintf("127.62.%d.%d", third, last) }
	return &lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: at(0) + "/24", RangeStart: at(10), RangeEnd: at(19), Gateway: at(1)}}},
	}
}

// plant creates a pool, waits until it is counted, and removes it, allocations and all, when the test ends.
func plant(t *testing.T, c client.Client, object *lbv1.IPPool) *lbv1.IPPool {
	t.Helper()
	require.NoError(t, c.Create(t.Context(), object))
	t.Cleanup(func() { uproot(t, c, object.Name) })
	return get(t, c, client.ObjectKeyFromObject(object), object, func(object *lbv1.IPPool) error {
		return accept(kit.IsTrue(object.Status.Conditions, lbv1.IPPoolReady), "pool is not counted")
	})
}

func uproot(t *testing.T, c client.Client, name string) {
	t.Helper()
	ctx := t.Context()
	if ctx.Err() != nil {
		ctx = background(t)
	}
	object := &lbv1.IPPool{}
	err := retry.RetryOnConflict(untilSettled, func() error {
		if err := c.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
			return client.IgnoreNotFound(err)
		}
		object.Status.Allocated = nil
		if err := c.Update(ctx, object); err != nil {
			return err
		}
		return c.Delete(ctx, object)
	})
	assert.NoError(t, client.IgnoreNotFound(err))
}

// untilSettled allows for the writes of the controllers to an object that has just been made: about four seconds.
var untilSettled = wait.Backoff{Steps: 100, Duration: 40 * time.Millisecond, Factor: 1, Jitter: 0.1}

// attempt updates an object until the answer is no conflict, and returns it.
func attempt[T client.Object](t *testing.T, c client.Client, object T, edit func(T)) error {
	t.Helper()
	return retry.RetryOnConflict(untilSettled, func() error {
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		edit(object)
		return c.Update(t.Context(), object)
	})
}

// change updates an object.
func change[T client.Object](t *testing.T, c client.Client, object T, edit func(T)) {
	t.Helper()
	require.NoError(t, attempt(t, c, object, edit))
}

// Section 9, IPPool, line 1.
func TestIPPoolControllerCountsOnFirstSightAndRangeChangeOnly(t *testing.T) {
	c := admin(t, shared.stand)
	object := plant(t, c, newPool("counted"))
	assert.Equal(t, int64(10), object.Status.Total)
	assert.Equal(t, int64(10), object.Status.Available)
	assert.Contains(t, object.Finalizers, pool.Finalizer)

	ranges, err := iprange.ParseAll(object.Spec.Ranges)
	require.NoError(t, err)
	outside := netip.MustParseAddr("127.63.250.1").String()
	change(t, c, object, func(object *lbv1.IPPool) {
		object.Status.Allocated = map[string]string{ranges[0].Start.String(): "default/a.caphv"}
		object.Status.AllocatedHistory = map[string]string{outside: "default/b"}
		object.Status.Available = 3
	})
	// Nothing but a change of the ranges makes the controller mend a wrong count.
	change(t, c, object, func(object *lbv1.IPPool) { object.Spec.Description = "touched" })
	plant(t, c, newPool("counted-later")) // the controller has seen the change when it has counted what came after it
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(object), object))
	assert.Equal(t, int64(3), object.Status.Available)

	change(t, c, object, func(object *lbv1.IPPool) { object.Spec.Ranges[0].RangeEnd = ranges[0].End.Next().String() })
	get(t, c, client.ObjectKeyFromObject(object), object, func(object *lbv1.IPPool) error {
		return accept(object.Status.Total == 11 && object.Status.Available == 10 && len(object.Status.AllocatedHistory) == 0, "not recounted: %+v", object.Status)
	})
}

// Section 9, IPPool, line 1: Harvester's allocator is a second writer, and compare-and-swap protects both.
func TestIPPoolWritersConflictAndLoseNothing(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	object := plant(t, c, newPool("contended"))
	ranges, err := iprange.ParseAll(object.Spec.Ranges)
	require.NoError(t, err)

	var writers sync.WaitGroup
	var conflicts atomic.Int64
	for i := range 5 {
		writers.Go(func() {
			lb := newBalancer(space, fmt.Sprintf("lb-%d", i), object.Name)
			assert.NoError(t, c.Create(t.Context(), lb))
		})
		writers.Go(func() {
			for {
				current := &lbv1.IPPool{}
				if !assert.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(object), current)) { //nolint:testifylint // require is for the test's own goroutine
					return
				}
				_, _, err := pool.Allocate(current, ranges, fmt.Sprintf("%s/vm-%d.caphv", space, i))
				if !assert.NoError(t, err) { //nolint:testifylint // require is for the test's own goroutine
					return
				}
				err = c.Update(t.Context(), current)
				if err == nil {
					return
				}
				if !assert.True(t, apierrors.IsConflict(err), "%v", err) {
					return
				}
				conflicts.Add(1)
			}
		})
	}
	writers.Wait()
	get(t, c, client.ObjectKeyFromObject(object), object, func(object *lbv1.IPPool) error {
		holders := map[string]bool{}
		for _, holder := range object.Status.Allocated {
			holders[holder] = true
		}
		return accept(len(object.Status.Allocated) == 10 && len(holders) == 10 && object.Status.Available == 0, "%d conflicts; %+v", conflicts.Load(), object.Status)
	})
}

// Section 9, IPPool, line 2.
func TestIPPoolValidatorRefusesWithHTTP500(t *testing.T) {
	c := admin(t, shared.stand)
	object := plant(t, c, newPool("judged"))
	refused := func(err error, says string) {
		t.Helper()
		require.ErrorContains(t, err, `admission webhook "validator.harvester-system.harvester-load-balancer-webhook" denied the request`)
		require.ErrorContains(t, err, says)
		assert.True(t, apierrors.IsInternalError(err), "%v", err)
	}
	overlapping := newPool("overlapping")
	overlapping.Spec.Ranges = object.Spec.Ranges
	refused(c.Create(t.Context(), overlapping), "overlap with other pools")
	empty := newPool("empty")
	empty.Spec.Ranges = []lbv1.Range{}
	refused(c.Create(t.Context(), empty), "range can't be empty")
	gateway := newPool("gateway")
	gateway.Spec.Ranges[0].Gateway = "192.0.2.1"
	refused(c.Create(t.Context(), gateway), "out of subnet")
	start := newPool("start")
	start.Spec.Ranges[0].RangeStart = "192.0.2.1"
	refused(c.Create(t.Context(), start), "range start")
	preferred, rival := newPool("preferred"), newPool("rival")
	preferred.Spec.Selector = lbv1.Selector{Priority: 41, Scope: []lbv1.Tuple{{Project: "*", Namespace: "nobodys", GuestCluster: "*"}}}
	rival.Spec.Selector = *preferred.Spec.Selector.DeepCopy()
	plant(t, c, preferred)
	refused(c.Create(t.Context(), rival), "priority can't be the same as the pool preferred")

	ranges, err := iprange.ParseAll(object.Spec.Ranges)
	require.NoError(t, err)
	change(t, c, object, func(object *lbv1.IPPool) { pool.Reserve(object, ranges[0].End, "default/a.caphv") })
	refused(attempt(t, c, object, func(object *lbv1.IPPool) { object.Status.Allocated["192.0.2.9"] = "default/b.caphv" }), "allocated IP 192.0.2.9 is excluded")
	refused(attempt(t, c, object, func(object *lbv1.IPPool) { object.Spec.Ranges[0].RangeEnd = ranges[0].End.Prev().String() }), "is excluded")
	refused(c.Delete(t.Context(), object), "can't delete pool before releasing all the allocated IP")

	change(t, c, object, func(object *lbv1.IPPool) { pool.Release(object, "default/a.caphv") })
	require.NoError(t, c.Delete(t.Context(), object))
	gone(t, c, object)
}

// Section 9, IPPool, line 3.
func TestIPPoolMutatorLabelsAndRefusesUnknownNetworks(t *testing.T) {
	c := admin(t, shared.stand)
	plain := plant(t, c, newPool("plain"))
	assert.Equal(t, "0", plain.Labels[lbv1.IPPoolVIDLabel])
	assert.Equal(t, "false", plain.Labels[lbv1.IPPoolGlobalLabel])
	global := newPool("global") // tried only: load balancers of other tests would take their addresses from it
	global.Spec.Selector.Scope = []lbv1.Tuple{{Project: "*", Namespace: "*", GuestCluster: "*"}}
	require.NoError(t, c.Create(t.Context(), global, client.DryRunAll))
	assert.Equal(t, "true", global.Labels[lbv1.IPPoolGlobalLabel])
	tagged := newPool("tagged")
	tagged.Spec.Selector.Network = "default/production"
	tagged = plant(t, c, tagged)
	assert.Equal(t, "100", tagged.Labels[lbv1.IPPoolVIDLabel])

	for network, says := range map[string]string{"default/nowhere": "not found", "production": "<namespace>/<name>", "a/b/c": "<namespace>/<name>"} {
		object := newPool("lost")
		object.Spec.Selector.Network = network
		err := c.Create(t.Context(), object)
		require.ErrorContains(t, err, `"mutator.harvester-system.harvester-load-balancer-webhook"`, network)
		require.ErrorContains(t, err, says, network)
		assert.True(t, apierrors.IsInternalError(err), network)
	}
}

// Section 9, IPPool, line 4.
func TestIPPoolManualRelease(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	object := plant(t, c, newPool("manual"))
	ranges, err := iprange.ParseAll(object.Spec.Ranges)
	require.NoError(t, err)
	addr := ranges[0].Start.String()
	lb := newBalancer(space, "alive", object.Name)
	require.NoError(t, c.Create(t.Context(), lb))
	lb = get(t, c, client.ObjectKeyFromObject(lb), lb, hasAllocation)
	change(t, c, object, func(object *lbv1.IPPool) { pool.Reserve(object, ranges[0].End, "default/leaked") })

	ask := func(text string) {
		t.Helper()
		change(t, c, object, func(object *lbv1.IPPool) {
			metav1.SetMetaDataAnnotation(&object.ObjectMeta, lbv1.IPPoolManualReleaseAnnotation, text)
		})
		get(t, c, client.ObjectKeyFromObject(object), object, func(object *lbv1.IPPool) error {
			_, there := object.Annotations[lbv1.IPPoolManualReleaseAnnotation]
			return accept(!there, "the annotation is still there")
		})
	}
	ask("nonsense")
	ask(addr + ": " + space + "/alive")
	assert.Equal(t, space+"/alive", object.Status.Allocated[lb.Status.AllocatedAddress.IP], "its load balancer exists")
	ask(ranges[0].End.String() + ": default/another")
	assert.Contains(t, object.Status.Allocated, ranges[0].End.String(), "it is not that one's")
	ask(ranges[0].End.String() + ": default/leaked")
	assert.NotContains(t, object.Status.Allocated, ranges[0].End.String())
}

// Section 9, IPPool, line 4: an allocator that finds its own id taken heals itself since 1.5, and was stuck before.
func TestDuplicateAllocationHealsSince15(t *testing.T) {
	for _, test := range []struct {
		version string
		heals   bool
	}{{"v1.4.4", false}, {"v1.5.0", true}} {
		t.Run(test.version, func(t *testing.T) {
			stand := own(t, simulator.Options{Version: test.version})
			c := admin(t, stand)
			space := namespace(t, c)
			object := plant(t, c, newPool("taken-"+space))
			ranges, err := iprange.ParseAll(object.Spec.Ranges)
			require.NoError(t, err)
			change(t, c, object, func(object *lbv1.IPPool) { pool.Reserve(object, ranges[0].End, space+"/api") })
			lb := newBalancer(space, "api", object.Name)
			require.NoError(t, c.Create(t.Context(), lb))
			if test.heals {
				lb = get(t, c, client.ObjectKeyFromObject(lb), lb, hasAllocation)
				assert.Equal(t, ranges[0].End.String(), lb.Status.AllocatedAddress.IP, "it gets the same address through the history")
				return
			}
			get(t, c, client.ObjectKeyFromObject(lb), lb, func(lb *lbv1.LoadBalancer) error {
				return accept(readyMessage(lb) != "", "no verdict yet")
			})
			// What would heal it has had its turn when others that came later have their addresses.
			for i := range 3 {
				later := newBalancer(space, fmt.Sprintf("later-%d", i), object.Name)
				require.NoError(t, c.Create(t.Context(), later))
				get(t, c, client.ObjectKeyFromObject(later), later, hasAddress)
			}
			require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(lb), lb))
			assert.Contains(t, readyMessage(lb), "duplicate allocation is not allowed")
			assert.Empty(t, lb.Status.AllocatedAddress.IP)
			require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(object), object))
			assert.Equal(t, space+"/api", object.Status.Allocated[ranges[0].End.String()], "it did not give its own up")
		})
	}
}
