package etcdops

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// members describes a cluster in short: for each node one letter, V healthy voter, v dead voter, L healthy learner, l
// dead learner, S healthy voter that is far behind, C voter that says it is healthy and has a CORRUPT alarm (which
// alarms gives). Member i has the ID i+1, and runs on node "n<i+1>".
func members(letters string) []Member {
	var list []Member
	for i, letter := range letters {
		id, position := uint64(i+1), uint64(100)
		if letter != 'S' {
			position += maxLag + 1
		}
		list = append(list, Member{
			ID: id, Name: fmt.Sprintf("n%d-%08x", id, 0xabc0+id),
			Healthy: letter != 'v' && letter != 'l', Learner: letter == 'L' || letter == 'l',
			RaftIndex: position, RaftAppliedIndex: position,
		})
	}
	return list
}

func alarms(letters string) []Alarm {
	var raised []Alarm
	for i, letter := range letters {
		if letter == 'C' {
			raised = append(raised, Alarm{MemberID: uint64(i + 1), Type: AlarmCorrupt})
		}
	}
	return raised
}

func TestDecide(t *testing.T) {
	for name, c := range map[string]struct {
		letters string
		leader  uint64
		change  func(*Snapshot)
		want    Plan
	}{
		"no one leaves": {
			letters: "VVV", leader: 1, change: func(s *Snapshot) { s.LeavingNode = "" },
			want: Plan{Action: ActionNone, Reason: "no node is leaving"},
		},
		"the cluster goes": {
			letters: "VVV", leader: 1, change: func(s *Snapshot) { s.ClusterDeleting = true },
			want: Plan{Action: ActionNone, Reason: "the whole cluster is being deleted, so its etcd is left alone"},
		},
		"its member is gone already": {
			letters: "VVV", leader: 1, change: func(s *Snapshot) { s.LeavingNode = "n9" },
			want: Plan{Action: ActionNone, Reason: "no etcd member belongs to node n9"},
		},
		"a node whose name starts another's": {
			letters: "VVV", leader: 1, change: func(s *Snapshot) { s.LeavingNode = "n" },
			want: Plan{Action: ActionNone, Reason: "no etcd member belongs to node n"},
		},
		"a follower": {
			letters: "VVV", leader: 1, change: func(s *Snapshot) { s.LeavingNode = "n2" },
			want: Plan{Action: ActionRemoveMember, Member: 2, Reason: "remove member 2 (n2-0000abc2): 2 of 2 remaining voters are healthy and quorum is 2"},
		},
		"the leader": {
			letters: "VVV", leader: 3,
			want: Plan{Action: ActionMoveLeader, Member: 3, Target: 1, Reason: "member 3 (n3-0000abc3) leads and is leaving; member 1 (n1-0000abc1) takes over first"},
		},
		"the leader hands over to who lags least": {
			letters: "VVV", leader: 3, change: func(s *Snapshot) { s.Members[1].RaftAppliedIndex++ },
			want: Plan{Action: ActionMoveLeader, Member: 3, Target: 2, Reason: "member 3 (n3-0000abc3) leads and is leaving; member 2 (n2-0000abc2) takes over first"},
		},
		"a leader that does not answer cannot hand over": {
			letters: "VVv", leader: 3,
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 2 of 2 remaining voters are healthy and quorum is 2"},
		},
		"a dead member": {
			letters: "VVv", leader: 1,
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 2 of 2 remaining voters are healthy and quorum is 2"},
		},
		"at the brink": {
			letters: "VvV", leader: 1,
			want: Plan{Action: ActionRefuse, Reason: "without member 3 (n3-0000abc3) only 1 of 2 voters would be healthy and quorum is 2; bring members back first"},
		},
		"no quorum": {
			letters: "Vvv",
			want:    Plan{Action: ActionRefuse, Reason: "etcd has no quorum (1 of 3 voters are healthy, quorum is 2), so no member can be removed; bring members back first"},
		},
		"two of two": {
			letters: "VVV", leader: 1, change: func(s *Snapshot) { s.Members = s.Members[1:]; s.LeaderID = 2 },
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 1 of 1 remaining voters are healthy and quorum is 1"},
		},
		"the last": {
			letters: "V", leader: 1, change: func(s *Snapshot) { s.LeavingNode = "n1" },
			want: Plan{Action: ActionNone, Reason: "member 1 (n1-0000abc1) is the last voter and is left alone"},
		},
		"the last, dead": {
			letters: "v", change: func(s *Snapshot) { s.LeavingNode = "n1" },
			want: Plan{Action: ActionNone, Reason: "member 1 (n1-0000abc1) is the last voter and is left alone"},
		},
		"the last voter before its successor votes": {
			letters: "LLV", leader: 3,
			want: Plan{Action: ActionWait, Reason: "member 3 (n3-0000abc3) is the last voter; a learner is about to be promoted"},
		},
		"a learner": {
			letters: "VVL", leader: 1,
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): it is a learner and has no vote"},
		},
		"a successor that does not vote yet": {
			letters: "VLVV", leader: 1, change: func(s *Snapshot) { s.DesiredVoters = 3 },
			want: Plan{Action: ActionWait, Reason: "a learner is about to be promoted; without member 3 (n3-0000abc3) there would be 2 of 3 desired voters until then"},
		},
		"a dead member is not worth waiting for a successor": {
			letters: "VLvV", leader: 1, change: func(s *Snapshot) { s.DesiredVoters = 3 },
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 2 of 2 remaining voters are healthy and quorum is 2"},
		},
		"an election": {
			letters: "VVV",
			want:    Plan{Action: ActionWait, Reason: "etcd has no agreed leader yet; an election is expected"},
		},
		"a corrupt member does not count": {
			letters: "VVV", leader: 1, change: func(s *Snapshot) { s.Alarms = []Alarm{{MemberID: 2, Type: AlarmCorrupt}} },
			want: Plan{Action: ActionRefuse, Reason: "without member 3 (n3-0000abc3) only 1 of 2 voters would be healthy and quorum is 2; bring members back first"},
		},
		"a laggard is not enough for the quorum of those that stay": {
			letters: "VSV", leader: 1,
			want: Plan{Action: ActionWait, Reason: "member 2 (n2-0000abc2) is 5001 log entries behind and is needed for the quorum of those that stay; wait until it has caught up"},
		},
		"a laggard may leave": {
			letters: "VVS", leader: 1,
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 2 of 2 remaining voters are healthy and quorum is 2"},
		},
		"a laggard does not keep a dead member": {
			letters: "VSv", leader: 1,
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 2 of 2 remaining voters are healthy and quorum is 2"},
		},
		"enough of the others have caught up": {
			letters: "VVVS", leader: 1, change: func(s *Snapshot) { s.LeavingNode = "n2" },
			want: Plan{Action: ActionRemoveMember, Member: 2, Reason: "remove member 2 (n2-0000abc2): 3 of 3 remaining voters are healthy and quorum is 2"},
		},
		"a leader that cannot be seen": {
			letters: "VVV", change: func(s *Snapshot) { s.LeaderHidden = true },
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 2 of 2 remaining voters are healthy and quorum is 2"},
		},
		"a full backend does not hinder": {
			letters: "VVV", leader: 1, change: func(s *Snapshot) { s.Alarms = []Alarm{{MemberID: 2, Type: AlarmNoSpace}} },
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 2 of 2 remaining voters are healthy and quorum is 2"},
		},
		"what a rejoined node left behind goes first": {
			letters: "VVVv", leader: 1, change: func(s *Snapshot) { s.Members[3].Name = "n3-00001111" },
			want: Plan{Action: ActionRemoveMember, Member: 4, Reason: "remove member 4 (n3-00001111): 3 of 3 remaining voters are healthy and quorum is 2"},
		},
		"a member that never started": {
			letters: "VVVv", leader: 1, change: func(s *Snapshot) { s.Members[3].Name = "" },
			want: Plan{Action: ActionRemoveMember, Member: 3, Reason: "remove member 3 (n3-0000abc3): 2 of 3 remaining voters are healthy and quorum is 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := Snapshot{Members: members(c.letters), LeaderID: c.leader, LeavingNode: "n3", Flavor: RKE2}
			if c.change != nil {
				c.change(&s)
			}
			assert.Equal(t, c.want, Decide(s))
		})
	}
}
