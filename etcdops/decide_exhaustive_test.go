package etcdops

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// states are the letters of members; moreStates adds those that are behind or corrupt.
const (
	states     = "VvLl"
	moreStates = "VvLlSC"
)

// everyCluster calls check for all clusters of up to most members, each in one of the states; the leader any of them,
// none, or hidden; the leaving node any of them, none of them, or the host of two of them.
func everyCluster(states string, most int, check func(Snapshot)) {
	for size := 1; size <= most; size++ {
		combinations := 1
		for range size {
			combinations *= len(states)
		}
		letters := make([]byte, size)
		for combination := range combinations {
			for i, rest := 0, combination; i < size; i, rest = i+1, rest/len(states) {
				letters[i] = states[rest%len(states)]
			}
			s := Snapshot{Members: members(string(letters)), Alarms: alarms(string(letters)), Flavor: RKE2}
			everyLeaderAndLeaver(s, check)
		}
	}
}

func everyLeaderAndLeaver(s Snapshot, check func(Snapshot)) {
	size := len(s.Members)
	shared := slices.Clone(s.Members)
	shared[0].Name = "n2-00001111"
	for leader := 0; leader <= size+1; leader++ {
		s.LeaderID, s.LeaderHidden = uint64(leader%(size+1)), leader == size+1
		for leaving := 0; leaving <= size; leaving++ {
			s.LeavingNode = fmt.Sprintf("n%d", leaving)
			s.DesiredVoters = 0
			check(s)
			s.DesiredVoters = size
			check(s)
		}
		if size > 1 {
			two := s
			two.Members, two.LeavingNode = shared, "n2"
			check(two)
		}
	}
}

// tally is the oracle: it counts by itself and shares nothing with Decide.
func tally(s Snapshot, without uint64) (voters, healthy int) {
	for _, m := range s.Members {
		if m.ID != without && !m.Learner {
			voters++
			if sound(s, m) {
				healthy++
			}
		}
	}
	return voters, healthy
}

// sound tells whether a member can be counted on at all.
func sound(s Snapshot, m Member) bool {
	return m.Healthy && !slices.Contains(s.Alarms, Alarm{MemberID: m.ID, Type: AlarmCorrupt})
}

// behind tells whether a sound member has fallen so far behind that it cannot take part in decisions at once.
func behind(s Snapshot, m Member) bool {
	for _, other := range s.Members {
		if sound(s, other) && sound(s, m) && other.RaftIndex > m.RaftAppliedIndex+5000 {
			return true
		}
	}
	return false
}

// standsStill tells whether writes would wait for someone to catch up once the member is out, and do not now.
func standsStill(s Snapshot, leaving Member) bool {
	voters, present := 0, 0
	for _, m := range s.Members {
		if m.ID != leaving.ID && !m.Learner {
			voters++
			if sound(s, m) && !behind(s, m) {
				present++
			}
		}
	}
	return sound(s, leaving) && !behind(s, leaving) && present < voters/2+1
}

func find(s Snapshot, id uint64) (Member, bool) {
	i := slices.IndexFunc(s.Members, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return Member{}, false
	}
	return s.Members[i], true
}

// violation says what is wrong with a plan; empty when nothing is.
func violation(s Snapshot, p Plan) string {
	if p.Reason == "" {
		return "no reason"
	}
	switch p.Action {
	case ActionRemoveMember:
		return violationOfRemoval(s, p)
	case ActionMoveLeader:
		return violationOfMove(s, p)
	case ActionNone, ActionWait, ActionRefuse:
		if p.Member != 0 || p.Target != 0 {
			return "names a member and does nothing to it"
		}
		return violationOfInaction(s, p)
	default:
		return "unknown action"
	}
}

func violationOfRemoval(s Snapshot, p Plan) string {
	m, ok := find(s, p.Member)
	if !ok || !MatchNode(s.Flavor, m.Name, s.LeavingNode) {
		return "removes a member of another node"
	}
	now, healthyNow := tally(s, 0)
	then, healthyThen := tally(s, p.Member)
	switch {
	case then == 0:
		return "removes the last voter"
	case healthyNow < now/2+1:
		return "asks for a decision without a quorum to take it"
	case healthyThen < then/2+1:
		return fmt.Sprintf("leaves %d healthy of %d voters", healthyThen, then)
	case s.LeaderID == 0 && !s.LeaderHidden:
		return "asks for a decision without a leader"
	case !m.Learner && standsStill(s, m):
		return "has writes wait for a member that is far behind"
	}
	return ""
}

func violationOfMove(s Snapshot, p Plan) string {
	leader, _ := find(s, p.Member)
	target, ok := find(s, p.Target)
	switch {
	case p.Member != s.LeaderID || !MatchNode(s.Flavor, leader.Name, s.LeavingNode):
		return "moves a leader that does not lead or does not leave"
	case !ok || target.Learner || !sound(s, target):
		return "hands over to who cannot lead"
	case MatchNode(s.Flavor, target.Name, s.LeavingNode):
		return "hands over to who leaves too"
	}
	if then, healthyThen := tally(s, p.Member); healthyThen < then/2+1 {
		return "moves a leader that may not be removed afterwards"
	}
	return ""
}

// violationOfInaction asks for progress: what can be done safely must not be left undone without a reason to wait.
func violationOfInaction(s Snapshot, p Plan) string {
	healthyLearnerStays := slices.ContainsFunc(s.Members, func(m Member) bool {
		return m.Learner && sound(s, m) && !MatchNode(s.Flavor, m.Name, s.LeavingNode)
	})
	now, healthyNow := tally(s, 0)
	for _, m := range s.Members {
		if !MatchNode(s.Flavor, m.Name, s.LeavingNode) {
			continue
		}
		then, healthyThen := tally(s, m.ID)
		safe := (s.LeaderID != 0 || s.LeaderHidden) && (m.Learner || !standsStill(s, m)) && healthyNow >= now/2+1 && then > 0 && healthyThen >= then/2+1
		if safe && (p.Action != ActionWait || !healthyLearnerStays) {
			return fmt.Sprintf("does not remove member %x, which is safe", m.ID)
		}
		if p.Action == ActionNone && then > 0 {
			return "calls it done while a member of the leaving node is there"
		}
	}
	return ""
}

func TestNoPlanEndangersTheQuorum(t *testing.T) {
	for name, space := range map[string]struct {
		states      string
		most, least int
	}{
		"up to seven members":                            {states, 7, 2_500_000},
		"up to four, some of them far behind or corrupt": {moreStates, 4, 75_000},
	} {
		t.Run(name, func(t *testing.T) {
			checked, actions := 0, map[Action]int{}
			everyCluster(space.states, space.most, func(s Snapshot) {
				plan := Decide(s)
				checked++
				actions[plan.Action]++
				if wrong := violation(s, plan); wrong != "" && !t.Failed() {
					t.Errorf("%s\n snapshot %+v\n plan %+v", wrong, s, plan)
				}
				s.ClusterDeleting = true
				if plan := Decide(s); plan.Action != ActionNone && !t.Failed() {
					t.Errorf("a cluster that goes is touched: %+v for %+v", plan, s)
				}
			})
			t.Logf("%d snapshots: %v", checked, actions)
			assert.Greater(t, checked, space.least)
			for _, action := range []Action{ActionNone, ActionWait, ActionMoveLeader, ActionRemoveMember, ActionRefuse} {
				assert.Positive(t, actions[action], "no snapshot led to %s", action)
			}
		})
	}
}

func TestThePlanDoesNotDependOnTheOrderOfMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SliceOfN(rapid.SampledFrom([]byte(moreStates)), 1, 7).Draw(t, "members")
		s := Snapshot{Members: members(string(letters)), Alarms: alarms(string(letters)), Flavor: RKE2}
		s.LeaderID = uint64(rapid.IntRange(0, len(letters)).Draw(t, "leader"))
		s.LeavingNode = fmt.Sprintf("n%d", rapid.IntRange(1, len(letters)).Draw(t, "leaving"))
		for i := range s.Members {
			s.Members[i].RaftAppliedIndex = rapid.Uint64Range(0, 3).Draw(t, "index")
		}
		shuffled := s
		shuffled.Members = rapid.Permutation(s.Members).Draw(t, "order")
		assert.Equal(t, Decide(s), Decide(shuffled))
	})
}

// A control plane lives through random failures, recoveries, joins and departures. Every plan is carried out. The
// quorum may be lost by failures, but never by a plan.
func TestNoSequenceOfPlansLosesTheQuorum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Snapshot{Members: members("VVV"), LeaderID: 1, Flavor: RKE2, DesiredVoters: 3}
		next := uint64(4)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			one := 0
			if len(s.Members) > 0 {
				one = rapid.IntRange(0, len(s.Members)-1).Draw(t, "which")
			}
			switch rapid.SampledFrom([]string{"fail", "recover", "join", "promote", "leave", "leave"}).Draw(t, "event") {
			case "fail":
				s.Members[one].Healthy = false
			case "recover":
				s.Members[one].Healthy = true
			case "join":
				if len(s.Members) < 7 {
					s.Members = append(s.Members, Member{ID: next, Name: fmt.Sprintf("n%d-%08x", next, next), Healthy: true, Learner: true})
					next++
				}
			case "promote":
				s.Members[one].Learner = s.Members[one].Learner && !s.Members[one].Healthy
			case "leave":
				s.LeavingNode = s.Members[one].Name[:len(s.Members[one].Name)-9]
				carryOut(t, &s)
			}
			elect(&s)
		}
	})
}

// carryOut follows plans until there is nothing more to do, and checks each.
func carryOut(t *rapid.T, s *Snapshot) {
	for range 10 {
		plan := Decide(*s)
		if wrong := violation(*s, plan); wrong != "" {
			t.Fatalf("%s: %+v for %+v", wrong, plan, *s)
		}
		voters, healthy := tally(*s, 0)
		hadQuorum := healthy >= voters/2+1
		switch plan.Action {
		case ActionMoveLeader:
			s.LeaderID = plan.Target
		case ActionRemoveMember:
			s.Members = slices.DeleteFunc(s.Members, func(m Member) bool { return m.ID == plan.Member })
			elect(s)
		default:
			return
		}
		if voters, healthy = tally(*s, 0); hadQuorum && healthy < voters/2+1 {
			t.Fatalf("the quorum is lost by %+v: %+v", plan, *s)
		}
	}
	t.Fatalf("plans do not come to an end: %+v", *s)
}

// elect keeps a healthy leader, or makes one when there is a quorum.
func elect(s *Snapshot) {
	voters, healthy := tally(*s, 0)
	if leader, ok := find(*s, s.LeaderID); ok && leader.Healthy && !leader.Learner && healthy >= voters/2+1 {
		return
	}
	s.LeaderID = 0
	if healthy >= voters/2+1 {
		i := slices.IndexFunc(s.Members, func(m Member) bool { return m.Healthy && !m.Learner })
		s.LeaderID = s.Members[i].ID
	}
}

func BenchmarkDecide(b *testing.B) {
	s := Snapshot{Members: members("VVVVVVV"), LeaderID: 3, LeavingNode: "n3", Flavor: RKE2}
	b.ReportAllocs()
	for b.Loop() {
		Decide(s)
	}
}
