// Package storetest holds the tests that every ipam.Store must pass.
//
// Call [Run] from a test of the store. The pools it opens have IPv4 and IPv6 ranges out of 192.0.2.0/24, 198.51.100.0/24
// and 2001:db8::/64, a ReuseGrace of one hour and no network. A store need not keep times finer than a second.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// Open returns an empty store that holds the given pools and nothing else. It is called once per test.
type Open func(t *testing.T, pools ...ipam.Pool) ipam.Store

// Run runs the suite as subtests of t.
func Run(t *testing.T, open Open) {
	t.Helper()
	t.Run("MissingPool", func(t *testing.T) { missingPool(t, open(t)) })
	t.Run("RoundTrip", func(t *testing.T) { roundTrip(t, open(t, pool("one"), pool("two"))) })
	t.Run("StaleWrite", func(t *testing.T) { staleWrite(t, open(t, pool("one"))) })
	t.Run("CallerOwnsMaps", func(t *testing.T) { callerOwnsMaps(t, open(t, pool("one"))) })
	t.Run("EmptiedMaps", func(t *testing.T) { emptiedMaps(t, open(t, pool("one"))) })
	t.Run("OneWinnerPerVersion", func(t *testing.T) { oneWinner(t, open(t, pool("one"))) })
	t.Run("Allocator", func(t *testing.T) { allocator(t, open(t, pool("one"), pool("two"))) })
}

// pool returns one of two pools, "one" and "two", whose ranges do not overlap.
func pool(name string) ipam.Pool {
	first := map[string]string{"one": "192.0.2.0/24", "two": "198.51.100.0/24"}[name]
	subnet := netip.MustParsePrefix(first)
	ranges := []ipam.Range{{Subnet: subnet, Gateway: subnet.Addr().Next()}}
	if name == "one" {
		ranges = append(ranges, ipam.Range{Subnet: netip.MustParsePrefix("2001:db8::/64")})
	}
	return ipam.Pool{Name: name, Ranges: ranges, ReuseGrace: time.Hour}
}

func missingPool(t *testing.T, store ipam.Store) {
	t.Helper()
	if _, err := store.Get(t.Context(), "absent"); !errors.Is(err, ipam.ErrPoolNotFound) {
		t.Errorf("Get of a missing pool: got %v, want ErrPoolNotFound", err)
	}
	if _, err := store.Update(t.Context(), pool("one")); !errors.Is(err, ipam.ErrPoolNotFound) {
		t.Errorf("Update of a missing pool: got %v, want ErrPoolNotFound", err)
	}
}

func roundTrip(t *testing.T, store ipam.Store) {
	t.Helper()
	v4, v6 := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::9")
	read := mustGet(t, store, "one")
	if read.Name != "one" || len(read.Ranges) != 2 || read.LastAllocated.IsValid() || len(read.Allocated) != 0 {
		t.Fatalf("first Get: got %+v", read)
	}
	if got, want := read.Total().String(), pool("one").Total().String(); got != want {
		t.Errorf("ranges changed on their way: total %s, want %s", got, want)
	}
	read.Allocated = map[netip.Addr]string{v4: "ns/a.caphv", v6: "ns/b.caphv"}
	read.History = map[netip.Addr]string{v4.Next(): "ns/c.caphv"}
	read.Released = map[netip.Addr]time.Time{v4.Next(): time.Now().Truncate(time.Second)}
	read.LastAllocated = v6
	written, err := store.Update(t.Context(), read)
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	for origin, got := range map[string]ipam.Pool{"Update": written, "Get": mustGet(t, store, "one")} {
		if !maps.Equal(got.Allocated, read.Allocated) || !maps.Equal(got.History, read.History) || got.LastAllocated != v6 {
			t.Errorf("%s returned other state than was written: %+v", origin, got)
		}
		if !maps.EqualFunc(got.Released, read.Released, time.Time.Equal) || got.ReuseGrace != time.Hour {
			t.Errorf("%s returned other times of release than were written: %v, grace %s", origin, got.Released, got.ReuseGrace)
		}
	}
	if other := mustGet(t, store, "two"); len(other.Allocated) != 0 {
		t.Errorf("a write to one pool changed another: %+v", other)
	}
	written.LastAllocated = v4
	if _, err := store.Update(t.Context(), written); err != nil {
		t.Errorf("Update with the version that Update returned: %v", err)
	}
}

func staleWrite(t *testing.T, store ipam.Store) {
	t.Helper()
	early, late := mustGet(t, store, "one"), mustGet(t, store, "one")
	early.Allocated = map[netip.Addr]string{netip.MustParseAddr("192.0.2.9"): "ns/early"}
	late.Allocated = map[netip.Addr]string{netip.MustParseAddr("192.0.2.9"): "ns/late"}
	if _, err := store.Update(t.Context(), early); err != nil {
		t.Fatalf("first Update: %v", err)
	}
	if _, err := store.Update(t.Context(), late); !errors.Is(err, ipam.ErrConflict) {
		t.Errorf("Update based on a stale read: got %v, want ErrConflict", err)
	}
	if got := mustGet(t, store, "one"); !maps.Equal(got.Allocated, early.Allocated) {
		t.Errorf("a refused write left traces: %+v", got.Allocated)
	}
}

func callerOwnsMaps(t *testing.T, store ipam.Store) {
	t.Helper()
	addr := netip.MustParseAddr("192.0.2.9")
	read := mustGet(t, store, "one")
	read.Allocated = map[netip.Addr]string{addr: "ns/a"}
	read.History = map[netip.Addr]string{}
	if _, err := store.Update(t.Context(), read); err != nil {
		t.Fatalf("Update: %v", err)
	}
	read.Allocated[addr] = "ns/changed-after-update"
	mustGet(t, store, "one").Allocated[addr] = "ns/changed-after-get"
	if got := mustGet(t, store, "one").Allocated[addr]; got != "ns/a" {
		t.Errorf("the store shares maps with its callers: holder is %q", got)
	}
}

func emptiedMaps(t *testing.T, store ipam.Store) {
	t.Helper()
	addr := netip.MustParseAddr("192.0.2.9")
	read := mustGet(t, store, "one")
	read.Allocated = map[netip.Addr]string{addr: "ns/a"}
	read.History = map[netip.Addr]string{addr.Next(): "ns/b"}
	read.Released = map[netip.Addr]time.Time{addr.Next(): time.Now()}
	written, err := store.Update(t.Context(), read)
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	delete(written.Allocated, addr)
	delete(written.History, addr.Next())
	delete(written.Released, addr.Next())
	if _, err := store.Update(t.Context(), written); err != nil {
		t.Fatalf("Update with emptied maps: %v", err)
	}
	if got := mustGet(t, store, "one"); len(got.Allocated)+len(got.History)+len(got.Released) != 0 {
		t.Errorf("removed entries are still there: %+v %+v %+v", got.Allocated, got.History, got.Released)
	}
}

func oneWinner(t *testing.T, store ipam.Store) {
	t.Helper()
	const writers = 8
	read := make([]ipam.Pool, writers)
	for i := range read {
		read[i] = mustGet(t, store, "one")
		read[i].Allocated = map[netip.Addr]string{netip.MustParseAddr("192.0.2.9"): fmt.Sprintf("ns/%d", i)}
	}
	results := make([]error, writers)
	var wait sync.WaitGroup
	for i := range writers {
		wait.Go(func() { _, results[i] = store.Update(context.WithoutCancel(t.Context()), read[i]) })
	}
	wait.Wait()
	won := 0
	for i, err := range results {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ipam.ErrConflict):
			t.Errorf("writer %d: got %v, want ErrConflict or nil", i, err)
		}
	}
	if won != 1 {
		t.Errorf("%d writers of one version won, want 1", won)
	}
}

func allocator(t *testing.T, store ipam.Store) {
	t.Helper()
	const owners = 20
	addresses := ipam.NewAllocator(store)
	leases := make([]ipam.Lease, owners)
	failures := make([]error, owners)
	var wait sync.WaitGroup
	for i := range owners {
		wait.Go(func() {
			request := ipam.Request{Owner: fmt.Sprintf("ns/vm-%d.caphv", i), Pools: []string{"one", "two"}}
			leases[i], failures[i] = addresses.Allocate(t.Context(), request)
		})
	}
	wait.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatalf("Allocate: %v", err)
	}
	seen := make(map[netip.Addr]bool)
	for i, lease := range leases {
		if seen[lease.Address] {
			t.Errorf("%s was given twice", lease.Address)
		}
		seen[lease.Address] = true
		if err := addresses.Release(t.Context(), lease.Pool, lease.Address, fmt.Sprintf("ns/vm-%d.caphv", i)); err != nil {
			t.Errorf("Release: %v", err)
		}
	}
	after := mustGet(t, store, "one")
	if len(after.Allocated) != 0 || len(after.History) != owners {
		t.Errorf("after all releases: %d allocated, %d in history, want 0 and %d", len(after.Allocated), len(after.History), owners)
	}
}

func mustGet(t *testing.T, store ipam.Store, name string) ipam.Pool {
	t.Helper()
	read, err := store.Get(t.Context(), name)
	if err != nil {
		t.Fatalf("Get %q: %v", name, err)
	}
	return read
}
