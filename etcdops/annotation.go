package etcdops

import "strings"

// Node annotations of RKE2's own etcd controller (k3s, pkg/etcd/member_controller.go). It removes the node's member
// when RKE2AnnotationRemove is "true", answers with the member's name in RKE2AnnotationRemovedNodeName, and takes
// RKE2AnnotationNodeName away.
const (
	// RKE2AnnotationRemove asks for the removal of the node's etcd member when its value is "true".
	RKE2AnnotationRemove = "etcd.rke2.cattle.io/remove"
	// RKE2AnnotationRemovedNodeName holds the name of the member that was removed.
	RKE2AnnotationRemovedNodeName = "etcd.rke2.cattle.io/removed-node-name"
	// RKE2AnnotationNodeName holds the name of the member that runs on the node now.
	RKE2AnnotationNodeName = "etcd.rke2.cattle.io/node-name"
)

// AnnotationState is how far RKE2's annotation route has come on one node.
type AnnotationState string

const (
	// AnnotationNotRequested says that no one has asked for the removal yet: set RKE2AnnotationRemove to "true".
	AnnotationNotRequested AnnotationState = "NotRequested"
	// AnnotationPending says that the removal was asked for and RKE2 has not answered yet.
	AnnotationPending AnnotationState = "Pending"
	// AnnotationConfirmed says that RKE2 removed the member. Verify by the member list all the same.
	AnnotationConfirmed AnnotationState = "Confirmed"
)

// RKE2RemovalState reads the annotations of a Node. The member name that RKE2 confirmed is returned with
// AnnotationConfirmed, and is empty otherwise.
//
// A node that rejoined after a removal carries a member name that differs from the removed one until RKE2 has reset
// its flags; the old confirmation does not count for the new member.
func RKE2RemovalState(annotations map[string]string) (AnnotationState, string) {
	if !strings.EqualFold(annotations[RKE2AnnotationRemove], "true") {
		return AnnotationNotRequested, ""
	}
	removed := annotations[RKE2AnnotationRemovedNodeName]
	if removed == "" {
		return AnnotationPending, ""
	}
	if current := annotations[RKE2AnnotationNodeName]; current != "" && current != removed {
		return AnnotationPending, ""
	}
	return AnnotationConfirmed, removed
}
