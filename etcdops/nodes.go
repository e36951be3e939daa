package etcdops

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

const (
	// etcdRoleLabel is on the Nodes that run RKE2's etcd.
	etcdRoleLabel = "node-role.kubernetes.io/etcd"
	// voterCondition and its reason for learners are what RKE2's leader reports about each member (k3s, pkg/etcd).
	voterCondition = corev1.NodeConditionType("EtcdIsVoter")
	learnerReason  = "MemberIsLearner"

	defaultAnswerTimeout = 15 * time.Second
)

// NodesConfig says how to reach an etcd that only RKE2 itself can be asked about, by its annotations on Nodes.
type NodesConfig struct {
	// Nodes of the cluster, with the permission to list, watch and patch them.
	Nodes corev1client.NodeInterface
	// Leaving is the node that goes. Its Node has to be there: without it, no one can tell whether its member is.
	Leaving string
	// AnswerTimeout is how long RKE2 may take to confirm a removal. 0 means 15 s.
	AnswerTimeout time.Duration
}

// Nodes sees etcd's members as RKE2 reports them on its Nodes, and has RKE2 remove them. It is the weakest way: it
// cannot see members without a Node, nor who leads, nor move leadership, so etcd's own check is what guards the quorum
// against members that are not seen. The IDs in its snapshots are made from the members' names and are not etcd's.
// It is safe for concurrent use.
type Nodes struct{ config NodesConfig }

// NewNodes makes one. It connects to nothing.
func NewNodes(config NodesConfig) *Nodes {
	if config.AnswerTimeout <= 0 {
		config.AnswerTimeout = defaultAnswerTimeout
	}
	return &Nodes{config: config}
}

// Observe lists the members that Nodes speak of. ErrUnreachable says that there are none, that the leaving Node is not
// there, or that the API server does not answer. That it answers proves that etcd has a leader and a quorum.
func (n *Nodes) Observe(ctx context.Context) (Snapshot, error) {
	list, err := n.config.Nodes.List(ctx, metav1.ListOptions{LabelSelector: etcdRoleLabel})
	if err != nil {
		return Snapshot{}, fmt.Errorf("%w: list Nodes: %w", ErrUnreachable, err)
	}
	return nodesSnapshot(list.Items, n.config.Leaving)
}

// nodesSnapshot is what Nodes tell about etcd.
func nodesSnapshot(nodes []corev1.Node, leaving string) (Snapshot, error) {
	snapshot := Snapshot{LeaderHidden: true}
	found := false
	for i := range nodes {
		state, _ := RKE2RemovalState(nodes[i].Annotations)
		member := nodes[i].Annotations[RKE2AnnotationNodeName]
		isMember := member != "" && state != AnnotationConfirmed
		found = found || nodes[i].Name == leaving && (isMember || state == AnnotationConfirmed)
		if isMember {
			snapshot.Members = append(snapshot.Members, memberOfNode(&nodes[i], member))
		}
	}
	switch {
	case len(snapshot.Members) == 0:
		return Snapshot{}, fmt.Errorf("%w: no Node tells of an RKE2 etcd member", ErrUnreachable)
	case leaving != "" && !found:
		return Snapshot{}, fmt.Errorf("%w: no Node %s tells of its RKE2 etcd member, so whether it is still there is unknown",
			ErrUnreachable, leaving)
	}
	slices.SortFunc(snapshot.Members, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return snapshot, nil
}

func memberOfNode(node *corev1.Node, name string) Member {
	m := Member{ID: nameID(name), Name: name}
	ready := condition(node, corev1.NodeReady)
	voter := condition(node, voterCondition)
	m.Learner = voter != nil && voter.Status == corev1.ConditionFalse && voter.Reason == learnerReason
	switch {
	case ready == nil || ready.Status != corev1.ConditionTrue:
		m.Problem = "its Node is not ready"
	case voter != nil && voter.Status != corev1.ConditionTrue && !m.Learner:
		m.Problem = "RKE2 reports on its Node: " + voter.Reason
	default:
		m.Healthy = true
	}
	return m
}

func condition(node *corev1.Node, kind corev1.NodeConditionType) *corev1.NodeCondition {
	i := slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == kind })
	if i < 0 {
		return nil
	}
	return &node.Status.Conditions[i]
}

// nameID stands for the ID that Nodes do not tell. It is never 0, which means no one.
func nameID(name string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name))
	return max(hash.Sum64(), 1)
}

// Execute has RKE2 remove the member of an ActionRemoveMember and waits for its answer. Other actions do nothing, except
// ActionMoveLeader, which fails: no one can be asked for it. ErrNotApplied says that RKE2 has not answered yet; the
// request stays, so that trying again only waits further.
func (n *Nodes) Execute(ctx context.Context, plan Plan) error {
	switch plan.Action {
	case ActionRemoveMember:
	case ActionMoveLeader:
		return fmt.Errorf("%w: leadership cannot be moved by annotation", ErrInvalidConfig)
	default:
		return nil
	}
	list, err := n.config.Nodes.List(ctx, metav1.ListOptions{LabelSelector: etcdRoleLabel})
	if err != nil {
		return fmt.Errorf("%w: list Nodes: %w", ErrUnreachable, err)
	}
	i := slices.IndexFunc(list.Items, func(node corev1.Node) bool {
		return nameID(node.Annotations[RKE2AnnotationNodeName]) == plan.Member
	})
	if i < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.config.AnswerTimeout)
	defer cancel()
	node := &list.Items[i]
	if err := n.removeByAnnotation(ctx, node); err != nil {
		return fmt.Errorf("have RKE2 remove the etcd member of Node %s: %w", node.Name, err)
	}
	return nil
}

func (n *Nodes) removeByAnnotation(ctx context.Context, node *corev1.Node) error {
	state, _ := RKE2RemovalState(node.Annotations)
	version := node.ResourceVersion
	if state == AnnotationNotRequested {
		patched, err := n.config.Nodes.Patch(ctx, node.Name, types.MergePatchType,
			[]byte(`{"metadata":{"annotations":{"`+RKE2AnnotationRemove+`":"true"}}}`), metav1.PatchOptions{})
		if err != nil {
			return fmt.Errorf("annotate it: %w", err)
		}
		version = patched.ResourceVersion
	}
	return n.awaitAnswer(ctx, node.Name, version)
}

// awaitAnswer watches the Node from a version of it until RKE2 has answered.
func (n *Nodes) awaitAnswer(ctx context.Context, name, version string) error {
	watch, err := n.config.Nodes.Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=" + name, ResourceVersion: version,
	})
	if err != nil {
		return fmt.Errorf("watch it: %w", err)
	}
	defer watch.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: RKE2 has not answered yet (%w)", ErrNotApplied, ctx.Err())
		case event, open := <-watch.ResultChan():
			node, isNode := event.Object.(*corev1.Node)
			if !open || !isNode {
				return fmt.Errorf("%w: the watch ended before RKE2 answered", ErrNotApplied)
			}
			if state, _ := RKE2RemovalState(node.Annotations); state == AnnotationConfirmed {
				return nil
			}
		}
	}
}

// Close does nothing; it is there so that all ways end alike.
func (n *Nodes) Close() error { return nil }
