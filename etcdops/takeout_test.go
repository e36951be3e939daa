package etcdops

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scripted observes a cluster of its own and fails as it is told. Real etcd is in the other tests; here it is the order
// of the ways that matters.
type scripted struct {
	snapshot            Snapshot
	observeErr, execErr error
	done                []Action
}

func (s *scripted) Observe(context.Context) (Snapshot, error) { return s.snapshot, s.observeErr }

func (s *scripted) Execute(_ context.Context, plan Plan) error {
	if s.execErr != nil {
		return s.execErr
	}
	s.done = append(s.done, plan.Action)
	switch plan.Action {
	case ActionMoveLeader:
		s.snapshot.LeaderID = plan.Target
	case ActionRemoveMember:
		s.snapshot.Members = slices.DeleteFunc(slices.Clone(s.snapshot.Members), func(m Member) bool { return m.ID == plan.Member })
	case ActionNone, ActionWait, ActionRefuse:
	}
	return nil
}

func (s *scripted) Close() error { return nil }

func three() *scripted { return &scripted{snapshot: Snapshot{Members: members("VVV"), LeaderID: 3}} }

var leaves = Departure{Node: "n3", Flavor: RKE2}

func TestTakeOutUsesTheFirstWayThatIsThere(t *testing.T) {
	unwanted := three()
	works := three()
	result, err := TakeOut(t.Context(), []Route{
		{Way: WayPortForward, Missing: errNoCertificate}, {Way: WayExec, Observer: works}, {Way: WayAnnotation, Observer: unwanted},
	}, leaves)
	require.NoError(t, err)
	assert.Equal(t, WayExec, result.Way)
	assert.Equal(t, ActionNone, result.Plan.Action)
	assert.True(t, result.Acted)
	assert.Equal(t, []Action{ActionMoveLeader, ActionRemoveMember}, works.done)
	assert.Empty(t, unwanted.done)
	require.Len(t, result.Passed, 1)
	require.ErrorIs(t, result.Passed[0], errNoCertificate)
	assert.Len(t, result.Snapshot.Members, 2, "the list was read again")
}

func TestTakeOutGoesOnByTheNextWayWhenOneBreaksDown(t *testing.T) {
	blind, breaks, works := three(), three(), three()
	blind.observeErr, breaks.execErr = ErrUnreachable, ErrUnreachable
	result, err := TakeOut(t.Context(), []Route{
		{Way: WayPortForward, Observer: blind}, {Way: WayExec, Observer: breaks}, {Way: WayAnnotation, Observer: works},
	}, leaves)
	require.NoError(t, err)
	assert.Equal(t, WayAnnotation, result.Way)
	assert.Len(t, result.Passed, 2)
}

func TestTakeOutTakesARefusalForAnAnswer(t *testing.T) {
	for _, refusal := range []error{ErrUnhealthy, ErrNoLeader, ErrNotApplied, ErrUnknownMember} {
		refuses, unwanted := three(), three()
		refuses.execErr = refusal
		_, err := TakeOut(t.Context(), []Route{{Way: WayPortForward, Observer: refuses}, {Way: WayExec, Observer: unwanted}}, leaves)
		require.ErrorIs(t, err, refusal)
		assert.Empty(t, unwanted.done, "another way would only ask the same etcd")
	}
}

func TestTakeOutWithoutAWay(t *testing.T) {
	broken := three()
	broken.observeErr = errors.New("boom")
	_, err := TakeOut(t.Context(), []Route{{Way: WayPortForward, Missing: errNoCertificate}, {Way: WayExec, Observer: broken}}, leaves)
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "boom")
	require.ErrorContains(t, err, "etcd CA")
}

func TestLookChangesNothing(t *testing.T) {
	s := three()
	result, err := Look(t.Context(), []Route{{Way: WayExec, Observer: s}}, leaves)
	require.NoError(t, err)
	assert.Equal(t, ActionMoveLeader, result.Plan.Action)
	assert.Empty(t, s.done)
	require.NoError(t, CloseRoutes([]Route{{Observer: s}, {Missing: errNotWanted}}))
}

func nodeWith(name string, ready bool, annotations ...string) corev1.Node {
	node := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{}}}
	for i := 0; i < len(annotations); i += 2 {
		node.Annotations[annotations[i]] = annotations[i+1]
	}
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
	return node
}

func TestNodesTellOfMembers(t *testing.T) {
	learner := nodeWith("cp-3", true, RKE2AnnotationNodeName, "cp-3-0000000c")
	learner.Status.Conditions = append(learner.Status.Conditions, corev1.NodeCondition{
		Type: voterCondition, Status: corev1.ConditionFalse, Reason: learnerReason,
	})
	nodes := []corev1.Node{
		nodeWith("cp-1", true, RKE2AnnotationNodeName, "cp-1-0000000a"),
		nodeWith("cp-2", false, RKE2AnnotationNodeName, "cp-2-0000000b"),
		learner,
		nodeWith("cp-4", true, RKE2AnnotationRemove, "true", RKE2AnnotationRemovedNodeName, "cp-4-0000000d"),
	}
	s, err := nodesSnapshot(nodes, "cp-4")
	require.NoError(t, err)
	assert.True(t, s.LeaderHidden)
	require.Len(t, s.Members, 3, "the one that RKE2 removed is gone")
	for _, m := range s.Members {
		assert.Equal(t, m.Name != "cp-2-0000000b", m.Healthy, m.Name)
		assert.Equal(t, m.Name == "cp-3-0000000c", m.Learner, m.Name)
	}
	s.LeavingNode, s.Flavor = "cp-4", RKE2
	assert.Equal(t, ActionNone, Decide(s).Action)

	_, err = nodesSnapshot(nodes, "cp-9")
	require.ErrorIs(t, err, ErrUnreachable, "without its Node no one knows whether its member is there")
	_, err = nodesSnapshot([]corev1.Node{nodeWith("w-1", true)}, "")
	require.ErrorIs(t, err, ErrUnreachable)
}

func TestEtcdPods(t *testing.T) {
	pod := func(name, node string) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{NodeName: node}}
	}
	pods := []corev1.Pod{pod("etcd-c", "c"), pod("etcd-a", "a"), pod("etcd-a-b", "a-b"), pod("etcd-backup", "a"), pod("kube-proxy-a", "a")}
	assert.Equal(t, []string{"etcd-a-b", "etcd-c", "etcd-a"}, etcdPods(pods, "a"))
	assert.Equal(t, []string{"etcd-a", "etcd-a-b", "etcd-c"}, etcdPods(pods, ""))
}
