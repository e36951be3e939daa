package etcdops_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

func TestAFollowerLeavesWhileWritesGoOn(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 3)
	leaving := c.follower()
	w := c.write(stayers(c, leaving)...)

	assert.Equal(t, []etcdops.Action{etcdops.ActionRemoveMember}, c.takeOut(leaving))

	ok, lost := w.end()
	assert.Positive(t, ok)
	assert.Zero(t, lost, "of %d writes", ok)
	assert.NotContains(t, names(c.observe()), leaving.name)
	assert.Len(t, c.observe().Members, 2)
	select {
	case <-leaving.exited:
	case <-time.After(patience):
		t.Error("etcd exits by itself when it is removed")
	}
	assert.Equal(t, etcdops.ActionNone, etcdops.Decide(c.leaving(leaving)).Action)
}

func TestTheLeaderHandsOverBeforeItLeaves(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 3)
	leaving := c.leader()
	w := c.write(stayers(c, leaving)...)

	actions := c.takeOut(leaving)

	_, lost := w.end()
	assert.Equal(t, etcdops.ActionMoveLeader, actions[0])
	assert.Equal(t, etcdops.ActionRemoveMember, actions[len(actions)-1])
	assert.Zero(t, lost)
	assert.NotContains(t, names(c.observe()), leaving.name)
	assert.NotZero(t, c.observe().LeaderID)
}

func TestADeadMemberIsTakenOutAndThenTheBrinkIsRespected(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 3)
	dead, next := c.follower(), c.leader()
	dead.kill()
	c.waitFor("the failure to be seen", func(s etcdops.Snapshot) bool { return len(healthy(s)) == 2 })

	brink := c.leaving(next)
	assert.Equal(t, etcdops.ActionRefuse, etcdops.Decide(brink).Action, "one healthy of two would be left")
	err := c.client().RemoveMember(t.Context(), memberOf(t, brink, next).ID)
	require.ErrorIs(t, err, etcdops.ErrUnhealthy, "etcd refuses by itself what Decide would not ask for")
	assert.Len(t, c.observe().Members, 3)

	assert.Equal(t, []etcdops.Action{etcdops.ActionRemoveMember}, c.takeOut(dead))
	c.takeOut(next)
	last := c.observe()
	require.Len(t, last.Members, 1)
	for _, p := range c.members {
		if p.name == last.Members[0].Name {
			assert.Equal(t, etcdops.ActionNone, etcdops.Decide(c.leaving(p)).Action, "the last member is left alone")
		}
	}
}

func TestWithoutQuorumNothingIsTouched(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 3)
	for _, p := range c.members[:2] {
		p.kill()
	}
	c.waitFor("the loss of quorum to be seen", func(s etcdops.Snapshot) bool { return s.LeaderID == 0 })

	s := c.leaving(c.members[0])
	assert.Len(t, s.Members, 3, "the list is still read, from memory")
	assert.Empty(t, healthy(s))
	assert.Equal(t, etcdops.ActionRefuse, etcdops.Decide(s).Action)
	err := c.client().RemoveMember(t.Context(), memberOf(t, s, c.members[0]).ID)
	require.Error(t, err)

	c.members[2].kill()
	_, err = c.client().Observe(t.Context())
	require.ErrorIs(t, err, etcdops.ErrUnreachable)
}

func TestALearnerJoinsAndLeaves(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 1)
	learner := c.join()
	c.waitFor("the learner to start", func(s etcdops.Snapshot) bool { return len(s.Members) == 2 && len(healthy(s)) == 2 })

	s := c.leaving(learner)
	assert.True(t, memberOf(t, s, learner).Learner)
	assert.Equal(t, etcdops.ActionWait, etcdops.Decide(c.leaving(c.members[0])).Action, "the only voter waits for its successor")
	err := c.client().MoveLeader(t.Context(), memberOf(t, s, learner).ID)
	require.ErrorIs(t, err, etcdops.ErrUnknownMember, "a learner cannot lead")

	assert.Equal(t, []etcdops.Action{etcdops.ActionRemoveMember}, c.takeOut(learner))
	assert.Len(t, c.observe().Members, 1)
}

func TestMembersAreReachedByTheirOwnWord(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 3)

	one := c.clientFor(c.members[0].clientURL())
	s, err := one.Observe(t.Context())
	require.NoError(t, err)
	assert.Len(t, healthy(s), 3, "one endpoint leads to the others by the URLs they advertise")
	for _, m := range s.Members {
		assert.Regexp(t, `^3\.\d+\.\d+`, m.Version)
		assert.Positive(t, m.DBSize)
		assert.Positive(t, m.RaftAppliedIndex)
		assert.Empty(t, m.Problem)
	}

	// Behind a port-forward all addresses lead to one pod. The answers must not be taken for those of three members.
	certificate, err := etcdops.ClientCertificate(c.ca.certPEM, c.ca.keyPEM, etcdops.CertificateOptions{ServerName: "localhost"})
	require.NoError(t, err)
	funnel, err := etcdops.Dial(t.Context(), etcdops.Config{
		TLS: certificate, Endpoints: []string{"https://etcd-cp-1:2379"},
		Dialer: func(ctx context.Context, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", c.members[0].ip+":2379")
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = funnel.Close() })
	s, err = funnel.Observe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{c.members[0].name}, healthy(s))

	// RouteByHost leads each name to its pod and nowhere else.
	routes := map[string]etcdops.DialFunc{}
	var endpoints []string
	for _, p := range c.members[:2] {
		routes["etcd-"+p.node] = func(ctx context.Context, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", p.ip+":2379")
		}
		endpoints = append(endpoints, "https://etcd-"+p.node+":2379")
	}
	routed, err := etcdops.Dial(t.Context(), etcdops.Config{TLS: certificate, Endpoints: endpoints, Dialer: etcdops.RouteByHost(routes)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = routed.Close() })
	s, err = routed.Observe(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{c.members[0].name, c.members[1].name}, healthy(s))
	assert.Contains(t, memberOf(t, s, c.members[2]).Problem, "no route")
}

func TestStrangersAreTurnedAway(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 1)
	stranger := newAuthority(t, time.Now().Add(time.Hour))
	certificate, err := etcdops.ClientCertificate(stranger.certPEM, stranger.keyPEM, etcdops.CertificateOptions{ServerName: "localhost"})
	require.NoError(t, err)
	client, err := etcdops.Dial(t.Context(), etcdops.Config{TLS: certificate, Endpoints: []string{c.members[0].clientURL()}, RequestTimeout: 3 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	_, err = client.Observe(t.Context())
	require.ErrorIs(t, err, etcdops.ErrUnreachable)
	assert.ErrorContains(t, err, "certificate", "the reason is told")
}

func TestRemovingWhatIsNotThereIsFine(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 1)
	client := c.client()
	require.NoError(t, client.RemoveMember(t.Context(), 0xdead))
	require.NoError(t, client.Execute(t.Context(), etcdops.Plan{Action: etcdops.ActionRefuse, Member: 1}))
	err := client.MoveLeader(t.Context(), 0xdead)
	require.ErrorIs(t, err, etcdops.ErrUnknownMember)
	require.NoError(t, client.MoveLeader(t.Context(), c.observe().LeaderID), "who leads already may lead on")

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.Observe(cancelled)
	assert.True(t, errors.Is(err, context.Canceled) || errors.Is(err, etcdops.ErrUnreachable), "%v", err)

	require.NoError(t, client.Close())
	require.NoError(t, client.Close())
	_, err = client.Observe(t.Context())
	require.Error(t, err)
}

func stayers(c *etcdCluster, leaving *etcdProcess) []*etcdProcess {
	var stay []*etcdProcess
	for _, p := range c.members {
		if p != leaving {
			stay = append(stay, p)
		}
	}
	return stay
}

func memberOf(t *testing.T, s etcdops.Snapshot, p *etcdProcess) etcdops.Member {
	t.Helper()
	for _, m := range s.Members {
		if m.Name == p.name {
			return m
		}
	}
	t.Fatalf("%s is not among %v", p.name, names(s))
	return etcdops.Member{}
}
