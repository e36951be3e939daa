package etcdops

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// door is a way to one member. Implementations return etcd's own errors, or their text; translate gives them meaning.
type door interface {
	status(ctx context.Context) (*etcdserverpb.StatusResponse, error)
	// members reads the list by consensus, or from the member's memory.
	members(ctx context.Context, byConsensus bool) ([]*etcdserverpb.Member, error)
	alarms(ctx context.Context) ([]*etcdserverpb.AlarmMember, error)
	moveLeader(ctx context.Context, target uint64) error
	removeMember(ctx context.Context, id uint64) error
	close() error
}

// translate adds the sentinel a caller can act on and keeps etcd's own words.
func translate(err error) error {
	err = rpctypes.Error(err)
	for _, known := range []struct{ from, to error }{
		{rpctypes.ErrUnhealthy, ErrUnhealthy},
		{rpctypes.ErrMemberNotEnoughStarted, ErrUnhealthy},
		{rpctypes.ErrNoLeader, ErrNoLeader},
		{rpctypes.ErrLeaderChanged, ErrNoLeader},
		{rpctypes.ErrNotLeader, ErrNoLeader},
		{rpctypes.ErrTimeoutDueToLeaderFail, ErrNoLeader},
		{rpctypes.ErrMemberNotFound, ErrUnknownMember},
		{rpctypes.ErrBadLeaderTransferee, ErrUnknownMember},
	} {
		if errors.Is(err, known.from) {
			return fmt.Errorf("%w (%w)", known.to, err)
		}
	}
	return err
}

// isVerdict tells whether the cluster has answered and another member would answer the same.
func isVerdict(err error) bool {
	return errors.Is(err, ErrUnhealthy) || errors.Is(err, ErrUnknownMember)
}
