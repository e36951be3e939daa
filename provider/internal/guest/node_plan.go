package guest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// UninitializedTaint is on a Node until a cloud provider has initialised it (k8s.io/cloud-provider/api).
const UninitializedTaint = "node.cloudprovider.kubernetes.io/uninitialized"

// Identity is what a Node has to say of its machine.
type Identity struct {
	// Name of the Node.
	Name string
	// ProviderID of the machine.
	ProviderID string
	// Zone and Region are where the VM runs; empty when they are not known.
	Zone, Region string
}

// NodePlan is what has to be done to a Node.
type NodePlan struct {
	// SetProviderID asks for spec.providerID to be set.
	SetProviderID bool
	// RemoveTaint asks for the taint of uninitialised nodes to be removed.
	RemoveTaint bool
	// AddLabels are the labels to add.
	AddLabels map[string]string
	// Conflict, when not empty, says why the Node must not be touched.
	Conflict string
}

// Done tells that the Node needs nothing.
func (p NodePlan) Done() bool {
	return !p.SetProviderID && !p.RemoveTaint && len(p.AddLabels) == 0 && p.Conflict == ""
}

// PlanNode decides what a Node needs to be initialised. What is set already stays: the guest's cloud provider may have
// been faster, and a provider id cannot be changed anyway.
//
// The taint goes together with the provider id, and never after that: Harvester's cloud provider, when it starts later,
// sets a taint of the same key with the effect PreferNoSchedule on Nodes that it wants to look at again, and waits for it
// to find zone and region. Those two are set here where they are known, as the kubelet cannot know them.
func PlanNode(node *corev1.Node, identity Identity) NodePlan {
	if node.Spec.ProviderID != "" && node.Spec.ProviderID != identity.ProviderID {
		return NodePlan{Conflict: conflict(node, identity.ProviderID)}
	}
	fresh := node.Spec.ProviderID == ""
	return NodePlan{
		SetProviderID: fresh,
		RemoveTaint:   fresh && slices.ContainsFunc(node.Spec.Taints, isUninitialized),
		AddLabels:     missingTopology(node, identity),
	}
}

// ownCloudControllers are the cloud controllers that come with a distribution, by the scheme of the provider ids that they
// give (k3s, pkg/cloudprovider; RKE2 starts the same one under its own name).
var ownCloudControllers = map[string]string{"rke2": "RKE2", "k3s": "K3s"}

func conflict(node *corev1.Node, wanted string) string {
	carries := fmt.Sprintf("Node %s carries the provider ID %s, not %s", node.Name, node.Spec.ProviderID, wanted)
	scheme, _, isID := strings.Cut(node.Spec.ProviderID, "://")
	if distribution, known := ownCloudControllers[scheme]; known && isID {
		return fmt.Sprintf("%s: it comes from %s's own cloud controller, which must be off: set disable-cloud-controller: true on the servers and cloud-provider-name: external on every node "+
			"(in an RKE2ControlPlane: serverConfig.cloudProviderName, and cloudController in serverConfig.disableComponents.kubernetesComponents), and replace the machine, as a provider ID cannot be changed", carries, distribution)
	}
	return carries + "; delete the Node if it is a leftover of another machine"
}

func missingTopology(node *corev1.Node, identity Identity) map[string]string {
	var missing map[string]string
	for label, value := range map[string]string{corev1.LabelTopologyZone: identity.Zone, corev1.LabelTopologyRegion: identity.Region} {
		if _, set := node.Labels[label]; value == "" || set {
			continue
		}
		if missing == nil {
			missing = map[string]string{}
		}
		missing[label] = value
	}
	return missing
}

// apply changes the Node as the plan says.
func (p NodePlan) apply(node *corev1.Node, identity Identity) {
	if p.SetProviderID {
		node.Spec.ProviderID = identity.ProviderID
	}
	if p.RemoveTaint {
		node.Spec.Taints = slices.DeleteFunc(slices.Clone(node.Spec.Taints), isUninitialized)
	}
	if len(p.AddLabels) > 0 {
		node.Labels = maps.Clone(node.Labels)
		if node.Labels == nil {
			node.Labels = map[string]string{}
		}
		maps.Copy(node.Labels, p.AddLabels)
	}
}

// NeedsInitialization tells whether a Node may still need us; events of all others can be ignored.
func NeedsInitialization(node *corev1.Node) bool { return node.Spec.ProviderID == "" }

// isUninitialized is so of the taint that a kubelet registers its Node with.
func isUninitialized(taint corev1.Taint) bool {
	return taint.Key == UninitializedTaint && taint.Effect == corev1.TaintEffectNoSchedule
}
