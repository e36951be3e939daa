package ipam

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseExclusions(t *testing.T) {
	got, err := ParseExclusions("10.0.0.5, 10.0.0.8-10.0.0.9\n10.0.1.17/28 ::ffff:10.0.2.1 2001:db8::/120")
	require.NoError(t, err)
	text := make([]string, 0, len(got))
	for _, run := range got {
		text = append(text, run.String())
	}
	assert.Equal(t, []string{"10.0.0.5-10.0.0.5", "10.0.0.8-10.0.0.9", "10.0.1.16-10.0.1.31", "10.0.2.1-10.0.2.1", "2001:db8::-2001:db8::ff"}, text)
	none, err := ParseExclusions(" , ")
	require.NoError(t, err)
	assert.Empty(t, none)
	for _, text := range []string{"ten", "10.0.0.9-10.0.0.8", "10.0.0.1-2001:db8::1", "10.0.0.0/33", "fe80::1%eth0", "10.0.0.1-"} {
		_, err := ParseExclusions("10.0.0.1," + text)
		require.ErrorIs(t, err, ErrInvalidRange)
		assert.ErrorContains(t, err, text)
	}
}

func FuzzParseExclusions(f *testing.F) {
	f.Add("10.0.0.5, 10.0.0.8-10.0.0.9")
	f.Add("10.0.1.16/28 2001:db8::/120")
	f.Add("::ffff:10.0.0.1-::ffff:10.0.0.2")
	f.Fuzz(func(t *testing.T, text string) {
		excluded, err := ParseExclusions(text)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalidRange)
			return
		}
		pool := Pool{Ranges: []Range{mustRange(t, "10.0.0.0/28", "", "", "")}, Excluded: excluded}
		book := Open(pool, noon)
		total := pool.Total().Int64()
		for i := range total {
			lease, _, err := book.Allocate(Request{Owner: vm(int(i))})
			require.NoError(t, err)
			for _, run := range excluded {
				require.False(t, run.Contains(lease.Address), "%s is in %s", lease.Address, run)
			}
		}
		_, _, err = book.Allocate(Request{Owner: "one more"})
		require.ErrorIs(t, err, ErrExhausted)
	})
}
