package platform

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
)

// FuzzNetworkLabels labels a network whatever its configuration holds: what it has stays, and the network is not changed.
func FuzzNetworkLabels(f *testing.F) {
	for _, seed := range []string{"", "null", `{"type":"bridge","bridge":"mgmt-br","vlan":5}`, `{"type":"bridge"}`, `{"type":5}`, `[]`, `{"type":"bridge","vlan":1e99}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		network := &nadv1.NetworkAttachmentDefinition{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{nadv1.LabelVLANID: "7", "of": "another"}}}
		network.Spec.Config = text
		before := network.DeepCopy()
		labels := NetworkLabels(network)
		require.Equal(t, before, network)
		require.Subset(t, labels, before.Labels)
	})
}
