package etcdops

// Action is what a Plan asks for.
type Action string

const (
	// ActionNone says that there is nothing to do; the node may go.
	ActionNone Action = "None"
	// ActionWait says that the cluster is in between two states: observe again later.
	ActionWait Action = "Wait"
	// ActionMoveLeader says to hand leadership from Plan.Member to Plan.Target, then to observe again.
	ActionMoveLeader Action = "MoveLeader"
	// ActionRemoveMember says to remove Plan.Member, then to observe again.
	ActionRemoveMember Action = "RemoveMember"
	// ActionRefuse says that the member must stay, because the cluster would lose its quorum without it or has
	// already lost it.
	ActionRefuse Action = "Refuse"
)

// Plan is the next step, and only the next: after it has been done, observe and decide again.
type Plan struct {
	Action Action
	// Member is the member the action is about: the one to remove, or the leader that is to step down. 0 otherwise.
	Member uint64
	// Target is the member to become leader. 0 unless Action is ActionMoveLeader.
	Target uint64
	// Reason is one sentence for people: why this and not something else. The same snapshot gives the same text.
	Reason string
}
