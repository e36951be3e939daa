package ipam

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// filled is a /16 of which the given number of addresses stays free, evenly spread.
func filled(b *testing.B, free int) Pool {
	b.Helper()
	pool := Pool{Name: "p", Ranges: []Range{mustRange(b, "10.1.0.0/16", "", "", "")}, Allocated: map[netip.Addr]string{}}
	const size = 1<<16 - 3
	at := addr("10.1.0.2")
	for i := range size {
		if i*free/size == (i+1)*free/size {
			pool.Allocated[at] = fmt.Sprintf("ns/vm-%d.caphv", i)
		}
		at = at.Next()
	}
	return pool
}

// BenchmarkDecide is the arithmetic of one allocation in a /16, from a pool just read.
func BenchmarkDecide(b *testing.B) {
	for name, free := range map[string]int{"half-full": 1 << 15, "90%-full": 6553, "99.9%-full": 65} {
		pool := filled(b, free)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Decide(pool, Request{Owner: "ns/new.caphv"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNextFree is the search alone, with the round robin standing where it stands on average.
func BenchmarkNextFree(b *testing.B) {
	for name, free := range map[string]int{"half-full": 1 << 15, "90%-full": 6553, "99.9%-full": 65} {
		book := openLedger(filled(b, free), nil)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			last := netip.Addr{}
			for b.Loop() {
				var ok bool
				if last, ok = book.set.nextFree(last, book.taken); !ok {
					b.Fatal("no free address")
				}
			}
		})
	}
}

// BenchmarkFill gives away a whole /16 on one ledger, as a batch does.
func BenchmarkFill(b *testing.B) {
	pool := Pool{Name: "p", Ranges: []Range{mustRange(b, "10.1.0.0/16", "", "", "")}}
	for b.Loop() {
		book := openLedger(pool.Clone(), nil)
		for i := range 1<<16 - 3 {
			if _, err := book.reserve(Request{Owner: vm(i)}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkConcurrentOwners has 500 owners on one pool at once; writes/op is per allocation.
func BenchmarkConcurrentOwners(b *testing.B) {
	const owners = 500
	var updates int64
	for b.Loop() {
		store := &hookStore{MemoryStore: NewMemoryStore(simplePool(b, 1, owners))}
		allocator := NewAllocator(store)
		var wait sync.WaitGroup
		for i := range owners {
			wait.Go(func() {
				_, err := allocator.Allocate(b.Context(), Request{Owner: vm(i), Pools: []string{"pool-1"}})
				require.NoError(b, err)
			})
		}
		wait.Wait()
		updates += store.updates.Load()
	}
	b.ReportMetric(float64(updates)/float64(b.N*owners), "writes/alloc")
}
