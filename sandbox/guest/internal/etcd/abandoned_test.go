package etcd

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func TestOnlyALearnerThatStaysAwayIsGivenUp(t *testing.T) {
	members := []*pb.Member{
		{ID: 1, PeerURLs: []string{"dead"}}, // a voter is not ours to judge
		{ID: 2, PeerURLs: []string{"dead"}, IsLearner: true},
		{ID: 3, PeerURLs: []string{"alive"}, IsLearner: true},
	}
	reachable := func(url string) bool { return url == "alive" }
	counted := abandoned{}
	for range abandonedAfter - 1 {
		assert.Empty(t, counted.note(members, reachable))
	}
	assert.Empty(t, counted.note(members, func(string) bool { return true }), "it answered in time")
	for range abandonedAfter - 1 {
		assert.Empty(t, counted.note(members, reachable))
	}
	assert.Equal(t, []uint64{2}, counted.note(members, reachable))
}

func TestAccepts(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := "https://" + listener.Addr().String()
	assert.True(t, accepts(t.Context(), address))
	require.NoError(t, listener.Close())
	assert.False(t, accepts(t.Context(), address))
	assert.False(t, accepts(t.Context(), "%"))
}
