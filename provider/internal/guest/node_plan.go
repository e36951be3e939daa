package guest

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// UninitializedTaint is on a Node until a cloud provider has initialised it (k8s.io/cloud-provider/api).
const UninitializedTaint = "node.cloudprovider.kubernetes.io/uninitialized"

// NodePlan is what has to be done to a Node.
type NodePlan struct {
	// SetProviderID asks for spec.providerID to be set.
	SetProviderID bool
	// RemoveTaint asks for the taint of uninitialised nodes to be removed.
	RemoveTaint bool
	// Conflict, when not empty, says why the Node must not be touched.
	Conflict string
}

// Done tells that the Node needs nothing.
func (p NodePlan) Done() bool { return p == NodePlan{} }

// PlanNode decides what a Node needs to be initialised. What is set already stays: the guest's cloud provider may have
// been faster, and a provider id cannot be changed anyway.
func PlanNode(node *corev1.Node, providerID string) NodePlan {
	if node.Spec.ProviderID != "" && node.Spec.ProviderID != providerID {
		return NodePlan{Conflict: fmt.Sprintf("Node %s carries the provider ID %s, not %s; delete the Node if it is a leftover of another machine",
			node.Name, node.Spec.ProviderID, providerID)}
	}
	return NodePlan{
		SetProviderID: node.Spec.ProviderID == "",
		RemoveTaint:   slices.ContainsFunc(node.Spec.Taints, isUninitialized),
	}
}

// apply changes the Node as the plan says.
func (p NodePlan) apply(node *corev1.Node, providerID string) {
	if p.SetProviderID {
		node.Spec.ProviderID = providerID
	}
	if p.RemoveTaint {
		node.Spec.Taints = slices.DeleteFunc(slices.Clone(node.Spec.Taints), isUninitialized)
	}
}

// NeedsInitialization tells whether a Node may still need us; events of all others can be ignored.
func NeedsInitialization(node *corev1.Node) bool {
	return node.Spec.ProviderID == "" || slices.ContainsFunc(node.Spec.Taints, isUninitialized)
}

func isUninitialized(taint corev1.Taint) bool { return taint.Key == UninitializedTaint }
