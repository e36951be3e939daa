package etcd

import (
	"context"
	"errors"
	"net"
	"net/url"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// abandonedAfter is how many tries in a row a learner may refuse connections,
// about 10 s, before it counts as left behind by a machine that died.
const abandonedAfter = 30

// abandoned counts, try by try, how often each learner could not be reached.
// etcd admits one learner at a time, so one whose machine died while it joined
// would keep all others out.
type abandoned map[uint64]int

// note takes in what one try found and returns the learners to give up. A
// learner that answers, or is a voter by now, starts from nothing.
func (a abandoned) note(members []*pb.Member, reachable func(peerURL string) bool) []uint64 {
	var lost []uint64
	for _, member := range members {
		if !member.IsLearner || len(member.PeerURLs) == 0 || reachable(member.PeerURLs[0]) {
			delete(a, member.ID)
			continue
		}
		a[member.ID]++
		if a[member.ID] >= abandonedAfter {
			lost = append(lost, member.ID)
		}
	}
	return lost
}

// makeRoom removes learners that are given up.
func (a abandoned) makeRoom(ctx context.Context, client *clientv3.Client) error {
	list, err := client.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, id := range a.note(list.Members, func(peerURL string) bool { return accepts(ctx, peerURL) }) {
		if _, err := client.MemberRemove(ctx, id); err != nil && !errors.Is(err, rpctypes.ErrMemberNotFound) {
			return err
		}
	}
	return nil
}

// accepts reports whether somebody listens at a URL.
func accepts(ctx context.Context, address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", parsed.Host)
	if err != nil {
		return false
	}
	return connection.Close() == nil
}
