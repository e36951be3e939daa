package ipam

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go4.org/netipx"
	"pgregory.net/rapid"
)

// modelPool is a plain account of a pool: every address of every range, written out in order.
type modelPool struct {
	network   string
	slots     []modelSlot
	allocated map[netip.Addr]string
	history   map[netip.Addr]string
	released  map[netip.Addr]time.Time
	grace     time.Duration
	last      netip.Addr
}

// modelSlot is barred when it is a gateway or excluded.
type modelSlot struct {
	addr   netip.Addr
	barred bool
}

func (m *modelPool) rests(addr netip.Addr, now time.Time) bool {
	released, noted := m.released[addr]
	return noted && now.Before(released.Add(m.grace))
}

// next walks the slots once, by Harvester's rule: from behind the last one, else from the first. Only where all free ones
// rest it takes the one that has done so longest.
func (m *modelPool) next(now time.Time) (found netip.Addr, ok bool) {
	begin := slices.IndexFunc(m.slots, func(s modelSlot) bool { return s.addr == m.last }) + 1
	for i := range m.slots {
		slot := m.slots[(begin+i)%len(m.slots)]
		_, taken := m.allocated[slot.addr]
		switch {
		case taken || slot.barred:
		case !m.rests(slot.addr, now):
			return slot.addr, true
		case !ok || m.restsLonger(slot.addr, found):
			found, ok = slot.addr, true
		}
	}
	return found, ok
}

func (m *modelPool) restsLonger(a, b netip.Addr) bool {
	if order := m.released[a].Compare(m.released[b]); order != 0 {
		return order < 0
	}
	return a.Less(b)
}

func (m *modelPool) usable(addr netip.Addr) bool {
	return slices.Contains(m.slots, modelSlot{addr: addr})
}

func lowest(entries map[netip.Addr]string, owner string) (netip.Addr, bool) {
	var found []netip.Addr
	for addr, holder := range entries {
		if holder == owner {
			found = append(found, addr)
		}
	}
	slices.SortFunc(found, netip.Addr.Compare)
	if len(found) == 0 {
		return netip.Addr{}, false
	}
	return found[0], true
}

// model is what an allocator over several pools should do, without caring for speed.
type model struct{ pools map[string]*modelPool }

func (m *model) held(pools, owners []string, network string) (string, netip.Addr, bool) {
	for _, name := range pools {
		pool, ok := m.pools[name]
		if !ok || (network != "" && pool.network != "" && pool.network != network) {
			continue
		}
		for _, owner := range owners {
			if addr, ok := lowest(pool.allocated, owner); ok {
				return name, addr, true
			}
		}
	}
	return "", netip.Addr{}, false
}

// allocate returns an invalid address where it refuses.
func (m *model) allocate(req Request, now time.Time) (string, netip.Addr) {
	if name, addr, ok := m.held(req.Pools, req.owners(), req.Network); ok {
		if req.Address.IsValid() && req.Address != addr {
			return "", netip.Addr{}
		}
		return name, addr
	}
	for _, name := range req.Pools {
		pool, ok := m.pools[name]
		if !ok || (req.Network != "" && pool.network != "" && pool.network != req.Network) {
			continue
		}
		if addr, ok := pool.pick(req, now); ok {
			pool.allocated[addr] = req.Owner
			delete(pool.history, addr)
			delete(pool.released, addr)
			pool.last = addr
			return name, addr
		}
	}
	return "", netip.Addr{}
}

func (m *modelPool) pick(req Request, now time.Time) (netip.Addr, bool) {
	if req.Address.IsValid() {
		_, taken := m.allocated[req.Address]
		return req.Address, m.usable(req.Address) && !taken
	}
	for _, owner := range req.owners() {
		if addr, ok := lowest(m.history, owner); ok && m.usable(addr) {
			if _, taken := m.allocated[addr]; !taken {
				return addr, true
			}
		}
	}
	return m.next(now)
}

func (m *model) release(name string, addr netip.Addr, owners []string, now time.Time) bool {
	pool, ok := m.pools[name]
	if !ok {
		return true
	}
	holder, taken := pool.allocated[addr]
	if !taken {
		return true
	}
	if !slices.Contains(owners, holder) {
		return false
	}
	delete(pool.allocated, addr)
	pool.history[addr] = holder
	if pool.grace > 0 {
		pool.released[addr] = now
	}
	return true
}

// drawPool makes a pool of at most a few dozen addresses, and its model by arithmetic on integers of its own.
func drawPool(t *rapid.T, index int) (Pool, *modelPool) {
	name := fmt.Sprintf("pool-%d", index)
	pool := Pool{Name: name, Network: rapid.SampledFrom([]string{"", "default/a", "default/b"}).Draw(t, "network")}
	pool.ReuseGrace = time.Duration(rapid.SampledFrom([]int{0, 0, 1, 5}).Draw(t, "grace")) * time.Minute
	account := &modelPool{
		network: pool.Network, grace: pool.ReuseGrace, allocated: map[netip.Addr]string{}, history: map[netip.Addr]string{},
		released: map[netip.Addr]time.Time{},
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "ranges") {
		bits := rapid.IntRange(27, 32).Draw(t, "bits")
		network := uint32(10<<24|index<<16|i<<8) + rapid.Uint32Range(0, 7).Draw(t, "block")*32
		size := uint32(1) << (32 - bits)
		start, end, gateway := network+1, network+size-2, network+1
		text := [3]string{}
		if size > 2 {
			inside := rapid.Uint32Range(network+1, network+size-2)
			for field, target := range []*uint32{&start, &end, &gateway} {
				if rapid.Bool().Draw(t, "explicit") {
					*target = inside.Draw(t, "address")
					text[field] = fromUint(*target).String()
				}
			}
		}
		if size == 1 {
			start, end, gateway = network, network, 0
		}
		parsed, err := ParseRange(fmt.Sprintf("%s/%d", fromUint(network), bits), text[0], text[1], text[2])
		if err != nil {
			t.Fatalf("range: %v", err)
		}
		pool.Ranges = append(pool.Ranges, parsed)
		for at := min(start, end); at <= max(start, end); at++ {
			account.slots = append(account.slots, modelSlot{addr: fromUint(at), barred: at == gateway})
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "exclusions") {
		first := rapid.IntRange(0, len(account.slots)-1).Draw(t, "first excluded")
		last := min(first+rapid.IntRange(0, 3).Draw(t, "more excluded"), len(account.slots)-1)
		for i := first; i <= last; i++ { // One by one, as a run of them would cross from range to range.
			account.slots[i].barred = true
			pool.Excluded = append(pool.Excluded, netipx.IPRangeFrom(account.slots[i].addr, account.slots[i].addr))
		}
	}
	return pool, account
}

func fromUint(value uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, value)))
}

// machine drives an Allocator and the model side by side.
type machine struct {
	store     *MemoryStore
	allocator *Allocator
	model     *model
	names     []string
	now       time.Time
}

func newMachine(t *rapid.T) *machine {
	m := &machine{store: NewMemoryStore(), model: &model{pools: map[string]*modelPool{}}, names: []string{"absent"}}
	m.now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range rapid.IntRange(1, 3).Draw(t, "pools") {
		pool, account := drawPool(t, i)
		m.store.Put(pool)
		m.model.pools[pool.Name] = account
		m.names = append(m.names, pool.Name)
	}
	m.allocator = NewAllocator(m.store, WithClock(func() time.Time { return m.now }))
	return m
}

func (m *machine) owner(t *rapid.T) string {
	return fmt.Sprintf("ns/vm-%d.caphv", rapid.IntRange(0, 20).Draw(t, "owner"))
}

func (m *machine) candidates(t *rapid.T) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(m.names), 1, len(m.names), rapid.ID[string]).Draw(t, "candidates")
}

func (m *machine) address(t *rapid.T, pool string) netip.Addr {
	account, ok := m.model.pools[pool]
	if !ok {
		return fromUint(1)
	}
	return rapid.SampledFrom(account.slots).Draw(t, "address").addr
}

func (m *machine) Allocate(t *rapid.T) {
	req := Request{Owner: m.owner(t), Pools: m.candidates(t)}
	if rapid.IntRange(0, 3).Draw(t, "with alias") == 0 {
		req.Aliases = []string{m.owner(t)}
	}
	if rapid.IntRange(0, 3).Draw(t, "with network") == 0 {
		req.Network = rapid.SampledFrom([]string{"default/a", "default/b", "default/c"}).Draw(t, "network")
	}
	if rapid.IntRange(0, 3).Draw(t, "explicit") == 0 {
		req.Address = m.address(t, req.Pools[0])
	}
	wantPool, want := m.model.allocate(req, m.now)
	lease, err := m.allocator.Allocate(t.Context(), req)
	if want.IsValid() {
		require.NoError(t, err)
	} else {
		var refused *AllocationError
		require.ErrorAs(t, err, &refused)
	}
	require.Equal(t, want, lease.Address)
	require.Equal(t, wantPool, lease.Pool)
}

func (m *machine) Release(t *rapid.T) {
	pool := rapid.SampledFrom(m.names).Draw(t, "pool")
	addr := m.address(t, pool)
	owners := []string{m.owner(t), m.owner(t)}
	if account, ok := m.model.pools[pool]; ok && rapid.Bool().Draw(t, "by the holder") {
		owners = append(owners, account.allocated[addr])
	}
	want := m.model.release(pool, addr, owners, m.now)
	err := m.allocator.Release(t.Context(), pool, addr, owners...)
	require.Equal(t, want, err == nil, "%v", err)
	require.True(t, want || errors.Is(err, ErrNotOwner))
}

func (m *machine) Wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "seconds")) * time.Second)
}

func (m *machine) Find(t *rapid.T) {
	pools, owners := m.candidates(t), []string{m.owner(t), m.owner(t)}
	wantPool, want, wantFound := m.model.held(pools, owners, "")
	lease, found, err := m.allocator.Find(t.Context(), pools, owners...)
	require.NoError(t, err)
	require.Equal(t, wantFound, found)
	require.Equal(t, want, lease.Address)
	require.Equal(t, wantPool, lease.Pool)
}

// Check compares the whole state after every step.
func (m *machine) Check(t *rapid.T) {
	for name, account := range m.model.pools {
		pool, err := m.store.Get(t.Context(), name)
		require.NoError(t, err)
		require.True(t, maps.Equal(account.allocated, pool.Allocated), "allocated: want %v, got %v", account.allocated, pool.Allocated)
		require.True(t, maps.Equal(account.history, pool.History), "history: want %v, got %v", account.history, pool.History)
		require.Equal(t, account.last, pool.LastAllocated)
		for _, slot := range account.slots {
			released, noted := pool.Released[slot.addr]
			require.Equal(t, account.rests(slot.addr, m.now), noted && pool.rests(released, m.now), "%s rests", slot.addr)
		}
		usable := slices.DeleteFunc(slices.Clone(account.slots), func(s modelSlot) bool { return s.barred })
		require.Equal(t, big.NewInt(int64(len(usable))).String(), pool.Total().String())
		require.Equal(t, int64(len(usable)-len(pool.Allocated)), pool.Available().Int64())
	}
}

func TestAllocatorBehavesLikeModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		t.Repeat(rapid.StateMachineActions(m))
	})
}

// One ledger that serves many operations in a row must decide as if each had been given a fresh one.
func TestSharedLedgerEqualsFreshOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool, _ := drawPool(t, 0)
		pool.Network = ""
		owners := []string{"a", "b", "c", "d", "e"}
		for i, slot := range rapid.SliceOfN(rapid.IntRange(0, 2), 1, 20).Draw(t, "prior") {
			address := pool.Ranges[0].Start
			for range i {
				address = address.Next()
			}
			if !pool.Ranges[0].Contains(address) || slot == 2 {
				continue
			}
			entries := []*map[netip.Addr]string{&pool.Allocated, &pool.History}[slot]
			if *entries == nil {
				*entries = map[netip.Addr]string{}
			}
			(*entries)[address] = rapid.SampledFrom(owners).Draw(t, "holder")
		}
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		shared := Open(pool.Clone(), now)
		current := pool.Clone()
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			fresh := openLedger(current.Clone(), now, owners)
			var got, want Lease
			var gotErr, wantErr error
			if rapid.Bool().Draw(t, "allocate") {
				req := Request{Owner: rapid.SampledFrom(owners).Draw(t, "owner")}
				got, _, gotErr = shared.Allocate(req)
				want, _, wantErr = fresh.Allocate(req)
			} else if held := slices.SortedFunc(maps.Keys(current.Allocated), netip.Addr.Compare); len(held) > 0 {
				address := rapid.SampledFrom(held).Draw(t, "address")
				holder := current.Allocated[address]
				gotErr, wantErr = shared.Release(address, holder), fresh.Release(address, holder)
			}
			require.Equal(t, wantErr == nil, gotErr == nil)
			require.Equal(t, want, got)
			current = fresh.Pool()
			require.True(t, maps.Equal(current.Allocated, shared.pool.Allocated))
			require.True(t, maps.Equal(current.History, shared.pool.History))
		}
	})
}
