package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Errors a caller can act on.
var (
	// ErrNotMember means that the cluster has no such member, or no longer.
	ErrNotMember = errors.New("no member of the etcd cluster")
	// ErrLastMember refuses to remove the only voter.
	ErrLastMember = errors.New("the last etcd member cannot be removed")
)

const (
	// callTimeout bounds one call; another endpoint is tried after it.
	callTimeout = 5 * time.Second
	// retryInterval paces what etcd refuses for a short while, such as a change
	// of members within about 5 s of the last one.
	retryInterval = 300 * time.Millisecond
)

// Dial opens a client of the cluster; close it after use.
func Dial(endpoints []string, config *tls.Config) (*clientv3.Client, error) {
	client, err := clientv3.New(clientv3.Config{
		Endpoints: endpoints, TLS: config.Clone(), DialTimeout: callTimeout, Logger: zap.NewNop(),
	})
	if err != nil {
		return nil, fmt.Errorf("opening an etcd client: %w", err)
	}
	return client, nil
}

// AddLearner adds the member to the cluster as a learner and returns what its
// etcd must be told as initial cluster. What an earlier attempt, or an earlier
// machine of that address, left behind is removed first. It retries until ctx
// ends: etcd refuses while another member is still joining; one that never will
// is removed in the end.
func (m Member) AddLearner(ctx context.Context, client *clientv3.Client) (initialCluster string, err error) {
	missing := abandoned{}
	err = retry(ctx, func() error {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		if err := m.removeStale(call, client); err != nil {
			return err
		}
		added, err := client.MemberAddAsLearner(call, []string{m.PeerURL()})
		if errors.Is(err, rpctypes.ErrTooManyLearners) {
			return errors.Join(err, missing.makeRoom(call, client))
		}
		if err != nil {
			return err
		}
		initialCluster = m.initialCluster(added.Members)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("adding etcd member %s: %w", m.Name, err)
	}
	return initialCluster, nil
}

// removeStale removes members that claim this member's address.
func (m Member) removeStale(ctx context.Context, client *clientv3.Client) error {
	list, err := client.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, member := range list.Members {
		if slices.Contains(member.PeerURLs, m.PeerURL()) {
			if _, err := client.MemberRemove(ctx, member.ID); err != nil && !errors.Is(err, rpctypes.ErrMemberNotFound) {
				return err
			}
		}
	}
	return nil
}

// initialCluster is etcd's name=url list. A member that has not started yet has
// no name but must be listed; only our own is known to be starting.
func (m Member) initialCluster(members []*pb.Member) string {
	var entries []string
	for _, member := range members {
		name := member.Name
		if slices.Contains(member.PeerURLs, m.PeerURL()) {
			name = m.Name
		}
		for _, peer := range member.PeerURLs {
			entries = append(entries, name+"="+peer)
		}
	}
	return strings.Join(entries, ",")
}

// Promote makes the learner a voter, retrying until it has caught up. A member
// that is a voter already is left alone.
func (m Member) Promote(ctx context.Context, client *clientv3.Client) error {
	err := retry(ctx, func() error {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		list, err := client.MemberList(call)
		if err != nil {
			return err
		}
		for _, member := range list.Members {
			if slices.Contains(member.PeerURLs, m.PeerURL()) {
				if !member.IsLearner {
					return nil
				}
				_, err := client.MemberPromote(call, member.ID)
				return err
			}
		}
		return final(ErrNotMember)
	})
	if err != nil {
		return fmt.Errorf("promoting etcd member %s: %w", m.Name, err)
	}
	return nil
}

// Remove takes the member of that name out of the cluster, reads back that it is
// gone, and reports whether it was there: one that is not is no error, as the
// end is reached. It does not retry; etcd refuses while a member has joined
// less than about 5 s ago, and when the rest would have no quorum.
func Remove(ctx context.Context, client *clientv3.Client, name string) (removed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	defer func() {
		if err != nil {
			err = fmt.Errorf("removing etcd member %s: %w", name, err)
		}
	}()
	named := func(m *pb.Member) bool { return m.Name == name }
	list, err := client.MemberList(ctx)
	if err != nil {
		return false, err
	}
	index := slices.IndexFunc(list.Members, named)
	if index < 0 {
		return false, nil
	}
	if len(list.Members) == 1 {
		return false, ErrLastMember
	}
	left, err := client.MemberRemove(ctx, list.Members[index].ID)
	switch {
	case errors.Is(err, rpctypes.ErrMemberNotFound):
		return false, nil // somebody else was faster
	case err != nil:
		return false, err
	case slices.ContainsFunc(left.Members, named):
		return false, errors.New("it is still listed")
	}
	return true, nil
}

// finalError ends a retry at once.
type finalError struct{ error }

func (f finalError) Unwrap() error { return f.error }

func final(err error) error { return finalError{err} }

// retry repeats an attempt until it succeeds, fails for good, or ctx ends; then
// the error holds both ctx's and the last attempt's.
func retry(ctx context.Context, attempt func() error) error {
	ticker := time.NewTicker(retryInterval)
	defer ticker.Stop()
	for {
		err := attempt()
		if err == nil || errors.As(err, new(finalError)) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, last: %w", ctx.Err(), err)
		case <-ticker.C:
		}
	}
}
