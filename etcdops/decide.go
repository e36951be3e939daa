package etcdops

import (
	"cmp"
	"fmt"
	"slices"
)

// Decide plans the next step that brings the leaving node's member out of etcd, or says why there is none. It is a
// pure function: the same snapshot gives the same plan, whatever the order of its members.
//
// It never plans a removal that would leave fewer healthy voters than the quorum of the voters that remain. A member
// with a CORRUPT alarm counts as unhealthy here, whatever it says about itself. While a healthy member is needed for the
// quorum of those that stay and is still far behind, the plan is to wait: writes would stand still until it caught up.
func Decide(s Snapshot) Plan {
	switch {
	case s.ClusterDeleting:
		return none("the whole cluster is being deleted, so its etcd is left alone")
	case s.LeavingNode == "":
		return none("no node is leaving")
	}
	view := newView(s)
	if len(view.leaving) == 0 {
		return none("no etcd member belongs to node %s", s.LeavingNode)
	}
	return view.planRemoval(view.leaving[0])
}

// view is the snapshot sorted into what the decision needs.
type view struct {
	snapshot Snapshot
	// leaving are the members of the leaving node, the cheapest to remove first.
	leaving []Member
	corrupt map[uint64]bool
	// newest is the highest log position that any healthy member knows of.
	newest uint64
}

// maxLag is how many log entries a member may be behind and still count for the quorum of those that stay. etcd keeps
// about that many for followers that are slow (its snapshot-catchup-entries); who is further behind needs a snapshot.
const maxLag = 5000

func newView(s Snapshot) view {
	v := view{snapshot: s, corrupt: map[uint64]bool{}}
	for _, alarm := range s.Alarms {
		if alarm.Type == AlarmCorrupt {
			v.corrupt[alarm.MemberID] = true
		}
	}
	for _, member := range s.Members {
		if v.healthy(member) {
			v.newest = max(v.newest, member.RaftIndex)
		}
		if MatchNode(s.Flavor, member.Name, s.LeavingNode) {
			v.leaving = append(v.leaving, member)
		}
	}
	slices.SortFunc(v.leaving, v.byRemovalCost)
	return v
}

// byRemovalCost puts learners before voters, and unhealthy ones and laggards before those that take part: a node that rejoined under a new
// member name may have left its old member behind, and that one is free to go.
func (v view) byRemovalCost(a, b Member) int {
	return cmp.Or(
		cmp.Compare(v.removalCost(a), v.removalCost(b)),
		cmp.Compare(a.ID, b.ID),
	)
}

func (v view) removalCost(m Member) int {
	switch {
	case m.Learner:
		return 0
	case !v.healthy(m):
		return 1
	case v.lags(m):
		return 2
	default:
		return 3
	}
}

func (v view) healthy(m Member) bool {
	return m.Healthy && !v.corrupt[m.ID]
}

// lags tells whether a healthy member is too far behind to take part in decisions at once.
func (v view) lags(m Member) bool {
	return v.healthy(m) && v.newest > m.RaftAppliedIndex && v.newest-m.RaftAppliedIndex > maxLag
}

// laggards are the voters that lag, without the member gone.
func (v view) laggards(gone Member) []Member {
	var found []Member
	for _, m := range v.snapshot.Members {
		if m.ID != gone.ID && !m.Learner && v.lags(m) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return found
}

// remaining counts the voters, the healthy voters and the healthy learners there would be without the member gone.
func (v view) remaining(gone uint64) (voters, healthy, learners int) {
	for _, m := range v.snapshot.Members {
		switch {
		case m.ID == gone:
		case m.Learner && v.healthy(m) && !v.isLeaving(m):
			learners++
		case m.Learner:
		default:
			voters++
			if v.healthy(m) {
				healthy++
			}
		}
	}
	return voters, healthy, learners
}

func (v view) isLeaving(m Member) bool {
	return slices.ContainsFunc(v.leaving, func(l Member) bool { return l.ID == m.ID })
}

func (v view) planRemoval(m Member) Plan {
	voters, healthy, learners := v.remaining(m.ID)
	switch {
	case voters == 0 && learners == 0:
		return none("member %s is the last voter and is left alone", describe(m))
	case !v.hasQuorum():
		return Plan{Action: ActionRefuse, Reason: fmt.Sprintf(
			"etcd has no quorum (%s), so no member can be removed; bring members back first", v.tally())}
	case v.snapshot.LeaderID == 0 && !v.snapshot.LeaderHidden:
		return Plan{Action: ActionWait, Reason: "etcd has no agreed leader yet; an election is expected"}
	case m.Learner:
		return v.remove(m, "it is a learner and has no vote")
	case voters == 0:
		return Plan{Action: ActionWait, Reason: fmt.Sprintf(
			"member %s is the last voter; a learner is about to be promoted", describe(m))}
	case healthy < quorum(voters):
		return Plan{Action: ActionRefuse, Reason: fmt.Sprintf(
			"without member %s only %d of %d voters would be healthy and quorum is %d; bring members back first",
			describe(m), healthy, voters, quorum(voters))}
	case v.healthy(m) && !v.lags(m) && healthy-len(v.laggards(m)) < quorum(voters):
		return v.waitFor(v.laggards(m)[0])
	case v.healthy(m) && learners > 0 && voters < v.snapshot.DesiredVoters:
		return Plan{Action: ActionWait, Reason: fmt.Sprintf(
			"a learner is about to be promoted; without member %s there would be %d of %d desired voters until then",
			describe(m), voters, v.snapshot.DesiredVoters)}
	case v.snapshot.LeaderID == m.ID && v.healthy(m):
		return v.moveLeader(m)
	default:
		return v.remove(m, fmt.Sprintf("%d of %d remaining voters are healthy and quorum is %d", healthy, voters, quorum(voters)))
	}
}

func (v view) waitFor(laggard Member) Plan {
	return Plan{Action: ActionWait, Reason: fmt.Sprintf(
		"member %s is %d log entries behind and is needed for the quorum of those that stay; wait until it has caught up",
		describe(laggard), v.newest-laggard.RaftAppliedIndex)}
}

func (v view) hasQuorum() bool {
	voters, healthy, _ := v.remaining(0)
	return healthy >= quorum(voters)
}

func (v view) tally() string {
	voters, healthy, _ := v.remaining(0)
	return fmt.Sprintf("%d of %d voters are healthy, quorum is %d", healthy, voters, quorum(voters))
}

func (v view) remove(m Member, why string) Plan {
	return Plan{Action: ActionRemoveMember, Member: m.ID, Reason: fmt.Sprintf("remove member %s: %s", describe(m), why)}
}

// moveLeader hands leadership to the healthy voter that lags least. The quorum check before it has shown that there
// is a healthy voter besides the leader; those of the leaving node are no use.
func (v view) moveLeader(leader Member) Plan {
	candidates := slices.DeleteFunc(slices.Clone(v.snapshot.Members), func(m Member) bool {
		return m.ID == leader.ID || m.Learner || !v.healthy(m) || v.isLeaving(m)
	})
	if len(candidates) == 0 {
		return v.remove(leader, "it leads, and no other healthy voter stays that could lead before it goes")
	}
	target := slices.MinFunc(candidates, func(a, b Member) int {
		return cmp.Or(cmp.Compare(b.RaftAppliedIndex, a.RaftAppliedIndex), cmp.Compare(a.ID, b.ID))
	})
	return Plan{
		Action: ActionMoveLeader, Member: leader.ID, Target: target.ID,
		Reason: fmt.Sprintf("member %s leads and is leaving; member %s takes over first", describe(leader), describe(target)),
	}
}

// quorum is the number of votes a decision needs among so many voters.
func quorum(voters int) int { return voters/2 + 1 }

func none(format string, args ...any) Plan {
	return Plan{Action: ActionNone, Reason: fmt.Sprintf(format, args...)}
}

// describe names a member as etcdctl prints it, so that people can find it there.
func describe(m Member) string {
	if m.Name == "" {
		return fmt.Sprintf("%x (not started)", m.ID)
	}
	return fmt.Sprintf("%x (%s)", m.ID, m.Name)
}
