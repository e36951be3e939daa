package etcdops

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestMatchNode(t *testing.T) {
	for _, c := range []struct {
		flavor       Flavor
		member, node string
		want         bool
	}{
		{RKE2, "cp-a-0123abcd", "cp-a", true},
		{RKE2, "cp-a-b-0123abcd", "cp-a", false},
		{RKE2, "cp-a-0123abcd-4567cdef", "cp-a", false},
		{RKE2, "cp-a-0123abcd-4567cdef", "cp-a-0123abcd", true},
		{RKE2, "cp-a-0123abc", "cp-a", false},
		{RKE2, "cp-a-0123abcde", "cp-a", false},
		{RKE2, "cp-a-0123ABCD", "cp-a", false},
		{RKE2, "cp-a-0123abcg", "cp-a", false},
		{RKE2, "cp-a", "cp-a", false},
		{RKE2, "-0123abcd", "", false},
		{RKE2, "", "cp-a", false},
		{Kubeadm, "cp-a", "cp-a", true},
		{Kubeadm, "cp-a-0123abcd", "cp-a", false},
		{Kubeadm, "", "", false},
		{"", "cp-a", "cp-a", false},
	} {
		assert.Equal(t, c.want, MatchNode(c.flavor, c.member, c.node), "%s %q %q", c.flavor, c.member, c.node)
	}
}

// A member belongs to one node only: the name that RKE2 makes for one node never matches another.
func TestAMemberMatchesItsNodeOnly(t *testing.T) {
	name := rapid.StringMatching(`[a-z0-9]([-a-z0-9.]{0,10}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		node, other := name.Draw(t, "node"), name.Draw(t, "other")
		member := fmt.Sprintf("%s-%08x", node, rapid.Uint32().Draw(t, "suffix"))
		assert.True(t, MatchNode(RKE2, member, node))
		assert.Equal(t, node == other, MatchNode(RKE2, member, other))
		assert.Equal(t, node == other, MatchNode(Kubeadm, node, other))
	})
}

func FuzzMatchNode(f *testing.F) {
	f.Add("cp-a-0123abcd", "cp-a")
	f.Add("a-b-0123abcd", "a")
	f.Fuzz(func(t *testing.T, member, node string) {
		if MatchNode(RKE2, member, node) && (len(member) != len(node)+9 || member[:len(node)+1] != node+"-") {
			t.Fatalf("%q matches %q", member, node)
		}
	})
}
