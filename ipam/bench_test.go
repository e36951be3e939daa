package ipam

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// size is the number of addresses in a /16 without its gateway.
const size = 1<<16 - 3

// fillings are how many of them are free.
var fillings = []struct {
	name string
	free int
}{{"50%-full", 1 << 15}, {"90%-full", 6553}, {"99.9%-full", 65}}

// filled is a /16 of which the given number of addresses stays free, evenly spread.
func filled(b *testing.B, free int) Pool {
	b.Helper()
	pool := Pool{Name: "p", Ranges: []Range{mustRange(b, "10.1.0.0/16", "", "", "")}, Allocated: map[netip.Addr]string{}}
	at := addr("10.1.0.2")
	for i := range size {
		if i*free/size == (i+1)*free/size {
			pool.Allocated[at] = vm(i)
		}
		at = at.Next()
	}
	return pool
}

// BenchmarkLedger allocates one address in an open /16 and releases it, so that the filling stays.
func BenchmarkLedger(b *testing.B) {
	for _, filling := range fillings {
		book := Open(filled(b, filling.free), noon)
		owners := [2]string{"ns/a.caphv", "ns/b.caphv"}
		b.Run(filling.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				owner := owners[i%2]
				lease, _, err := book.Allocate(Request{Owner: owner})
				if err == nil {
					err = book.Release(lease.Address, owner)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecide is one decision on a /16 that was just read: it looks at every entry once.
func BenchmarkDecide(b *testing.B) {
	for _, filling := range fillings {
		pool := filled(b, filling.free)
		b.Run(filling.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Decide(pool, Request{Owner: "ns/new.caphv"}, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNextFree is the search alone, with the round robin standing where it stands on average.
func BenchmarkNextFree(b *testing.B) {
	for _, filling := range fillings {
		book := Open(filled(b, filling.free), noon)
		b.Run(filling.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var ok bool
				if book.pool.LastAllocated, ok = book.nextFree(); !ok {
					b.Fatal("no free address")
				}
			}
		})
	}
}

// BenchmarkFill gives away a whole /16 on one ledger.
func BenchmarkFill(b *testing.B) {
	pool := Pool{Name: "p", Ranges: []Range{mustRange(b, "10.1.0.0/16", "", "", "")}}
	for b.Loop() {
		book := Open(pool.Clone(), noon)
		for i := range size {
			if _, _, err := book.Allocate(Request{Owner: vm(i)}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/alloc")
}

// BenchmarkConcurrentOwners has 500 owners on one pool at once, in a store that answers at once.
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

// BenchmarkIPv6 allocates in a /64 that holds as many addresses as fit into a /16: the size of the range costs nothing.
func BenchmarkIPv6(b *testing.B) {
	pool := Pool{Name: "p", Ranges: []Range{mustRange(b, "2001:db8::/64", "", "", "")}}
	book := Open(pool, noon)
	for i := range size {
		if _, _, err := book.Allocate(Request{Owner: vm(i)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		owner := fmt.Sprint("ns/", i&1)
		lease, _, err := book.Allocate(Request{Owner: owner})
		if err == nil {
			err = book.Release(lease.Address, owner)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
