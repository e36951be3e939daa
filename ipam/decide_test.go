package ipam

import (
	"maps"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go4.org/netipx"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

func owned(pairs ...string) map[netip.Addr]string {
	entries := make(map[netip.Addr]string)
	for i := 0; i < len(pairs); i += 2 {
		entries[addr(pairs[i])] = pairs[i+1]
	}
	return entries
}

func mustRange(tb testing.TB, subnet, start, end, gateway string) Range {
	tb.Helper()
	r, err := ParseRange(subnet, start, end, gateway)
	require.NoError(tb, err)
	return r
}

// twoRanges holds 10.0.0.10 to .12 with the gateway at .11, then 10.0.1.10 to .11.
func twoRanges(t *testing.T) Pool {
	t.Helper()
	return Pool{Name: "p", Network: "default/vlan1", Ranges: []Range{
		mustRange(t, "10.0.0.0/24", "10.0.0.10", "10.0.0.12", "10.0.0.11"),
		mustRange(t, "10.0.1.0/24", "10.0.1.10", "10.0.1.11", ""),
	}}
}

func TestDecide(t *testing.T) {
	tests := map[string]struct {
		allocated, history map[netip.Addr]string
		last, excluded     string
		request            Request
		want               string
		wantHeld           bool
	}{
		"first address of the first range":  {want: "10.0.0.10"},
		"next after the last":               {last: "10.0.0.10", want: "10.0.0.12"},
		"over to the next range":            {last: "10.0.0.12", want: "10.0.1.10"},
		"round to the first range":          {last: "10.0.1.11", want: "10.0.0.10"},
		"last outside of all ranges":        {last: "10.9.9.9", want: "10.0.0.10"},
		"last is a gateway":                 {last: "10.0.0.11", want: "10.0.0.12"},
		"a released address is not next":    {last: "10.0.0.10", history: owned("10.0.0.10", "other"), want: "10.0.0.12"},
		"the last one itself, if it is all": {last: "10.0.0.10", allocated: owned("10.0.0.12", "x", "10.0.1.10", "x", "10.0.1.11", "x"), want: "10.0.0.10"},
		"skips the taken":                   {last: "10.0.0.10", allocated: owned("10.0.0.12", "x", "10.0.1.10", "x"), want: "10.0.1.11"},
		"held already":                      {allocated: owned("10.0.1.11", "me"), want: "10.0.1.11", wantHeld: true},
		"held under an alias":               {allocated: owned("10.0.1.11", "old-me"), want: "10.0.1.11", wantHeld: true},
		"present name before alias":         {allocated: owned("10.0.0.10", "old-me", "10.0.1.11", "me"), want: "10.0.1.11", wantHeld: true},
		"lowest of several held":            {allocated: owned("10.0.1.11", "me", "10.0.0.12", "me"), want: "10.0.0.12", wantHeld: true},
		"held outside of the ranges":        {allocated: owned("10.0.1.99", "me"), want: "10.0.1.99", wantHeld: true},
		"the former address":                {last: "10.0.0.10", history: owned("10.0.1.11", "me"), want: "10.0.1.11"},
		"the former address of an alias":    {history: owned("10.0.1.10", "old-me"), want: "10.0.1.10"},
		"the former address is taken":       {history: owned("10.0.1.11", "me"), allocated: owned("10.0.1.11", "x"), want: "10.0.0.10"},
		"the former address is a gateway":   {history: owned("10.0.0.11", "me"), want: "10.0.0.10"},
		"the former address left the pool":  {history: owned("10.0.7.7", "me"), want: "10.0.0.10"},
		"an explicit address":               {request: Request{Address: addr("10.0.1.11")}, want: "10.0.1.11"},
		"the explicit address is held":      {request: Request{Address: addr("10.0.1.11")}, allocated: owned("10.0.1.11", "me"), want: "10.0.1.11", wantHeld: true},
		"past an excluded one":              {excluded: "10.0.0.10, 10.0.0.12-10.0.1.10", want: "10.0.1.11"},
		"held though excluded":              {excluded: "10.0.0.0/16", allocated: owned("10.0.1.11", "me"), want: "10.0.1.11", wantHeld: true},
		"the former address is excluded":    {excluded: "10.0.1.11", history: owned("10.0.1.11", "me"), want: "10.0.0.10"},
		"an explicit one before history":    {request: Request{Address: addr("10.0.1.11")}, history: owned("10.0.1.10", "me"), want: "10.0.1.11"},
		"the pool's own network":            {request: Request{Network: "default/vlan1"}, want: "10.0.0.10"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pool := twoRanges(t)
			pool.Allocated, pool.History = test.allocated, test.history
			if test.last != "" {
				pool.LastAllocated = addr(test.last)
			}
			var err error
			pool.Excluded, err = ParseExclusions(test.excluded)
			require.NoError(t, err)
			test.request.Owner, test.request.Aliases = "me", []string{"old-me"}
			before := pool.Clone()
			got, fresh, err := Decide(pool, test.request, noon)
			require.NoError(t, err)
			assert.Equal(t, test.want, got.Address.String())
			assert.Equal(t, !test.wantHeld, fresh)
			assert.Equal(t, "p", got.Pool)
			assert.True(t, got.Subnet.Contains(got.Address))
			assert.True(t, got.Gateway.IsValid())
			assert.Equal(t, before, pool, "a decision must not change the pool")
		})
	}
}

func TestDecideRefuses(t *testing.T) {
	full := owned("10.0.0.10", "a", "10.0.0.12", "b", "10.0.1.10", "c", "10.0.1.11", "d")
	tests := map[string]struct {
		change  func(*Pool)
		request Request
		want    error
		text    string
	}{
		"full":             {change: func(p *Pool) { p.Allocated = full }, want: ErrExhausted, text: "all 4 addresses are allocated"},
		"another network":  {request: Request{Network: "default/vlan2"}, want: ErrNoEligiblePool, text: `it serves network "default/vlan1", not "default/vlan2"`},
		"no ranges":        {change: func(p *Pool) { p.Ranges = nil }, want: ErrNoEligiblePool, text: "it has no ranges"},
		"a broken range":   {change: func(p *Pool) { p.Ranges[1].Subnet = netip.Prefix{} }, want: ErrInvalidRange, text: "range 1: "},
		"explicit taken":   {change: func(p *Pool) { p.Allocated = full }, request: Request{Address: addr("10.0.1.10")}, want: ErrUnavailable, text: `10.0.1.10 is held by "c"`},
		"explicit gateway": {request: Request{Address: addr("10.0.0.11")}, want: ErrUnavailable, text: "is the gateway"},
		"explicit excluded": {
			change:  func(p *Pool) { p.Excluded, _ = ParseExclusions("10.0.1.10") },
			request: Request{Address: addr("10.0.1.10")}, want: ErrUnavailable, text: "10.0.1.10 is excluded",
		},
		"all excluded": {change: func(p *Pool) { p.Excluded, _ = ParseExclusions("10.0.0.0/16") }, want: ErrExhausted, text: "all 0 addresses are allocated"},
		"a broken exclusion": {
			change: func(p *Pool) { p.Excluded = []netipx.IPRange{netipx.IPRangeFrom(addr("10.0.0.2"), addr("10.0.0.1"))} },
			want:   ErrInvalidRange, text: "is no range of addresses",
		},
		"explicit outside": {request: Request{Address: addr("10.0.1.12")}, want: ErrNoEligiblePool, text: "10.0.1.12 is in none of its ranges"},
		"explicit, but holds another": {
			change:  func(p *Pool) { p.Allocated = owned("10.0.0.10", "me") },
			request: Request{Address: addr("10.0.1.10")}, want: ErrUnavailable, text: "the owner holds 10.0.0.10",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pool := twoRanges(t)
			pool.Ranges = append([]Range(nil), pool.Ranges...)
			if test.change != nil {
				test.change(&pool)
			}
			test.request.Owner = "me"
			_, _, err := Decide(pool, test.request, noon)
			require.ErrorIs(t, err, test.want)
			assert.ErrorContains(t, err, test.text)
		})
	}
	_, _, err := Decide(twoRanges(t), Request{}, noon)
	require.ErrorIs(t, err, ErrInvalidRequest)
}

func TestDecideOneAddressPoolHasNoGateway(t *testing.T) {
	pool := Pool{Name: "p", Ranges: []Range{mustRange(t, "10.0.0.7/32", "", "", "")}}
	lease, fresh, err := Decide(pool, Request{Owner: "me"}, noon)
	require.NoError(t, err)
	assert.True(t, fresh)
	assert.Equal(t, Lease{Pool: "p", Address: addr("10.0.0.7"), Subnet: netip.MustParsePrefix("10.0.0.7/32")}, lease)
}

func TestPoolCounts(t *testing.T) {
	pool := twoRanges(t)
	assert.Equal(t, "4", pool.Total().String())
	pool.Allocated = owned("10.0.0.10", "a", "10.0.9.9", "b")
	assert.Equal(t, "2", pool.Available().String())
	clone := pool.Clone()
	maps.Copy(clone.Allocated, owned("10.0.0.12", "c"))
	clone.Ranges[0].Gateway = addr("10.0.0.12")
	assert.Len(t, pool.Allocated, 2)
	assert.Equal(t, addr("10.0.0.11"), pool.Ranges[0].Gateway)
}

func TestReleasedAddressRests(t *testing.T) {
	pool := Pool{Name: "p", Ranges: []Range{mustRange(t, "10.0.0.0/24", "10.0.0.10", "10.0.0.12", "")}, ReuseGrace: time.Hour}
	take := func(at time.Duration, owner string, want string) {
		t.Helper()
		book := Open(pool, noon.Add(at))
		lease, _, err := book.Allocate(Request{Owner: owner})
		require.NoError(t, err)
		require.Equal(t, want, lease.Address.String())
		pool = book.Pool()
	}
	give := func(at time.Duration, owner string) {
		t.Helper()
		book := Open(pool, noon.Add(at))
		lease, held := book.Find(owner)
		require.True(t, held)
		require.NoError(t, book.Release(lease.Address, owner))
		pool = book.Pool()
	}
	take(0, "a", "10.0.0.10")
	take(0, "b", "10.0.0.11")
	give(time.Minute, "a")
	give(2*time.Minute, "b")
	take(3*time.Minute, "c", "10.0.0.12")
	take(4*time.Minute, "b", "10.0.0.11") // Its own address of before need not rest.
	give(5*time.Minute, "b")
	take(6*time.Minute, "d", "10.0.0.10") // There is no choice: the one that has rested longest.
	give(7*time.Minute, "c")
	assert.Len(t, pool.Released, 2)
	take(67*time.Minute, "e", "10.0.0.11") // All have rested: the round robin goes on.
	assert.Empty(t, pool.Released, "what has rested is forgotten")
}

func TestAddressThatRestsCanBeAskedFor(t *testing.T) {
	pool := twoRanges(t)
	pool.ReuseGrace, pool.Released = time.Hour, map[netip.Addr]time.Time{addr("10.0.0.10"): noon}
	lease, _, err := Decide(pool, Request{Owner: "me", Address: addr("10.0.0.10")}, noon)
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.10", lease.Address.String())
	pool.Released[addr("10.0.0.10")] = noon.Add(time.Hour)
	lease, _, err = Decide(pool, Request{Owner: "me"}, noon)
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.10", lease.Address.String(), "a release in the future is a clock that was wrong")
}
