package etcdops

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
)

// Observe reads the member list, asks every member for its own state, and lists the alarms. Members, LeaderID and
// Alarms of the Snapshot are filled; the caller adds the intent.
//
// A member that does not answer is not an error: it is in the list with Healthy false and Problem saying why. The
// error is ErrUnreachable when no one answered. All members are asked at the same time, so the call takes about two
// request timeouts at most, whatever the number of dead members.
func (c *Client) Observe(ctx context.Context) (Snapshot, error) {
	census, err := c.takeCensus(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	snapshot := Snapshot{Members: census.members(), LeaderID: census.leader()}
	if snapshot.LeaderID == 0 {
		return snapshot, nil
	}
	if snapshot.Alarms, err = c.alarms(ctx, census); err != nil {
		return Snapshot{}, err
	}
	return snapshot, nil
}

// census is what one round of questions brought.
type census struct {
	listed  []*etcdserverpb.Member
	answers map[uint64]answer // by the member that gave it
	silent  map[string]error  // endpoints without an answer
}

// answer is one member's word about itself.
type answer struct {
	endpoint string
	status   *etcdserverpb.StatusResponse
}

// takeCensus asks the configured endpoints first. Members that answered on none of them are then asked at the URLs
// they advertise. Whose answer it is, is told by the member ID in it and not by the address: behind a port-forward
// every address may lead to the same member.
func (c *Client) takeCensus(ctx context.Context) (*census, error) {
	result := &census{answers: map[uint64]answer{}, silent: map[string]error{}}
	c.ask(ctx, c.endpoints, result)
	if err := c.list(ctx, result); err != nil {
		return nil, err
	}
	if !c.advertised {
		return result, nil
	}
	var advertised []string
	for _, member := range result.listed {
		if _, ok := result.answers[member.ID]; ok {
			continue
		}
		for _, url := range member.ClientURLs {
			if !slices.Contains(c.endpoints, url) {
				advertised = append(advertised, url)
			}
		}
	}
	c.ask(ctx, advertised, result)
	return result, nil
}

// ask sends a status request to all endpoints at once and files the answers.
func (c *Client) ask(ctx context.Context, endpoints []string, into *census) {
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	for _, endpoint := range endpoints {
		wg.Go(func() {
			status, err := c.status(ctx, endpoint)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				into.silent[endpoint] = err
				return
			}
			into.answers[status.Header.MemberId] = answer{endpoint: endpoint, status: status}
		})
	}
	wg.Wait()
}

func (c *Client) status(ctx context.Context, endpoint string) (*etcdserverpb.StatusResponse, error) {
	var status *etcdserverpb.StatusResponse
	err := c.call(ctx, endpoint, func(ctx context.Context, d door) (err error) {
		status, err = d.status(ctx)
		return err
	})
	return status, err
}

// list reads the member list by consensus from a member that knows a leader, and from anybody's memory when there is
// no quorum: an old list still says who ought to be there.
func (c *Client) list(ctx context.Context, into *census) error {
	endpoints := into.endpoints(0)
	if len(endpoints) == 0 {
		return fmt.Errorf("%w: %w", ErrUnreachable, into.firstFailure())
	}
	read := func(byConsensus bool) error {
		return c.try(ctx, endpoints, func(ctx context.Context, d door) error {
			listed, err := d.members(ctx, byConsensus)
			if err == nil {
				into.listed = listed
			}
			return err
		})
	}
	if into.leader() != 0 && read(true) == nil {
		return nil
	}
	if err := read(false); err != nil {
		return fmt.Errorf("list etcd members: %w", err)
	}
	return nil
}

func (c *Client) alarms(ctx context.Context, from *census) ([]Alarm, error) {
	var raised []*etcdserverpb.AlarmMember
	err := c.try(ctx, from.endpoints(0), func(ctx context.Context, d door) (err error) {
		raised, err = d.alarms(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list etcd alarms: %w", err)
	}
	var alarms []Alarm
	for _, alarm := range raised {
		alarms = append(alarms, Alarm{MemberID: alarm.MemberID, Type: AlarmType(alarm.Alarm.String())})
	}
	slices.SortFunc(alarms, func(a, b Alarm) int {
		return cmp.Or(cmp.Compare(a.MemberID, b.MemberID), cmp.Compare(a.Type, b.Type))
	})
	return alarms, nil
}

// leader is the leader that the members with the highest term know of; 0 when they know none.
func (c *census) leader() uint64 {
	var term, leader uint64
	for _, a := range c.answers {
		switch {
		case a.status.RaftTerm > term:
			term, leader = a.status.RaftTerm, a.status.Leader
		case a.status.RaftTerm == term && leader == 0:
			leader = a.status.Leader
		}
	}
	return leader
}

// endpoints returns where voters answered, except the given member, those that know the leader first.
func (c *census) endpoints(except uint64) []string {
	ids := make([]uint64, 0, len(c.answers))
	for id, a := range c.answers {
		if id != except && !a.status.IsLearner {
			ids = append(ids, id)
		}
	}
	leader := c.leader()
	slices.SortFunc(ids, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(c.distance(a, leader), c.distance(b, leader)), cmp.Compare(a, b))
	})
	endpoints := make([]string, len(ids))
	for i, id := range ids {
		endpoints[i] = c.answers[id].endpoint
	}
	return endpoints
}

// distance is 0 for the leader, 1 for a member that follows it and 2 for one that does not.
func (c *census) distance(id, leader uint64) int {
	switch {
	case leader == 0 || c.answers[id].status.Leader != leader:
		return 2
	case id == leader:
		return 0
	default:
		return 1
	}
}

func (c *census) firstFailure() error {
	endpoints := make([]string, 0, len(c.silent))
	for endpoint := range c.silent {
		endpoints = append(endpoints, endpoint)
	}
	if len(endpoints) == 0 {
		return fmt.Errorf("only learners answer")
	}
	return c.silent[slices.Min(endpoints)]
}

func (c *census) members() []Member {
	leader := c.leader()
	members := make([]Member, len(c.listed))
	for i, listed := range c.listed {
		members[i] = c.member(listed, leader)
	}
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return members
}

func (c *census) member(listed *etcdserverpb.Member, leader uint64) Member {
	m := Member{
		ID: listed.ID, Name: listed.Name, Learner: listed.IsLearner,
		PeerURLs: listed.PeerURLs, ClientURLs: listed.ClientURLs,
	}
	a, answered := c.answers[m.ID]
	if !answered {
		m.Problem = c.whySilent(listed)
		return m
	}
	m.Version = a.status.Version
	m.RaftIndex, m.RaftAppliedIndex = a.status.RaftIndex, a.status.RaftAppliedIndex
	m.Revision = a.status.Header.Revision
	m.DBSize, m.DBSizeInUse, m.DBQuota = a.status.DbSize, a.status.DbSizeInUse, a.status.DbSizeQuota
	switch {
	case a.status.Leader == 0:
		m.Problem = "it knows no leader"
	case a.status.Leader != leader:
		m.Problem = fmt.Sprintf("it follows %x while the others follow %x", a.status.Leader, leader)
	default:
		m.Healthy = true
	}
	return m
}

func (c *census) whySilent(listed *etcdserverpb.Member) string {
	if listed.Name == "" {
		return "it has not started yet"
	}
	for _, url := range listed.ClientURLs {
		if err := c.silent[url]; err != nil {
			return err.Error()
		}
	}
	return "it did not answer on any endpoint"
}
