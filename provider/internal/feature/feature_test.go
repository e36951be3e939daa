package feature

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNew(t *testing.T) {
	gates, err := New(nil)
	require.NoError(t, err)
	assert.True(t, gates.Enabled(PoolAudit))
	assert.True(t, gates.Enabled(ServeIPAddressClaims))
	gates, err = New(map[string]bool{"PoolAudit": false})
	require.NoError(t, err)
	assert.False(t, gates.Enabled(PoolAudit))
	assert.True(t, gates.Enabled(ServeIPAddressClaims))
	_, err = New(map[string]bool{"Nonsense": true})
	require.ErrorContains(t, err, "Nonsense")
	require.ErrorContains(t, err, "PoolAudit", "it says what there is")
	assert.Contains(t, Describe(), "ServeIPAddressClaims")
}
