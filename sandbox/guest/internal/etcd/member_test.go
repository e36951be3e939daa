package etcd

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func TestArguments(t *testing.T) {
	member := Member{Name: "a-00000001", Address: "127.50.1.10", DataDir: "/d"}
	first := member.arguments("a-00000001=https://127.50.1.10:2380", "new")
	assert.Contains(t, first, "--listen-peer-urls=https://127.50.1.10:2380")
	assert.Contains(t, first, "--client-cert-auth=true")
	assert.Contains(t, first, "--peer-client-cert-auth=true")
	assert.Equal(t, "--initial-cluster-state=new", first[len(first)-1])
	behind := member
	behind.ListenPeer = "127.50.1.10:12380"
	linked := behind.arguments("a-00000001=https://127.50.1.10:2380", "new")
	assert.Contains(t, linked, "--listen-peer-urls=https://127.50.1.10:12380")
	assert.Contains(t, linked, "--initial-advertise-peer-urls=https://127.50.1.10:2380", "the others know nothing of it")
	for _, argument := range member.arguments("", "") {
		assert.NotContains(t, argument, "--initial-cluster", "a member with data knows its peers")
	}
}

func TestInitialClusterNamesTheJoiningMember(t *testing.T) {
	member := Member{Name: "b-00000002", Address: "127.50.1.11"}
	assert.Equal(t, "a-00000001=https://127.50.1.10:2380,b-00000002=https://127.50.1.11:2380", member.initialCluster([]*pb.Member{
		{Name: "a-00000001", PeerURLs: []string{"https://127.50.1.10:2380"}},
		{PeerURLs: []string{"https://127.50.1.11:2380"}, IsLearner: true},
	}))
}

func TestRetry(t *testing.T) {
	tries := 0
	require.NoError(t, retry(t.Context(), func() error {
		if tries++; tries < 3 {
			return errors.New("unhealthy cluster")
		}
		return nil
	}))
	assert.Equal(t, 3, tries)

	tries = 0
	err := retry(t.Context(), func() error { tries++; return final(ErrNotMember) })
	require.ErrorIs(t, err, ErrNotMember)
	assert.Equal(t, 1, tries, "no use in trying again")

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err = retry(ctx, func() error { return ErrLastMember })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, ErrLastMember)
}
