package harvester_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

func seededImage(t *testing.T, c client.Client) *hciv1.VirtualMachineImage {
	t.Helper()
	image := &hciv1.VirtualMachineImage{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "image-sles15"}, image))
	return image
}
