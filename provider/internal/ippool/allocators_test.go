package ippool_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
)

type connection struct {
	client client.Client
	server string
	closed []func()
}

func (c *connection) Client() client.Client    { return c.client }
func (c *connection) AfterClose(call func())   { c.closed = append(c.closed, call) }
func (c *connection) RESTConfig() *rest.Config { return &rest.Config{Host: c.server} }

func TestAllocatorsFollowARotation(t *testing.T) {
	allocators := &ippool.Allocators{}
	key := client.ObjectKey{Namespace: "ns", Name: "harvester"}
	first, second := &connection{client: poolClient(nil)}, &connection{client: poolClient(nil)}
	before := allocators.For(key, first, ippool.NewStore)
	assert.Same(t, before, allocators.For(key, first, ippool.NewStore))
	after := allocators.For(key, second, ippool.NewStore)
	assert.NotSame(t, before, after)
	first.closed[0]()
	assert.Same(t, after, allocators.For(key, second, ippool.NewStore), "the end of the former connection is none of its concern")
}

// An allocator holds its connection, and with it all caches of a Harvester.
func TestAllocatorsAreDroppedWithTheirConnection(t *testing.T) {
	allocators := &ippool.Allocators{}
	key, gone := client.ObjectKey{Namespace: "ns", Name: "harvester"}, &connection{client: poolClient(nil), server: "a"}
	before := allocators.For(key, gone, ippool.NewStore)
	gone.closed[0]()
	assert.NotSame(t, before, allocators.For(key, gone, ippool.NewStore))
}

// With an identity for each cluster and one pool for all, the identities would lose their writes to each other.
func TestIdentitiesOfOneHarvesterTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pools, goOn := poolClient(nil), make(chan struct{})
		mu, calls := sync.Mutex{}, []string(nil)
		called := func(call string) { mu.Lock(); defer mu.Unlock(); calls = append(calls, call) }
		watched := func(identity string) client.Client {
			return interceptor.NewClient(pools, interceptor.Funcs{
				Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
					called(identity + " reads")
					return c.Get(ctx, key, object, options...)
				},
				Update: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.UpdateOption) error {
					<-goOn
					called(identity + " writes")
					return c.Update(ctx, object, options...)
				},
			})
		}
		allocators := &ippool.Allocators{}
		allocate := func(identity string) {
			allocator := allocators.For(client.ObjectKey{Namespace: identity}, &connection{client: watched(identity), server: "https://harvester"}, ippool.NewStore)
			_, err := allocator.Allocate(t.Context(), ipam.Request{Owner: identity + "/vm.caphv", Pools: []string{"p"}})
			assert.NoError(t, err)
		}
		var group sync.WaitGroup
		group.Go(func() { allocate("a") })
		synctest.Wait()
		group.Go(func() { allocate("b") })
		synctest.Wait()
		close(goOn)
		group.Wait()
		assert.Equal(t, []string{"a reads", "a writes", "b reads", "b writes"}, calls)
	})
}
