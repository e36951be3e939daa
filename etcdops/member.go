package etcdops

import "strings"

// Flavor says which distribution runs the etcd, because each names its members differently.
type Flavor string

const (
	// RKE2 names a member after its node, a dash and 8 lower-case hex digits that change when the node rejoins.
	RKE2 Flavor = "rke2"
	// Kubeadm names a member exactly after its node.
	Kubeadm Flavor = "kubeadm"
)

// rke2SuffixLength is the number of hex digits RKE2 puts after the node name (the first group of a random UUID).
const rke2SuffixLength = 8

// Member is one etcd member as it was observed.
type Member struct {
	// ID is etcd's own identifier; it is never reused within a cluster.
	ID uint64
	// Name is the member's name. A member that was added but has not started yet has none.
	Name string
	// PeerURLs are the addresses other members reach it by.
	PeerURLs []string
	// ClientURLs are the addresses it serves clients on.
	ClientURLs []string
	// Learner is true for a member that has no vote.
	Learner bool
	// Healthy is true when the member itself answered and follows the leader of the others. Alarms are no part of it.
	Healthy bool
	// Problem says why the member is not healthy; empty when it is.
	Problem string
	// Version is the server version the member reported, for example "3.6.14". Empty when it did not answer.
	Version string
	// RaftIndex and RaftAppliedIndex are the member's last known and last applied log positions.
	RaftIndex, RaftAppliedIndex uint64
	// Revision is the member's revision of the keys.
	Revision int64
	// DBSize and DBSizeInUse are bytes of the backend file; their difference is what defragmentation would free.
	DBSize, DBSizeInUse int64
	// DBQuota is how large the backend may become, in bytes; 0 when the member does not tell (before etcd 3.6).
	DBQuota int64
}

// MatchNode tells whether the member called memberName runs on the node called node. The match is exact: node "a"
// does not match the member "a-b-0123abcd" of node "a-b". An unstarted member (empty name) matches no node, and an
// unknown flavor matches nothing.
func MatchNode(flavor Flavor, memberName, node string) bool {
	if memberName == "" || node == "" {
		return false
	}
	switch flavor {
	case RKE2:
		suffix, found := strings.CutPrefix(memberName, node+"-")
		return found && isRKE2Suffix(suffix)
	case Kubeadm:
		return memberName == node
	default:
		return false
	}
}

func isRKE2Suffix(s string) bool {
	if len(s) != rke2SuffixLength {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
