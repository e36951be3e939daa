package etcdops_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

func TestDialRefusesWhatCannotWork(t *testing.T) {
	for _, endpoints := range [][]string{
		nil, {""}, {"10.0.0.1:2379"}, {"https://10.0.0.1"}, {"https://:2379"}, {"https://10.0.0.1:2379", "nonsense"},
	} {
		_, err := etcdops.Dial(t.Context(), etcdops.Config{Endpoints: endpoints})
		require.ErrorIs(t, err, etcdops.ErrInvalidConfig, "%v", endpoints)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := etcdops.Dial(ended, etcdops.Config{Endpoints: []string{"https://10.0.0.1:2379"}})
	require.ErrorIs(t, err, context.Canceled)
}

func TestNoOneAnswers(t *testing.T) {
	client, err := etcdops.Dial(t.Context(), etcdops.Config{Endpoints: []string{"http://127.0.0.1:1", "http://127.0.0.1:2"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	_, err = client.Observe(t.Context())
	require.ErrorIs(t, err, etcdops.ErrUnreachable)
	require.ErrorContains(t, err, "refused", "the reason is told")
	require.ErrorIs(t, client.RemoveMember(t.Context(), 1), etcdops.ErrUnreachable)
	require.ErrorIs(t, client.MoveLeader(t.Context(), 1), etcdops.ErrUnreachable)
}
