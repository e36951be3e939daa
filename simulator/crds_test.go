package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// Section 9, CRDs/apiserver, line 1.
func TestCRDsHaveStatusSubresourcesOnlyWhereUpstreamHas(t *testing.T) {
	groups, err := discovery.NewDiscoveryClientForConfig(shared.stand.Admin())
	require.NoError(t, err)
	served := map[string]bool{}
	for _, version := range []string{"loadbalancer.harvesterhci.io/v1beta1", "harvesterhci.io/v1beta1", "kubevirt.io/v1", "k8s.cni.cncf.io/v1", "cdi.kubevirt.io/v1beta1"} {
		list, err := groups.ServerResourcesForGroupVersion(version)
		require.NoError(t, err)
		for _, resource := range list.APIResources {
			served[resource.Name] = true
		}
	}
	for resource, status := range map[string]bool{
		"ippools": false, "loadbalancers": false, "virtualmachineimages": false, "keypairs": false, "settings": false,
		"network-attachment-definitions": false, "virtualmachines": true, "virtualmachineinstances": false, "datavolumes": true,
	} {
		assert.True(t, served[resource], resource)
		assert.Equal(t, status, served[resource+"/status"], resource)
	}
}

// Section 9, CRDs/apiserver, line 1: three fields of a pool's status are required as soon as there is one.
func TestIPPoolStatusFieldsAreRequired(t *testing.T) {
	c, err := dynamic.NewForConfig(shared.stand.Admin())
	require.NoError(t, err)
	pools := c.Resource(schema.GroupVersionResource{Group: "loadbalancer.harvesterhci.io", Version: "v1beta1", Resource: "ippools"})
	_, err = pools.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "loadbalancer.harvesterhci.io/v1beta1", "kind": "IPPool", "metadata": map[string]any{"name": "half-a-status"},
		"spec":   map[string]any{"ranges": []any{map[string]any{"subnet": "10.240.0.0/24"}}, "selector": map[string]any{}},
		"status": map[string]any{"allocated": map[string]any{"10.240.0.9": "a/b"}},
	}}, metav1.CreateOptions{})
	for _, field := range []string{"status.total", "status.available", "status.lastAllocated"} {
		require.ErrorContains(t, err, field)
	}
}
