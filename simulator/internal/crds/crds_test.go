package crds_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/crds"
)

// objectLimit is the most that etcd takes in one object, in bytes.
const objectLimit = 1500 << 10

func TestAll(t *testing.T) {
	all, err := crds.All()
	require.NoError(t, err)
	scopes := map[string]string{}
	for _, crd := range all {
		scopes[crd.Name] = string(crd.Spec.Scope)
		encoded, err := json.Marshal(crd)
		require.NoError(t, err)
		assert.Less(t, len(encoded), objectLimit, crd.Name)
		for _, version := range crd.Spec.Versions {
			assert.NotNil(t, version.Subresources, "%s: subresources are stated, if only to be none", crd.Name)
		}
	}
	assert.Equal(t, map[string]string{
		"datavolumes.cdi.kubevirt.io": "Namespaced", "keypairs.harvesterhci.io": "Namespaced", "settings.harvesterhci.io": "Cluster",
		"virtualmachineimages.harvesterhci.io": "Namespaced", "network-attachment-definitions.k8s.cni.cncf.io": "Namespaced",
		"virtualmachineinstancemigrations.kubevirt.io": "Namespaced", "virtualmachineinstances.kubevirt.io": "Namespaced",
		"virtualmachines.kubevirt.io": "Namespaced", "ippools.loadbalancer.harvesterhci.io": "Cluster", "loadbalancers.loadbalancer.harvesterhci.io": "Namespaced",
	}, scopes)
}
