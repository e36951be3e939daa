package etcdops

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
)

// Execute carries out one plan. ActionNone, ActionWait and ActionRefuse do nothing and succeed: what they mean for
// the caller is the caller's to decide. The snapshot the plan came from may be old by now; etcd itself then refuses a
// removal that would break its active quorum (ErrUnhealthy).
func (c *Client) Execute(ctx context.Context, plan Plan) error {
	switch plan.Action {
	case ActionMoveLeader:
		return c.MoveLeader(ctx, plan.Target)
	case ActionRemoveMember:
		return c.RemoveMember(ctx, plan.Member)
	default:
		return nil
	}
}

// MoveLeader hands leadership to the voter target and returns when etcd's members confirm it. A target that leads
// already is fine. Errors: ErrNoLeader, ErrUnknownMember (no such voter), ErrUnreachable (the leader does not
// answer), ErrNotApplied.
func (c *Client) MoveLeader(ctx context.Context, target uint64) error {
	before, err := c.takeCensus(ctx)
	if err != nil {
		return err
	}
	leader := before.leader()
	switch {
	case leader == target:
		return nil
	case leader == 0:
		return fmt.Errorf("move etcd leadership to %x: %w", target, ErrNoLeader)
	case !slices.ContainsFunc(before.listed, func(m *etcdserverpb.Member) bool { return m.ID == target && !m.IsLearner }):
		return fmt.Errorf("move etcd leadership to %x: %w that could lead", target, ErrUnknownMember)
	}
	seat, ok := before.answers[leader]
	if !ok {
		return fmt.Errorf("move etcd leadership from %x to %x: %w: only the leader can hand it over", leader, target, ErrUnreachable)
	}
	err = c.try(ctx, []string{seat.endpoint}, func(ctx context.Context, d door) error {
		return d.moveLeader(ctx, target)
	})
	if err != nil {
		return fmt.Errorf("move etcd leadership from %x to %x: %w", leader, target, err)
	}
	after, err := c.takeCensus(ctx)
	if err != nil {
		return err
	}
	if now := after.leader(); now != target {
		return fmt.Errorf("move etcd leadership from %x to %x: %w: %x leads", leader, target, ErrNotApplied, now)
	}
	return nil
}

// RemoveMember removes the member and reads the member list again, by consensus and from another member, before it
// reports success. A member that is not there any more is a success too. Nothing is decided here: ask Decide first.
//
// Errors: ErrUnhealthy when etcd refuses (try again later), ErrNoLeader, ErrUnreachable, ErrNotApplied.
func (c *Client) RemoveMember(ctx context.Context, id uint64) error {
	before, err := c.takeCensus(ctx)
	if err != nil {
		return err
	}
	if !before.lists(id) {
		return nil
	}
	endpoints := before.endpoints(id)
	if len(endpoints) == 0 {
		return fmt.Errorf("remove etcd member %x: %w besides the one to remove", id, ErrUnreachable)
	}
	err = c.try(ctx, endpoints, func(ctx context.Context, d door) error {
		return d.removeMember(ctx, id)
	})
	if err != nil && !errors.Is(err, ErrUnknownMember) {
		return fmt.Errorf("remove etcd member %x: %w", id, err)
	}
	return c.verifyRemoved(ctx, endpoints, id)
}

func (c *Client) verifyRemoved(ctx context.Context, endpoints []string, id uint64) error {
	var after census
	err := c.try(ctx, endpoints, func(ctx context.Context, d door) (err error) {
		after.listed, err = d.members(ctx, true)
		return err
	})
	if err != nil {
		return fmt.Errorf("verify that etcd member %x is gone: %w", id, err)
	}
	if after.lists(id) {
		return fmt.Errorf("remove etcd member %x: %w", id, ErrNotApplied)
	}
	return nil
}

func (c *census) lists(id uint64) bool {
	return slices.ContainsFunc(c.listed, func(m *etcdserverpb.Member) bool { return m.ID == id })
}
