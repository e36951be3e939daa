package ipam_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam/storetest"
)

func TestMemoryStore(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, pools ...ipam.Pool) ipam.Store { return ipam.NewMemoryStore(pools...) })
}

func TestMemoryStorePutInvalidatesReaders(t *testing.T) {
	pool := ipam.Pool{Name: "p"}
	store := ipam.NewMemoryStore(pool)
	read, err := store.Get(t.Context(), "p")
	require.NoError(t, err)
	store.Put(pool)
	_, err = store.Update(t.Context(), read)
	require.ErrorIs(t, err, ipam.ErrConflict)
	store.Delete("p")
	_, err = store.Update(t.Context(), read)
	require.ErrorIs(t, err, ipam.ErrPoolNotFound)
}
