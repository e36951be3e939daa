package etcdops

// AlarmType is the kind of an etcd alarm.
type AlarmType string

const (
	// AlarmNoSpace says that the backend reached its quota; etcd then refuses writes of keys.
	AlarmNoSpace AlarmType = "NOSPACE"
	// AlarmCorrupt says that the member's data differs from that of the others.
	AlarmCorrupt AlarmType = "CORRUPT"
)

// Alarm is one alarm a member raised.
type Alarm struct {
	MemberID uint64
	Type     AlarmType
}

// Snapshot is all that Decide looks at. Observe fills the fields of the first part; the caller adds the intent.
type Snapshot struct {
	// Members of the cluster, sorted by ID when Observe made them. Decide does not depend on the order.
	Members []Member
	// LeaderID is the member that the healthy ones agree to be leader; 0 when there is none or they disagree.
	LeaderID uint64
	// LeaderHidden is true when there is a leader that the observer can neither name nor move. LeaderID is 0 then, and
	// a leader that leaves is removed as it is: etcd elects another.
	LeaderHidden bool
	// Alarms that are raised.
	Alarms []Alarm

	// LeavingNode is the name of the node whose machine goes away; empty when none does.
	LeavingNode string
	// DesiredVoters is the size the control plane is meant to have, 0 when unknown.
	DesiredVoters int
	// ClusterDeleting is true when the whole cluster goes away, so that no one needs its etcd afterwards.
	ClusterDeleting bool
	// Flavor says how members are named after nodes.
	Flavor Flavor
}
