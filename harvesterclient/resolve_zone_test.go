package harvesterclient

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func host(name, zone string, labels ...string) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
	if zone != "" {
		node.Labels[corev1.LabelTopologyZone] = zone
	}
	for _, label := range labels {
		node.Labels[label] = "true"
	}

	return node
}

func TestResolveZone(t *testing.T) {
	hosts := readerOf(host("h1", "b"), host("h2", "a"), host("h3", "a"), host("h4", ""), host("h5", "w", witnessLabel))
	require.NoError(t, ResolveZone(t.Context(), hosts, "a"))
	require.NoError(t, ResolveZone(t.Context(), hosts, "b"))

	for zone, reason := range map[string]string{"c": "no host has it", "w": "a witness runs no VM"} {
		err := ResolveZone(t.Context(), hosts, zone)
		assertOnlyKind(t, ErrNotFound, err)
		require.ErrorContains(t, err, `there are "a", "b"`, reason)
	}

	err := ResolveZone(t.Context(), readerOf(host("h", "")), "a")
	assertOnlyKind(t, ErrNotFound, err)
	require.ErrorContains(t, err, corev1.LabelTopologyZone)

	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "nodes"}, "", nil)
	assertOnlyKind(t, ErrUnauthorized, ResolveZone(t.Context(), failing(forbidden), "a"))
}
