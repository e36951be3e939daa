package ipam

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The set finds what a walk over a plain map finds, next to the edges of words and of words of words too.
func TestAddrSetBehavesLikeMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom([]string{"10.0.15.200", "255.255.250.0", "2001:db8::ffff:ff00", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:e000"}).Draw(t, "base")
		space := []netip.Addr{addr(base)}
		for next := space[0].Next(); next.IsValid() && len(space) < 9000; next = next.Next() {
			space = append(space, next)
		}
		place := rapid.IntRange(0, len(space)-1)
		set, plain := &addrSet{}, map[netip.Addr]bool{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			first := place.Draw(t, "first")
			last := min(first+rapid.SampledFrom([]int{0, 1, 63, 64, 4095, 4096, 8999}).Draw(t, "run"), len(space)-1)
			present := rapid.IntRange(0, 3).Draw(t, "add") > 0
			for _, a := range space[first : last+1] {
				if present {
					set.add(a)
				} else {
					set.remove(a)
				}
				plain[a] = present
			}
			from := place.Draw(t, "from")
			at := from
			for at < len(space) && plain[space[at]] {
				at++
			}
			got, ok := set.firstAbsent(space[from])
			switch {
			case at < len(space):
				require.True(t, ok)
				require.Equal(t, space[at], got)
			case ok && got.BitLen() == space[0].BitLen():
				require.Equal(t, space[len(space)-1].Next(), got, "what comes behind the space")
			default: // The space ends with its family: what comes behind is of the other family, or nothing.
				require.False(t, space[len(space)-1].Next().IsValid())
			}
		}
		for a, present := range plain {
			if present {
				set.remove(a)
			}
		}
		for _, words := range set.levels {
			assert.Empty(t, words, "an empty set keeps no word")
		}
	})
}

func TestAddrSetGrowsWithItsMembersOnly(t *testing.T) {
	set := &addrSet{}
	for a, i := addr("2001:db8::"), 0; i < 1<<16; i++ {
		set.add(a)
		a = a.Next()
	}
	words := 0
	for _, level := range set.levels {
		words += len(level)
	}
	assert.Equal(t, 1<<10+1<<4+1, words, "64 addresses a word, 64 words a word")
	next, ok := set.firstAbsent(addr("2001:db8::"))
	require.True(t, ok)
	assert.Equal(t, "2001:db8::1:0", next.String())
}
