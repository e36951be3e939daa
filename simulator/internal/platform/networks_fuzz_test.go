package platform

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
)

// FuzzNetworkLabels labels a network whatever its configuration holds: what it has stays, the network is not changed, and
// it gets all labels of a bridge or none.
func FuzzNetworkLabels(f *testing.F) {
	for _, seed := range []string{"", "null", `{"type":"bridge","bridge":"mgmt-br","vlan":5}`, `{"type":"bridge"}`, `{"type":5}`, `[]`, `{"type":"bridge","vlan":1e99}`, `{"type":"bridge","bridge":"` + strings.Repeat("b", 1<<14) + `"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		network := &nadv1.NetworkAttachmentDefinition{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{nadv1.LabelVLANID: "7", "of": "another"}}}
		network.Spec.Config = text
		before := network.DeepCopy()
		labels := NetworkLabels(network)
		require.Equal(t, before, network)
		require.Subset(t, labels, before.Labels)
		if len(labels) > len(before.Labels) {
			require.Equal(t, "true", labels[nadv1.LabelReady])
			require.Contains(t, []string{"UntaggedNetwork", "L2VlanNetwork"}, labels[nadv1.LabelType])
			require.Contains(t, labels, nadv1.LabelClusterNetwork)
			require.True(t, json.Valid([]byte(text)))
		}
	})
}
