package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
)

// writers ask for an address each, at the same moment.
const writers = 500

// patience is how long the writers who are on their own get; those who have no address by then do not count.
const patience = 30 * time.Second

// countingStore counts the writes that are tried.
type countingStore struct {
	ipam.Store
	writes atomic.Int64
}

func (s *countingStore) Update(ctx context.Context, pool ipam.Pool) (ipam.Pool, error) {
	s.writes.Add(1)
	return s.Store.Update(ctx, pool)
}

// alone is a writer that combines with nobody: read, decide, write, and again after a random pause if another came first.
func alone(ctx context.Context, store ipam.Store, pool, owner string) error {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 320*time.Millisecond) {
		read, err := store.Get(ctx, pool)
		if err != nil {
			return err
		}
		book := ipam.Open(read, time.Now())
		if _, _, err := book.Allocate(ipam.Request{Owner: owner}); err != nil {
			return err
		}
		if _, err = store.Update(ctx, book.Pool()); !errors.Is(err, ipam.ErrConflict) {
			return err
		}
		select {
		case <-time.After(rand.N(pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ways are how the writers get at the pool.
var ways = []struct {
	name string
	// rounds make up for how soon a way is done.
	rounds int
	over   func(ipam.Store) func(ctx context.Context, pool, owner string) error
}{
	{"combined", 10, func(store ipam.Store) func(ctx context.Context, pool, owner string) error {
		allocator := ipam.NewAllocator(store)
		return func(ctx context.Context, pool, owner string) error {
			_, err := allocator.Allocate(ctx, ipam.Request{Owner: owner, Pools: []string{pool}})
			return err
		}
	}},
	{"alone-in-turn", 1, func(store ipam.Store) func(ctx context.Context, pool, owner string) error {
		var turn sync.Mutex // Nobody ever meets a conflict: the best that writers can do without combining.
		return func(ctx context.Context, pool, owner string) error {
			turn.Lock()
			defer turn.Unlock()
			return alone(ctx, store, pool, owner)
		}
	}},
	{"alone-at-once", 1, func(store ipam.Store) func(ctx context.Context, pool, owner string) error {
		return func(ctx context.Context, pool, owner string) error { return alone(ctx, store, pool, owner) }
	}},
}

// BenchmarkDurable has 500 owners ask for an address of one pool on a real API server and etcd.
func BenchmarkDurable(b *testing.B) {
	c := apiServer(b)
	pools := 1
	makePool(b, c, "warm-up", pools) // The first requests of a kind are slow, and are nobody's.
	require.NoError(b, alone(b.Context(), ippool.NewStore(c), "warm-up", "ns/first"))
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			var written, writes int64
			var spent time.Duration
			for b.Loop() {
				for range way.rounds {
					pools++
					pool := fmt.Sprintf("pool-%d", pools)
					makePool(b, c, pool, pools)
					store := &countingStore{Store: ippool.NewStore(c)}
					began := time.Now()
					written += together(b, way.over(store), pool)
					spent += time.Since(began)
					writes += store.writes.Load()
					deletePool(b, c, pool)
				}
			}
			b.ReportMetric(float64(written)/spent.Seconds(), "allocations/s")
			b.ReportMetric(float64(writes)/float64(written), "writes/allocation")
			b.ReportMetric(float64(written)/float64(b.N*way.rounds), "allocated")
		})
	}
}

// together lets all writers go at once and counts those that got an address in time.
func together(b *testing.B, allocate func(ctx context.Context, pool, owner string) error, pool string) int64 {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	var served atomic.Int64
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range writers {
		wait.Go(func() {
			<-start
			if allocate(ctx, pool, owner(i)) == nil {
				served.Add(1)
			}
		})
	}
	close(start)
	wait.Wait()
	return served.Load()
}

func apiServer(b *testing.B) client.Client {
	b.Helper()
	folder := os.Getenv("KUBEBUILDER_ASSETS")
	if folder == "" {
		folder = "../../bin/assets"
	}
	ctrl.SetLogger(logr.Discard())
	environment := &envtest.Environment{
		BinaryAssetsDirectory: folder, CRDDirectoryPaths: []string{"../../simulator/internal/crds/loadbalancer.harvesterhci.io_ippools.yaml"},
		ErrorIfCRDPathMissing: true,
	}
	config, err := environment.Start()
	require.NoError(b, err)
	b.Cleanup(func() { _ = environment.Stop() })
	config.QPS = -1
	scheme := runtime.NewScheme()
	require.NoError(b, lbv1.AddToScheme(scheme))
	c, err := client.New(config, client.Options{Scheme: scheme})
	require.NoError(b, err)
	return c
}

func makePool(b *testing.B, c client.Client, name string, index int) {
	b.Helper()
	require.NoError(b, c.Create(b.Context(), &lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: fmt.Sprintf("10.%d.0.0/16", index%256)}}},
		Status:     lbv1.IPPoolStatus{Total: size, Available: size},
	}))
}

func deletePool(b *testing.B, c client.Client, name string) {
	b.Helper()
	require.NoError(b, c.Delete(b.Context(), &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: name}}))
}
