package guest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// TestNodesLeaveEtcd takes one cluster through every way in which a control-plane node can leave: etcd, the API servers
// and what lies between are real, and a checker writes through the load balancer all the while. The steps build on each
// other: a cluster costs too much for one each.
func TestNodesLeaveEtcd(t *testing.T) {
	c := newCluster(t, func(options *guest.Options) { options.PeerLinks = true })
	l := &leaving{clusterLife: &clusterLife{cluster: c, machines: map[string]guestapi.Guest{}, vms: map[string]guestapi.VMBoot{}}}
	for _, step := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"the only member is left alone", l.onlyMember},
		{"five servers are up", l.five},
		{"each way sees the same cluster", l.eachWaySees},
		{"a follower leaves by port-forward", l.followerByPortForward},
		{"the leader leaves by etcdctl", l.leaderByExec},
		{"a member leaves by RKE2's annotation", l.byAnnotation},
		{"two leave at once", l.twoAtOnce},
		{"a learner leaves", l.learner},
		{"the leader is cut off, comes back, and is taken out", l.partition},
		{"a dead member, and the brink", l.deadAndBrink},
		{"a member dies during the operation", l.diesMeanwhile},
	} {
		if !t.Run(step.name, func(t *testing.T) { c.t = t; step.do(t) }) {
			break
		}
		c.t = t
	}
}

// leaving is a cluster whose servers leave, one after the other.
type leaving struct {
	*clusterLife
	servers []string
	started int
}

// grow boots servers until there are as many voters as wanted.
func (l *leaving) grow(t *testing.T, size int) {
	t.Helper()
	for len(l.servers) < size {
		l.started++
		name, sample := fmt.Sprintf("cp-%d", l.started), "join"
		if l.started == 1 {
			sample = "init"
		}
		l.start(name, sample)
		l.servers = append(l.servers, name)
		if l.client == nil {
			l.client = l.cluster.client()
		}
		l.awaitMembers(l.servers...)
		l.awaitNode(l.client, name, "ready", ready)
		l.awaitPod(t, "etcd-"+name, true)
	}
}

// guest is the cluster as the provider reaches it, by some ways or all.
func (l *leaving) guest(ways ...etcdops.Way) etcdops.Guest {
	unindent := func(placeholder string) []byte {
		return []byte(strings.ReplaceAll(l.values.Replace(placeholder), "\n      ", "\n"))
	}
	return etcdops.Guest{
		REST: l.config(), Only: ways, RequestTimeout: 5 * time.Second,
		CACert: unindent("@@etcd-server-ca.crt@@"), CAKey: unindent("@@etcd-server-ca.key@@"),
	}
}

func (l *leaving) look(t *testing.T, node string, ways ...etcdops.Way) (etcdops.Result, error) {
	t.Helper()
	routes, flavor, err := l.guest(ways...).Routes(t.Context(), node)
	if err != nil {
		return etcdops.Result{}, err
	}
	defer func() { _ = etcdops.CloseRoutes(routes) }()
	return etcdops.Look(t.Context(), routes, etcdops.Departure{Node: node, Flavor: flavor})
}

// takeOut repeats etcdops.TakeOut as the provider does, until the member is out.
func (l *leaving) takeOut(t *testing.T, node string, ways ...etcdops.Way) etcdops.Result {
	t.Helper()
	var result etcdops.Result
	var last error
	require.Eventually(t, func() bool {
		routes, flavor, err := l.guest(ways...).Routes(t.Context(), node)
		if err != nil {
			last = err
			return false
		}
		defer func() { _ = etcdops.CloseRoutes(routes) }()
		result, last = etcdops.TakeOut(t.Context(), routes, etcdops.Departure{Node: node, Flavor: flavor})
		return last == nil && result.Plan.Action == etcdops.ActionNone
	}, timeout, 500*time.Millisecond, "%s should leave: %v", node, &last)
	t.Logf("%s left by %s", node, result.Way)
	return result
}

// gone ends the machine of a node whose member is out, and checks the member list with etcd itself.
func (l *leaving) gone(t *testing.T, nodes ...string) {
	t.Helper()
	for _, node := range nodes {
		for i, name := range l.servers {
			if name == node {
				l.servers = append(l.servers[:i:i], l.servers[i+1:]...)
				break
			}
		}
	}
	l.awaitMembers(l.servers...)
	for _, node := range nodes {
		l.powerOffAndDelete(t, node)
	}
	l.awaitMembers(l.servers...)
}

// leaderNode is the node of etcd's leader, and others are the rest.
func (l *leaving) leaderNode(t *testing.T) (leader string, others []string) {
	t.Helper()
	require.Eventually(t, func() bool {
		result, err := l.look(t, "")
		leader, others = "", nil
		for _, server := range l.servers {
			for _, m := range result.Snapshot.Members {
				switch {
				case !etcdops.MatchNode(etcdops.RKE2, m.Name, server):
				case m.ID == result.Snapshot.LeaderID:
					leader = server
				default:
					others = append(others, server)
				}
			}
		}
		return err == nil && leader != ""
	}, timeout, 500*time.Millisecond, "somebody should lead")
	return leader, others
}

// checker writes one object again and again, as a controller would, and counts the writes that failed for good.
type checker struct {
	cancel     context.CancelFunc
	done       sync.WaitGroup
	ok, failed atomic.Int64
	longest    atomic.Int64
}

// writePatience is how long a write is tried again: an election takes seconds, a broken quorum does not end.
const writePatience = 60 * time.Second

func (l *leaving) check(t *testing.T) *checker {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &checker{cancel: cancel}
	config := rest.CopyConfig(l.config())
	config.Timeout = 5 * time.Second
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	maps := client.CoreV1().ConfigMaps("default")
	_, _ = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "checker"}}, metav1.CreateOptions{})
	c.done.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			begun := time.Now()
			written := false
			for !written && ctx.Err() == nil && time.Since(begun) < writePatience {
				_, err := maps.Update(ctx, &corev1.ConfigMap{
					ObjectMeta: metav1.ObjectMeta{Name: "checker"}, Data: map[string]string{"count": fmt.Sprint(i)},
				}, metav1.UpdateOptions{})
				written = err == nil
			}
			switch {
			case written:
				c.ok.Add(1)
				c.longest.Store(max(c.longest.Load(), int64(time.Since(begun))))
			case ctx.Err() == nil:
				c.failed.Add(1)
			}
		}
	})
	t.Cleanup(c.stop)
	return c
}

func (c *checker) stop() {
	c.cancel()
	c.done.Wait()
}

// end checks that writes went on, and go on: of two more that succeed, the second began after this was called. One that
// was on its way to a leader that was cut off can take longer than all that a test does meanwhile.
func (c *checker) end(t *testing.T) {
	t.Helper()
	before := c.ok.Load()
	assert.Eventually(t, func() bool { return c.ok.Load() >= before+2 }, 2*writePatience, 10*time.Millisecond, "writes should go on")
	c.stop()
	t.Logf("writes: %d succeeded, %d failed, the longest took %s", c.ok.Load(), c.failed.Load(), time.Duration(c.longest.Load()).Round(time.Millisecond))
	assert.Zero(t, c.failed.Load())
}

func (l *leaving) onlyMember(t *testing.T) {
	t.Helper()
	l.grow(t, 1)
	writes := l.check(t)
	result, err := l.look(t, "cp-1")
	require.NoError(t, err)
	assert.Equal(t, etcdops.ActionNone, result.Plan.Action)
	assert.Contains(t, result.Plan.Reason, "last voter")
	l.takeOut(t, "cp-1")
	l.awaitMembers("cp-1")
	writes.end(t)
}

func (l *leaving) five(t *testing.T) {
	t.Helper()
	l.grow(t, 5)
}

func (l *leaving) eachWaySees(t *testing.T) {
	t.Helper()
	for _, way := range etcdops.Ways {
		result, err := l.look(t, "cp-2", way)
		require.NoError(t, err)
		assert.Equal(t, way, result.Way)
		assert.Len(t, result.Snapshot.Members, 5)
		for _, m := range result.Snapshot.Members {
			assert.True(t, m.Healthy, "%s: %s: %s", way, m.Name, m.Problem)
		}
		report := etcdops.Assess(result.Snapshot, nil)
		assert.Equal(t, []int{5, 5, 3, 2}, []int{report.Voters, report.HealthyVoters, report.Quorum, report.Spare})
	}
	// Without the CA and without what the caller does not want, the next way is taken.
	without := l.guest()
	without.CACert, without.CAKey = nil, nil
	routes, flavor, err := without.Routes(t.Context(), "cp-2")
	require.NoError(t, err)
	defer func() { _ = etcdops.CloseRoutes(routes) }()
	assert.Equal(t, etcdops.RKE2, flavor)
	result, err := etcdops.Look(t.Context(), routes, etcdops.Departure{Node: "cp-2", Flavor: flavor})
	require.NoError(t, err)
	assert.Equal(t, etcdops.WayExec, result.Way)
}

func (l *leaving) followerByPortForward(t *testing.T) {
	t.Helper()
	_, others := l.leaderNode(t)
	writes := l.check(t)
	result := l.takeOut(t, others[0])
	assert.Equal(t, etcdops.WayPortForward, result.Way, "the best way is taken")
	l.gone(t, others[0])
	writes.end(t)
}

func (l *leaving) leaderByExec(t *testing.T) {
	t.Helper()
	leader, _ := l.leaderNode(t)
	writes := l.check(t)
	l.takeOut(t, leader, etcdops.WayExec)
	l.gone(t, leader)
	writes.end(t)
}

func (l *leaving) byAnnotation(t *testing.T) {
	t.Helper()
	_, others := l.leaderNode(t)
	writes := l.check(t)
	l.takeOut(t, others[0], etcdops.WayAnnotation)
	l.gone(t, others[0])
	writes.end(t)
}

func (l *leaving) twoAtOnce(t *testing.T) {
	t.Helper()
	l.grow(t, 4)
	leader, others := l.leaderNode(t)
	writes := l.check(t)
	var both sync.WaitGroup
	for _, node := range []string{leader, others[0]} {
		both.Go(func() { l.takeOut(t, node) })
	}
	both.Wait()
	l.gone(t, leader, others[0])
	writes.end(t)
}

func (l *leaving) learner(t *testing.T) {
	t.Helper()
	l.grow(t, 3)
	writes := l.check(t)
	// A member that was added as a learner and never started has no name; one that did has its node's.
	l.start("cp-learner", "join")
	name := ""
	require.Eventually(t, func() bool {
		members, err := l.manager.Members(t.Context(), l.name)
		for _, m := range members {
			if etcdops.MatchNode(etcdops.RKE2, m.Name, "cp-learner") {
				name = m.Name
			}
		}
		return err == nil && name != ""
	}, timeout, time.Millisecond, "it should join")
	l.takeOut(t, "cp-learner")
	require.NoError(t, l.machines["cp-learner"].Stop(t.Context(), false))
	l.manager.Forget(l.vms["cp-learner"].UID)
	l.takeOut(t, "cp-learner")
	l.awaitMembers(l.servers...)
	writes.end(t)
}

// partition cuts the leader off from the other members, in both directions; its process lives and answers clients. The
// API server beside it is cut off too, as it would hold on to clients that it can do nothing for. The others elect a new
// leader. A mended cable brings the member back as it was; cut off again it is taken out, and finds itself removed when
// it can hear the others.
func (l *leaving) partition(t *testing.T) {
	t.Helper()
	leader, others := l.leaderNode(t)
	before, err := l.manager.Members(t.Context(), l.name)
	require.NoError(t, err)
	l.breakIt(t, leader, guest.FaultAPIServerDown)
	writes := l.check(t)
	for _, heals := range []bool{true, false} {
		l.breakIt(t, leader, guest.FaultEtcdPartition)
		l.awaitPlan(t, leader, etcdops.ActionRemoveMember, "the others elect a leader")
		l.awaitPlan(t, others[0], etcdops.ActionRefuse, "two of three are left, and both are needed")
		require.NotNil(t, l.processOf(leader, "etcd"), "the member that is cut off lives")
		if !heals {
			break
		}
		l.mend(t, leader, guest.FaultEtcdPartition)
		require.Eventually(t, func() bool {
			result, err := l.look(t, "")
			return err == nil && etcdops.Assess(result.Snapshot, nil).HealthyVoters == 3
		}, timeout, 500*time.Millisecond, "it comes back")
		after, err := l.manager.Members(t.Context(), l.name)
		require.NoError(t, err)
		assert.ElementsMatch(t, before, after)
	}
	l.takeOut(t, leader)
	l.mend(t, leader, guest.FaultEtcdPartition)
	require.Eventually(t, func() bool { return l.processOf(leader, "etcd") == nil }, timeout, 100*time.Millisecond,
		"a removed member ends by itself when it hears of it")
	l.gone(t, leader)
	writes.end(t)
}

// awaitPlan waits until the departure of a node is planned as wanted.
func (l *leaving) awaitPlan(t *testing.T, node string, wanted etcdops.Action, why string) {
	t.Helper()
	var result etcdops.Result
	var last error
	if !assert.Eventually(t, func() bool {
		result, last = l.look(t, node)
		return last == nil && result.Plan.Action == wanted
	}, timeout, 500*time.Millisecond, why) {
		t.Fatalf("%s: by %s: %v: %v", node, result.Way, result.Plan, last)
	}
}

func (l *leaving) deadAndBrink(t *testing.T) {
	t.Helper()
	l.grow(t, 3)
	_, others := l.leaderNode(t)
	dead, next := others[0], others[1]
	l.breakIt(t, dead, guest.FaultPartition)
	writes := l.check(t)
	l.awaitPlan(t, next, etcdops.ActionRefuse, "at the brink nobody else may go")
	for _, way := range []etcdops.Way{etcdops.WayPortForward, etcdops.WayExec} {
		routes, flavor, err := l.guest(way).Routes(t.Context(), next)
		require.NoError(t, err)
		result, err := etcdops.TakeOut(t.Context(), routes, etcdops.Departure{Node: next, Flavor: flavor})
		require.NoError(t, err)
		assert.Equal(t, etcdops.ActionRefuse, result.Plan.Action)
		assert.False(t, result.Acted)
		require.NoError(t, etcdops.CloseRoutes(routes))
	}
	members, err := l.manager.Members(t.Context(), l.name)
	require.NoError(t, err)
	assert.Len(t, members, 3)
	l.runbook(t, dead, next)
	l.gone(t, dead)
	writes.end(t)
}

// diesMeanwhile kills a second member between the plan and its execution: etcd itself must keep the quorum then, and
// the departure must go on when the member is back.
func (l *leaving) diesMeanwhile(t *testing.T) {
	t.Helper()
	l.grow(t, 3)
	_, others := l.leaderNode(t)
	node, victim := others[0], others[1]
	routes, flavor, err := l.guest(etcdops.WayPortForward).Routes(t.Context(), node)
	require.NoError(t, err)
	defer func() { _ = etcdops.CloseRoutes(routes) }()
	result, err := etcdops.Look(t.Context(), routes, etcdops.Departure{Node: node, Flavor: flavor})
	require.NoError(t, err)
	require.Equal(t, etcdops.ActionRemoveMember, result.Plan.Action)
	l.breakIt(t, victim, guest.FaultEtcdDown)
	writes := l.check(t)
	err = routes[0].Observer.Execute(t.Context(), result.Plan)
	if err != nil {
		// etcd noticed the loss in time, as it does within its heartbeat.
		require.NotErrorIs(t, err, etcdops.ErrNotApplied)
	}
	l.mend(t, victim, guest.FaultEtcdDown)
	l.awaitNode(l.client, victim, "ready", ready)
	l.takeOut(t, node)
	l.gone(t, node)
	writes.end(t)
}
