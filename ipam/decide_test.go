package ipam

import (
	"maps"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
		last               string
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
			test.request.Owner, test.request.Aliases = "me", []string{"old-me"}
			before := pool.Clone()
			got, fresh, err := Decide(pool, test.request)
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
			_, _, err := Decide(pool, test.request)
			require.ErrorIs(t, err, test.want)
			assert.ErrorContains(t, err, test.text)
		})
	}
	_, _, err := Decide(twoRanges(t), Request{})
	require.ErrorIs(t, err, ErrInvalidRequest)
}

func TestDecideOneAddressPoolHasNoGateway(t *testing.T) {
	pool := Pool{Name: "p", Ranges: []Range{mustRange(t, "10.0.0.7/32", "", "", "")}}
	lease, fresh, err := Decide(pool, Request{Owner: "me"})
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
